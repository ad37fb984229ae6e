import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { TOKEN_CLASSES } from '../../src/core/usage.js';
import type { Answer } from '../../src/core/answer.js';
import type { SseFrame } from '../../src/providers/contract.js';
import type { WireFormat } from '../../src/core/vocabulary.js';
import { createSseDecoder } from '../../src/providers/sse.js';
import { RECORDED_IN, bytesOf } from '../contract/recorded.js';
import { answerOf, chatApi, checkOrder, framesOf, goldenExchanges, readFrames } from './support.js';

/** How many different dialects or features a format's recorded exchanges have to show, and a field of its usage. */
const FORMATS = [
  { wireFormat: 'OPENAI_CHAT', fewest: 12, rawTotal: 'total_tokens' },
  { wireFormat: 'ANTHROPIC_MESSAGES', fewest: 8, rawTotal: 'output_tokens' },
  { wireFormat: 'GEMINI', fewest: 10, rawTotal: 'promptTokenCount' },
  { wireFormat: 'OPENAI_RESPONSES', fewest: 6, rawTotal: 'total_tokens' },
  { wireFormat: 'BEDROCK_CONVERSE', fewest: 11, rawTotal: 'inputTokens' },
] as const satisfies readonly { wireFormat: WireFormat; fewest: number; rawTotal: string }[];

function shortForm(answer: Answer) {
  const { usage } = answer;
  return {
    parts: answer.message.parts,
    refusal: answer.message.refusal,
    finishReason: answer.finishReason,
    rawFinishReason: answer.rawFinishReason,
    tokens: usage === null ? null : Object.fromEntries(TOKEN_CLASSES.map((name) => [name, usage[name]])),
    serviceTier: answer.serviceTier,
  };
}

/** The answer to a stream whose bytes come in pieces that end at `cuts`. */
function readPieces(bytes: Buffer, cuts: readonly number[], wireFormat: WireFormat): Answer {
  const frames: SseFrame[] = [];
  const { createDecoder = createSseDecoder } = chatApi(wireFormat);
  const decoder = createDecoder((frame) => frames.push(frame));
  const ends = [...new Set(cuts), bytes.length].sort((a, b) => a - b);
  ends.forEach((end, position) => decoder.push(bytes.subarray(ends[position - 1] ?? 0, end)));
  decoder.end();
  return answerOf(readFrames(frames, wireFormat));
}

describe.each(FORMATS.map((format) => [format.wireFormat, format] as const))('%s', (wireFormat, { fewest, rawTotal }) => {
  const api = chatApi(wireFormat);
  const exchanges = goldenExchanges(RECORDED_IN[wireFormat]);

  test('there are fixtures of every dialect and feature', () => {
    expect(exchanges.length).toBeGreaterThanOrEqual(fewest);
  });

  describe.each(exchanges.map((exchange) => [exchange.name, exchange] as const))('%s', (_, exchange) => {
    const streamed = answerOf(readFrames(framesOf(exchange), wireFormat));

    test('S13 its stream means what was said, and ends', () => {
      expect(shortForm(streamed)).toEqual(exchange.expected);
      expect(streamed).toMatchObject({ ended: true, failure: null });
    });

    test('S12 its unary body gives the same answer and usage as its stream', () => {
      const whole = answerOf(api.fromResponse(exchange.body));
      expect(shortForm(whole)).toEqual(exchange.expected);
      expect(whole).toEqual(streamed);
    });

    test('S17 exactly one finish, right before the end, in both forms', () => {
      for (const deltas of [readFrames(framesOf(exchange), wireFormat), api.fromResponse(exchange.body)]) {
        expect(deltas.filter((delta) => delta.type === 'finish')).toHaveLength(1);
        checkOrder(deltas);
      }
    });

    test('S1 S2 any split of its bytes gives the same answer', () => {
      const bytes = bytesOf(framesOf(exchange), wireFormat);
      const everyByte = Array.from({ length: bytes.length }, (__, position) => position);
      expect(readPieces(bytes, everyByte, wireFormat)).toEqual(streamed);
      const cuts = fc.array(fc.nat(bytes.length), { maxLength: 12 });
      fc.assert(
        fc.property(cuts, (at) => expect(readPieces(bytes, at, wireFormat)).toEqual(streamed)),
        { numRuns: 25 },
      );
    });

    test('the usage keeps the vendor’s own object and is not flagged', () => {
      const { usage } = answerOf(api.fromResponse(exchange.body));
      if (exchange.expected.tokens === null) expect(usage).toBeNull();
      else expect(usage).toMatchObject({ source: 'REPORTED', inconsistent: false, raw: { [rawTotal]: expect.any(Number) } });
    });
  });
});
