import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { isJsonObject } from '../../src/core/json.js';
import type { JsonValue } from '../../src/core/json.js';
import { UnreadableBody } from '../../src/providers/contract.js';
import type { SseFrame } from '../../src/providers/contract.js';
import { isJsonList, parseJson } from '../../src/providers/json-read.js';
import { createSseDecoder } from '../../src/providers/sse.js';
import { answerOf, chatApi, goldenExchanges, readFrames } from '../providers/support.js';
import { checkLegal } from './legal.js';
import { RECORDED_IN } from './recorded.js';
import { EACH_VOICE, bytesOfSaid } from './voices.js';
import type { Said, Voice } from './voices.js';

/** What a vendor may say, legal or not: any of its words, in any order, of any block, as often as it likes. */
function anySaid({ stop, afterCalls }: Voice): fc.Arbitrary<Said> {
  const at = fc.nat(3);
  const words = fc.constantFrom('', 'a', '{}', '안', '{"a":1}');
  const count = fc.nat(20);
  return fc.oneof(
    fc.record({ say: fc.constant('begin' as const) }),
    fc.record({
      say: fc.constant('call' as const),
      at,
      id: fc.constantFrom('', 'x', 'y'),
      name: fc.constantFrom('', 'f', 'g'),
      args: fc.constant('{}'),
    }),
    fc.record({ say: fc.constant('arguments' as const), at, piece: words }),
    fc.record({ say: fc.constant('text' as const), at, words }),
    fc.record({ say: fc.constant('thought' as const), at, words }),
    fc.record({ say: fc.constant('signature' as const), at, signature: words }),
    fc.record({ say: fc.constant('close' as const), at, kind: fc.constantFrom('call' as const, 'thought' as const) }),
    fc.record({ say: fc.constant('running' as const), prompt: count, answer: count }),
    {
      weight: 1,
      arbitrary: fc.record({
        say: fc.constant('end' as const),
        reason: fc.constantFrom(stop, afterCalls, 'foo_bar', ''),
        prompt: count,
        answer: count,
      }),
    },
    { weight: 1, arbitrary: fc.record({ say: fc.constant('overloaded' as const) }) },
  );
}

function framesOf(voice: Voice, said: readonly Said[]): readonly SseFrame[] {
  const frames: SseFrame[] = [];
  const { createDecoder = createSseDecoder } = chatApi(voice.wireFormat);
  const decoder = createDecoder((frame) => frames.push(frame));
  for (const each of said) decoder.push(bytesOfSaid(voice, each));
  decoder.end();
  return frames;
}

/** The value with what stands at its `place`-th node replaced, or taken away. */
function broken(value: JsonValue, place: number, by: JsonValue | undefined): JsonValue {
  let left = place;
  const walk = (each: JsonValue): JsonValue | undefined => {
    left -= 1;
    if (left === -1) return by;
    if (isJsonList(each)) return each.flatMap((one) => walk(one) ?? []);
    if (!isJsonObject(each)) return each;
    return Object.fromEntries(
      Object.entries(each).flatMap(([name, one]) => {
        const kept = one === undefined ? undefined : walk(one);
        return kept === undefined ? [] : [[name, kept] as const];
      }),
    );
  };
  return walk(value) ?? null;
}

describe.each(EACH_VOICE)('S21 %s', (format, voice) => {
  const api = chatApi(format);
  const recorded = goldenExchanges(RECORDED_IN[format]);
  const place = fc.nat(60);
  const foreign = fc.oneof(
    fc.constant(undefined),
    fc.jsonValue().map((value) => value as JsonValue),
  );

  test('whatever a vendor says in whatever order, what comes out is legal', () => {
    fc.assert(
      fc.property(fc.array(anySaid(voice), { maxLength: 25 }), (said) => {
        checkLegal(readFrames(framesOf(voice, said), format));
      }),
      { numRuns: 200 },
    );
  });

  test('recorded events with one field gone or nonsense in its place, shuffled and repeated, come out legal', () => {
    const events = recorded.flatMap(({ chunks }) => chunks);
    const one = fc.tuple(fc.constantFrom(...events), place, foreign).map(([event, at, by]) => broken(event, at, by));
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.constantFrom(...events), one), { maxLength: 15 }), (all) => {
        const frames = all.map((data) => ({ event: null, data: JSON.stringify(data) }));
        checkLegal(readFrames(frames, format));
      }),
      { numRuns: 150 },
    );
  });

  test('a body with one field gone or nonsense in its place is unreadable or an answer, and ends once', () => {
    const bodies = recorded.map(({ body }) => body);
    fc.assert(
      fc.property(fc.constantFrom(...bodies), place, foreign, (body, at, by) => {
        try {
          const deltas = api.fromResponse(parseJson(JSON.stringify(broken(body, at, by))) ?? null);
          checkLegal(deltas);
          expect(answerOf(deltas)).toMatchObject(deltas.at(-1)?.type === 'failure' ? { ended: false } : { ended: true });
        } catch (error) {
          if (!(error instanceof UnreadableBody)) throw error;
        }
      }),
      { numRuns: 150 },
    );
  });
});
