import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { systemClock } from '../../../src/core/clock.js';
import type { FailureClass } from '../../../src/core/vocabulary.js';
import { WIRE_FORMAT_ADAPTERS } from '../../../src/providers/adapters.js';
import { createUpstreamCaller } from '../../../src/providers/caller.js';
import type { UpstreamCaller } from '../../../src/providers/contract.js';
import { STOP_REASON_TABLE } from '../../../src/providers/bedrock/answer.js';
import { awsEvent, awsException } from '../../kit/aws-frames.js';
import { startScriptedUpstream } from '../../kit/scripted-upstream.js';
import type { ScriptedUpstream } from '../../kit/scripted-upstream.js';
import { answerOf, callOptions, chatApi, checkOrder, makeCall, makeTarget, readFrames, frame } from '../support.js';

const BEDROCK = 'BEDROCK_CONVERSE';
const read = (...events: readonly object[]) =>
  readFrames(
    events.map((event) => frame(event)),
    BEDROCK,
  );
const words = (contentBlockIndex: number, text: string) => ({ contentBlockDelta: { contentBlockIndex, delta: { text } } });
const usage = { inputTokens: 5, outputTokens: 2, totalTokens: 7 };

describe('over the wire', () => {
  let upstream: ScriptedUpstream;
  let caller: UpstreamCaller;

  beforeEach(async () => {
    upstream = await startScriptedUpstream();
    caller = createUpstreamCaller({ clock: systemClock, adapters: WIRE_FORMAT_ADAPTERS });
  });

  afterEach(async () => {
    await caller.close();
    await upstream.close();
  });

  const chat = () => caller.chat(makeCall(), makeTarget({ wireFormat: BEDROCK, baseUrl: upstream.url }), callOptions());
  const answer = (...pieces: readonly Uint8Array[]) =>
    upstream.respond((exchange) => {
      exchange.startStream({ 'content-type': 'application/vnd.amazon.eventstream' });
      return exchange.stream(pieces);
    });

  test.each<[string, object, FailureClass]>([
    ['throttlingException', { message: 'Too many tokens' }, 'RATE_LIMITED'],
    ['serviceUnavailableException', { message: 'Try later' }, 'OVERLOADED'],
    ['internalServerException', { message: 'Oops' }, 'SERVER_ERROR'],
    ['modelStreamErrorException', { message: 'The model broke', originalStatusCode: 529 }, 'OVERLOADED'],
    ['modelStreamErrorException', { message: 'The model broke' }, 'SERVER_ERROR'],
    ['modelTimeoutException', { message: 'Too slow' }, 'TIMEOUT'],
    ['validationException', { message: 'Input is too long for requested model.' }, 'CONTEXT_LENGTH'],
    ['validationException', { message: 'Malformed input request' }, 'CALLER'],
    ['somethingNewException', { message: 'The model is at capacity' }, 'OVERLOADED'],
  ])('P15 S29 %s %j in the stream is a failure of its class, and what was said is INCOMPLETE', async (name, payload, failureClass) => {
    answer(awsEvent({ messageStart: { role: 'assistant' } }), awsEvent(words(0, 'Half')), awsException(name, payload));
    expect(await chat()).toMatchObject({
      status: 'failed',
      failure: { class: failureClass, detail: expect.stringContaining(name) },
      answer: { finishReason: 'INCOMPLETE', ended: false, message: { parts: [{ text: 'Half' }] } },
    });
  });

  test('S6 an exception as the first event is a failure without an answer', async () => {
    answer(awsException('throttlingException', { message: 'Too many requests' }));
    expect(await chat()).toMatchObject({
      status: 'failed',
      accepted: true,
      failure: { class: 'RATE_LIMITED' },
      answer: { finishReason: null },
    });
  });

  test.each([
    ['in the middle of a message', (whole: Buffer) => whole.subarray(0, whole.length - 3)],
    ['after a whole one', (whole: Buffer) => whole],
  ])('S20 an orderly end %s, before messageStop, is INCOMPLETE', async (_, cut) => {
    answer(awsEvent(words(0, 'Half')), cut(awsEvent(words(0, ' way'))));
    expect(await chat()).toMatchObject({
      status: 'failed',
      failure: { class: 'BAD_RESPONSE' },
      answer: { finishReason: 'INCOMPLETE', ended: false },
    });
  });

  test('S21 a corrupt message is told, with what came before it', async () => {
    const corrupt = awsEvent(words(0, ' way'));
    corrupt[20] = (corrupt[20] ?? 0) ^ 1;
    answer(awsEvent(words(0, 'Half')), corrupt, awsEvent({ messageStop: { stopReason: 'end_turn' } }));
    expect(await chat()).toMatchObject({
      status: 'failed',
      failure: { class: 'BAD_RESPONSE' },
      answer: { finishReason: 'INCOMPLETE', message: { parts: [{ text: 'Half' }] } },
    });
  });

  test('S8 a stream that ends in order without its totals is whole, and its usage unknown', async () => {
    answer(awsEvent(words(0, 'Done.')), awsEvent({ messageStop: { stopReason: 'end_turn' } }));
    expect(await chat()).toMatchObject({ status: 'succeeded', answer: { finishReason: 'STOP', ended: true, usage: null } });
  });
});

