import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { AnswerDelta } from '../../src/core/answer.js';
import type { CompletionEventBody } from '../../src/core/events.js';
import { COALESCING, createDeltaCoalescer } from '../../src/inference/coalescer.js';
import { createManualClock } from '../kit/manual-clock.js';

function createStage() {
  const clock = createManualClock();
  const events: (CompletionEventBody & { atMs: number })[] = [];
  const coalescer = createDeltaCoalescer({ clock, emit: (event) => events.push({ ...event, atMs: clock.monotonicMs() }) });
  const say = (...deltas: readonly AnswerDelta[]) => deltas.forEach(coalescer.push);
  return { clock, events, coalescer, say };
}

const text = (words: string): AnswerDelta => ({ type: 'text', text: words });

describe('deltas become events', () => {
  test('the first words go out at once; those within 15 ms are joined', async () => {
    const { clock, events, say } = createStage();
    say(text('a'), text('b'));
    expect(events).toMatchObject([{ text: 'a' }]);
    await clock.advance(10);
    say(text('c'));
    await clock.advance(5);
    expect(events).toMatchObject([{ text: 'a' }, { text: 'bc', atMs: 15 }]);
  });

  test('64 characters do not wait', () => {
    const { events, say } = createStage();
    say(text('a'), text('x'.repeat(COALESCING.maxCharacters - 1)));
    expect(events).toHaveLength(1);
    say(text('y'));
    expect(events[1]).toMatchObject({ text: `${'x'.repeat(63)}y` });
  });

  test('S16 after a pause nothing waits', async () => {
    const { clock, events, say } = createStage();
    for (let index = 0; index < 5; index += 1) {
      say({ type: 'toolCall', index: 0, argumentsDelta: `${index}` });
      expect(events).toHaveLength(index + 1);
      await clock.advance(100);
    }
  });

  test('S15 deltas of two calls in turns keep their calls and their order', async () => {
    const { clock, events, say } = createStage();
    for (const index of [0, 1, 0, 1]) say({ type: 'toolCall', index, argumentsDelta: `${index}` });
    await clock.advance(20);
    expect(events.map((event) => event.type === 'toolCall' && event.index)).toEqual([0, 1, 0, 1]);
  });

  test('S14 a call’s id and name come in its first event only, also where it was joined', async () => {
    const { clock, events, say } = createStage();
    say(text('thinking'));
    say({ type: 'toolCall', index: 0, id: 'c0', name: 'f', argumentsDelta: '' }, { type: 'toolCall', index: 0, argumentsDelta: '{}' });
    await clock.advance(20);
    say({ type: 'toolCall', index: 0, argumentsDelta: ' ' });
    await clock.advance(20);
    expect(events.slice(1)).toMatchObject([
      { id: 'c0', name: 'f', argumentsDelta: '{}' },
      { id: null, name: null, argumentsDelta: ' ' },
    ]);
  });

  test('what has no words has no event', async () => {
    const { clock, events, say } = createStage();
    say(text(''), { type: 'reasoning', redacted: 'xxx' }, { type: 'refusal', text: 'no' }, { type: 'end' });
    say({ type: 'text', text: '', signature: 's' }, { type: 'media', mimeType: 'image/png', url: null, base64: 'AAAA' });
    await clock.advance(20);
    expect(events).toEqual([]);
  });

  test('flush leaves no timer behind', async () => {
    const { clock, events, coalescer, say } = createStage();
    say(text('a'), text('b'));
    coalescer.flush();
    coalescer.flush();
    expect(clock.waiting).toBe(0);
    expect(events).toHaveLength(2);
  });

  test('whatever comes and whenever, concatenation and order across kinds stay', async () => {
    const delta = fc.oneof(
      fc.string({ minLength: 1 }).map((words): AnswerDelta => text(words)),
      fc.string({ minLength: 1 }).map((words): AnswerDelta => ({ type: 'reasoning', text: words })),
      fc.tuple(fc.nat(2), fc.string()).map(([index, words]): AnswerDelta => ({ type: 'toolCall', index, argumentsDelta: words })),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(delta, fc.constantFrom(0, 0, 0, 1, 7, 20))), async (script) => {
        const { clock, events, coalescer, say } = createStage();
        for (const [one, waitMs] of script) {
          say(one);
          if (waitMs > 0) await clock.advance(waitMs);
        }
        coalescer.flush();
        expect(joined(events)).toEqual(joined(script.map(([one]) => one)));
        expect(events.length).toBeLessThanOrEqual(script.length);
      }),
      { numRuns: 60 },
    );
  });
});

/** Neighbours of one kind as one piece. */
function joined(pieces: readonly (AnswerDelta | CompletionEventBody)[]): readonly [string, string][] {
  const runs: [string, string][] = [];
  for (const piece of pieces) {
    const [kind, words] =
      piece.type === 'toolCall' ? [`call ${piece.index}`, piece.argumentsDelta] : [piece.type, 'text' in piece ? (piece.text ?? '') : ''];
    const last = runs.at(-1);
    if (last?.[0] === kind) last[1] += words;
    else runs.push([kind, words]);
  }
  return runs;
}
