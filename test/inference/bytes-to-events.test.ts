import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { CompletionEvent } from '../../src/core/events.js';
import { WIRE_FORMAT_ADAPTERS } from '../../src/providers/adapters.js';
import { createUpstreamCaller } from '../../src/providers/caller.js';
import type { HttpClient } from '../../src/providers/client.js';
import { ANTHROPIC_UNDER_TEST } from '../contract/anthropic.js';
import { BEDROCK_UNDER_TEST } from '../contract/bedrock.js';
import type { FormatUnderTest } from '../contract/format.js';
import { GEMINI_UNDER_TEST } from '../contract/gemini.js';
import { OPENAI_CHAT_UNDER_TEST } from '../contract/openai-chat.js';
import { OPENAI_RESPONSES_UNDER_TEST } from '../contract/openai-responses.js';
import { collect, createStage, deployment } from './kit.js';

const FORMATS = [OPENAI_CHAT_UNDER_TEST, ANTHROPIC_UNDER_TEST, GEMINI_UNDER_TEST, OPENAI_RESPONSES_UNDER_TEST, BEDROCK_UNDER_TEST];

/** Plays the same pieces to every call, one at a time; between two of them time may pass. */
function playing(
  pieces: readonly Uint8Array[],
  { contentType = 'text/event-stream' }: FormatUnderTest,
  between: () => Promise<void>,
): HttpClient {
  return {
    close: () => Promise.resolve(),
    post: (_request, listener) => {
      const exchange = { open: true };
      void (async () => {
        await Promise.resolve();
        if (exchange.open) listener.onConnected();
        if (exchange.open) listener.onSent();
        if (exchange.open) listener.onResponse(200, { 'content-type': contentType });
        for (const piece of pieces) {
          await between();
          if (exchange.open) listener.onData(piece);
        }
        await Promise.resolve();
        if (exchange.open) listener.onEnd();
      })();
      return {
        destroy: () => {
          exchange.open = false;
        },
      };
    },
  };
}

/** The events of one completion whose upstream sends these pieces, so many milliseconds apart. */
async function eventsOf(format: FormatUnderTest, pieces: readonly Uint8Array[], apartMs = 0): Promise<readonly CompletionEvent[]> {
  const served = deployment({ provider: { wireFormat: format.wireFormat } });
  const { completions, clock, request } = createStage([served], {
    upstream: (stageClock) =>
      createUpstreamCaller({
        clock: stageClock,
        adapters: WIRE_FORMAT_ADAPTERS,
        client: playing(pieces, format, () =>
          apartMs === 0 ? Promise.resolve() : new Promise((resolve) => void stageClock.after(apartMs, resolve)),
        ),
      }),
  });
  const reading = { ended: false };
  const events = collect(await completions.stream({ ...request(), idempotencyKey: 'k', after: -1 })).finally(() => {
    reading.ended = true;
  });
  // Pauses before another attempt, and those between the pieces.
  while (!reading.ended) await clock.advance(100);
  return events;
}

/** What a reader is told, without ids and times. */
function shapeOf(event: CompletionEvent): object {
  switch (event.type) {
    case 'text':
    case 'reasoning':
      return { type: event.type, text: event.text };
    case 'toolCall':
      return { ...event, completionId: null, sequence: null, at: null };
    case 'rerouted':
      return { type: event.type, failure: event.failed.failure, reason: event.reason };
    case 'usage':
      return { type: event.type, usage: event.usage, cost: event.cost.total };
    case 'started':
      return { type: event.type };
    case 'finished':
    case 'failed': {
      const { status, finishReason, usage, error, warnings, attempts } = event.completion.record;
      const failures = attempts.map(({ failure }) => failure);
      return { type: event.type, message: event.completion.message, status, finishReason, usage, error, warnings, failures };
    }
  }
}

/** Neighbours of one kind as one. */
function joined(events: readonly CompletionEvent[]): readonly object[] {
  const all: { readonly kind: string; words: string; readonly rest: object | null }[] = [];
  for (const event of events) {
    const isCall = event.type === 'toolCall';
    const words = isCall ? event.argumentsDelta : 'text' in event ? event.text : null;
    const kind = isCall ? `call ${event.index}` : event.type;
    const last = all.at(-1);
    if (words !== null && last?.kind === kind) last.words += words;
    else all.push({ kind, words: words ?? '', rest: words === null ? shapeOf(event) : null });
  }
  return all;
}

function cut(bytes: Uint8Array, places: readonly number[]): readonly Uint8Array[] {
  const sorted = [0, ...places.map((place) => place % (bytes.length + 1)).sort((left, right) => left - right), bytes.length];
  return sorted.slice(1).map((end, index) => bytes.subarray(sorted[index], end));
}

/** Streams of the format, whole, cut short, with bytes that do not belong there, or with something behind their end. */
function streamsOf({ answers, halves }: FormatUnderTest): fc.Arbitrary<Uint8Array> {
  const whole = [...answers.map(({ stream }) => stream), [halves.first, halves.rest]].map((pieces) =>
    Buffer.concat(pieces.map((piece) => Buffer.from(piece))),
  );
  const place = fc.nat(1_000_000);
  return fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...whole) },
    fc.tuple(fc.constantFrom(...whole), place).map(([bytes, at]) => bytes.subarray(0, at % bytes.length)),
    fc
      .tuple(fc.constantFrom(...whole), place, fc.uint8Array({ minLength: 1, maxLength: 6 }))
      .map(([bytes, at, foreign]) => Buffer.concat([bytes.subarray(0, at % bytes.length), foreign, bytes.subarray(at % bytes.length)])),
    fc.tuple(fc.constantFrom(...whole), fc.constantFrom(...whole)).map(([first, second]) => Buffer.concat([first, second])),
    fc.uint8Array({ maxLength: 60 }),
  );
}

describe.each(FORMATS.map((format) => [format.wireFormat, format] as const))('S1 S2 %s', (_, format) => {
  const places = fc.array(fc.nat(1_000_000), { maxLength: 20 });

  test('any bytes under any split give the same events', async () => {
    await fc.assert(
      fc.asyncProperty(streamsOf(format), places, async (bytes, cuts) => {
        const expected = await eventsOf(format, [bytes]);
        expect((await eventsOf(format, cut(bytes, cuts))).map(shapeOf)).toEqual(expected.map(shapeOf));
        expect(expected.map(({ sequence }) => sequence)).toEqual(expected.map((__, index) => index));
      }),
      { numRuns: 40 },
    );
  });

  test('and however far apart they come, the same words in the same order, usage and end', async () => {
    await fc.assert(
      fc.asyncProperty(streamsOf(format), places, fc.constantFrom(1, 7, 40), async (bytes, cuts, apartMs) => {
        const expected = await eventsOf(format, [bytes]);
        expect(joined(await eventsOf(format, cut(bytes, cuts), apartMs))).toEqual(joined(expected));
      }),
      { numRuns: 20 },
    );
  });
});