test('S18 every reason means the same in both forms, and an unknown one is never STOP', () => {
  for (const [raw, reason] of [...STOP_REASON_TABLE, ['foo_bar', 'OTHER'] as const]) {
    const expected = { finishReason: reason === 'TOOL_CALLS' ? 'STOP' : reason, rawFinishReason: raw };
    expect(answerOf(read(words(0, 'x'), { messageStop: { stopReason: raw } }, { metadata: { usage } }))).toMatchObject(expected);
    const body = { output: { message: { role: 'assistant', content: [{ text: 'x' }] } }, stopReason: raw, usage };
    expect(answerOf(chatApi(BEDROCK).fromResponse(body))).toMatchObject(expected);
  }
});

test('C8 what was written for an hour is not counted as written for five minutes', () => {
  const written = {
    inputTokens: 15,
    outputTokens: 47,
    totalTokens: 4_865,
    cacheWriteInputTokens: 4_803,
    cacheDetails: [{ ttl: '1h', inputTokens: 4_803 }],
  };
  const { usage: read1h } = answerOf(read(words(0, 'x'), { messageStop: { stopReason: 'end_turn' } }, { metadata: { usage: written } }));
  expect(read1h).toMatchObject({ input: 15, cacheWrite1h: 4_803, cacheWrite5m: 0, output: 47, inconsistent: false });
});

describe('C8 what an input holds', () => {
  const stop = { messageStop: { stopReason: 'end_turn' } };
  const streamed = (upstreamModel: string, told: object) => {
    const reader = chatApi(BEDROCK).createStreamReader(makeTarget({ wireFormat: BEDROCK, upstreamModel }));
    return answerOf([words(0, 'x'), stop, { metadata: { usage: told } }].flatMap((event) => reader.read(frame(event)))).usage;
  };
  const whole = (told: object) =>
    answerOf(
      chatApi(BEDROCK).fromResponse({ output: { message: { content: [{ text: 'x' }] } }, stopReason: 'end_turn', usage: { ...told } }),
    ).usage;
  const classes = { input: 2, cachedInput: 0, cacheWrite5m: 4_993, output: 19, inconsistent: false };
  const plain = { inputTokens: 2, cacheWriteInputTokens: 4_993, outputTokens: 19, totalTokens: 5_014 };

  test('is what the cache neither gave nor took, in both forms', () => {
    expect(streamed('global.anthropic.claude-sonnet-4-6', plain)).toMatchObject(classes);
    expect(whole(plain)).toMatchObject(classes);
  });

  test('is all in the streams of OpenAI’s models: nothing of it is counted twice', () => {
    const twice = { inputTokens: 4_995, cacheWriteInputTokens: 4_993, outputTokens: 19, totalTokens: 10_007 };
    expect(streamed('global.openai.gpt-5.6-sol', twice)).toMatchObject(classes);
    expect(streamed('openai.gpt-oss-120b-1:0', { inputTokens: 7, outputTokens: 1, totalTokens: 8 })).toMatchObject({ input: 7, output: 1 });
    // Were it mended: less than what the cache gave can't hold it.
    expect(streamed('global.openai.gpt-5.6-sol', plain)).toMatchObject(classes);
  });
});

test('S21 any blocks, begun and ended in any order, come out in a legal order', () => {
  const block = fc.constantFrom('text', 'tool', 'thought', 'silent');
  fc.assert(
    fc.property(fc.array(block, { minLength: 1, maxLength: 6 }), fc.array(fc.nat(5), { maxLength: 20 }), (blocks, turns) => {
      const events = blocks.map((kind, index) => eventsOf(kind, index));
      const played: object[] = [];
      for (const turn of [...turns, ...blocks.flatMap((_, index) => [index, index, index, index])]) {
        const next = events[turn % blocks.length]?.shift();
        if (next !== undefined) played.push(next);
      }
      const deltas = read(
        { messageStart: { role: 'assistant' } },
        ...played,
        { messageStop: { stopReason: 'end_turn' } },
        { metadata: { usage } },
      );
      checkOrder(deltas);
      const calls = answerOf(deltas).message.parts.filter((part) => part.kind === 'toolCall');
      expect(calls).toHaveLength(blocks.filter((kind) => kind === 'tool').length);
      for (const call of calls) expect(JSON.parse(call.arguments)).toEqual({ of: call.id });
    }),
  );
});

function eventsOf(kind: string, contentBlockIndex: number): object[] {
  const delta = (said: object) => ({ contentBlockDelta: { contentBlockIndex, delta: said } });
  const stop = { contentBlockStop: { contentBlockIndex } };
  const id = `tooluse_${String(contentBlockIndex)}`;
  switch (kind) {
    case 'text':
      return [delta({ text: 'a' }), delta({ text: '' }), stop];
    case 'tool':
      return [
        { contentBlockStart: { contentBlockIndex, start: { toolUse: { toolUseId: id, name: 'weather' } } } },
        delta({ toolUse: { input: '{"of":' } }),
        delta({ toolUse: { input: `"${id}"}` } }),
        stop,
      ];
    case 'thought':
      return [delta({ reasoningContent: { text: 'hm' } }), delta({ reasoningContent: { signature: 'EqQB' } }), stop];
    default:
      return [stop];
  }
}
