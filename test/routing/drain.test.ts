import { describe, expect, test } from '@jest/globals';
import type { AnswerDelta } from '../../src/core/answer.js';
import { EMPTY_ANSWER, reduceAnswer } from '../../src/core/answer.js';
import type { ChatCallOptions, ChatCallOutcome } from '../../src/providers/contract.js';
import { createDrains, DRAIN_LIMITS } from '../../src/routing/drain.js';
import { createManualClock, settled } from '../kit/manual-clock.js';

const TIMEOUTS = { connectMs: 1, firstTokenMs: 1, idleMs: 1 };
const text = (words: string): AnswerDelta => ({ type: 'text', text: words });

/** One upstream call in the test's hands, on its way through `createDrains`. */
function setUp({ mayDrain = (): boolean => true, limits = DRAIN_LIMITS, drains = null as ReturnType<typeof createDrains> | null } = {}) {
  const clock = createManualClock();
  const desk = drains ?? createDrains({ clock, limits });
  const caller = new AbortController();
  const heard: AnswerDelta[] = [];
  let options: ChatCallOptions | null = null;
  let answer = EMPTY_ANSWER;
  let resolve: (outcome: ChatCallOutcome) => void = () => undefined;
  const run = (given: ChatCallOptions) =>
    new Promise<ChatCallOutcome>((settle) => {
      options = given;
      resolve = settle;
      given.signal.addEventListener('abort', () => end({ status: 'cancelled' }));
    });
  const say = (...deltas: AnswerDelta[]) => {
    answer = deltas.reduce(reduceAnswer, answer);
    options?.onDeltas(deltas);
  };
  const end = (fields: Partial<ChatCallOutcome> = {}) =>
    resolve({ status: 'succeeded', answer, failure: null, accepted: true, firstTokenMs: null, durationMs: 0, warnings: [], ...fields });
  const outcome = desk.chat(run, {
    ...{ stream: true, timeouts: TIMEOUTS, signal: caller.signal, mayDrain },
    onDeltas: (deltas) => heard.push(...deltas),
  });
  return { clock, desk, heard, outcome, say, end, leave: () => caller.abort('cancelled'), aborted: () => options?.signal.aborted };
}

describe('a call that may be drained', () => {
  test('and whose caller stays is like any other', async () => {
    const { outcome, say, end, heard } = setUp();
    say(text('all'));
    end();
    expect(await outcome).toMatchObject({ status: 'succeeded', answer: { message: { parts: [{ text: 'all' }] } } });
    expect(await outcome).not.toHaveProperty('rest');
    expect(heard).toHaveLength(1);
  });

  test('S27 lets its caller go at once, and is read to its end for nobody but the books', async () => {
    const { outcome, say, end, heard, leave, aborted } = setUp();
    say(text('some'));
    leave();
    const told = await outcome;
    expect(told).toMatchObject({ status: 'cancelled', answer: { message: { parts: [{ text: 'some' }] }, usage: null } });
    expect(aborted()).toBe(false);
    say(text(' more'), { type: 'end' });
    end({ status: 'failed', failure: { class: 'SERVER_ERROR', detail: '', httpStatus: 500, retryAfterMs: null } });
    expect(await told.rest).toMatchObject({
      status: 'cancelled',
      failure: null,
      answer: { ended: true, message: { parts: [{ text: 'some more' }] } },
    });
    expect(heard).toHaveLength(1);
  });

  test('is ended where the reason of the end does not allow it', async () => {
    const { outcome, leave, aborted } = setUp({ mayDrain: () => false });
    leave();
    expect(await outcome).toMatchObject({ status: 'cancelled' });
    expect(await outcome).not.toHaveProperty('rest');
    expect(aborted()).toBe(true);
  });

  test('is ended after its time, with what had come', async () => {
    const { clock, outcome, say, leave, aborted } = setUp();
    leave();
    const { rest } = await outcome;
    say(text('late'));
    await clock.advance(DRAIN_LIMITS.maxMs - 1);
    expect(aborted()).toBe(false);
    await clock.advance(1);
    expect(aborted()).toBe(true);
    expect(await rest).toMatchObject({ status: 'cancelled', answer: { message: { parts: [{ text: 'late' }] } } });
    expect(clock.waiting).toBe(0);
  });

  test('is ended at once past the number of those that are read on', async () => {
    const first = setUp({ limits: { maxCalls: 1, maxMs: 1_000 } });
    first.leave();
    await first.outcome;
    const second = setUp({ drains: first.desk });
    second.leave();
    expect(await second.outcome).not.toHaveProperty('rest');
    expect(second.aborted()).toBe(true);
    first.end();
    await settled();
    const third = setUp({ drains: first.desk });
    third.leave();
    expect(await third.outcome).toHaveProperty('rest');
  });

  test('is ended when the process stops, and closing waits for it', async () => {
    const { desk, outcome, leave, aborted } = setUp();
    leave();
    const { rest } = await outcome;
    await desk.close();
    expect(aborted()).toBe(true);
    expect(await rest).toMatchObject({ status: 'cancelled' });
  });
});
