import { expect, test } from '@jest/globals';
import type { AttemptStart } from '../../src/accounting/journal/contract.js';
import { newId } from '../../src/core/ids.js';
import { NO_PAYLOAD_STORAGE } from '../../src/core/payload-storage.js';
import { EMPTY_ANSWER } from '../../src/core/answer.js';
import { parseCompletionInput } from '../../src/inference/input/parse.js';
import { journaledWatch } from '../../src/inference/journaling.js';
import { createRunning } from '../../src/inference/running.js';
import type { Attempt } from '../../src/routing/contract.js';
import { createManualClock } from '../kit/manual-clock.js';
import { deployment, input, principal } from './kit.js';

function stage() {
  const clock = createManualClock();
  const parsed = parseCompletionInput(input());
  if (!parsed.ok) throw new Error(parsed.error.message);
  const times = { createdAt: clock.now(), startedMs: 0 };
  const ids = { id: newId('completion'), principal: principal(), requestId: null };
  const start = { ...ids, ...times, call: parsed.value, form: 'complete', keyed: false, payloadStorage: NO_PAYLOAD_STORAGE } as const;
  const [left, right] = [deployment({ slug: 'left' }), deployment({ slug: 'right' })];
  const record = { route: null, routeVersion: null, seed: 's', steps: [], candidates: [] };
  const lines: AttemptStart[] = [];
  const heard: number[] = [];
  const watch = journaledWatch(createRunning(start, { targets: [left, right], record }, clock), {
    attemptStarted(line) {
      const at = lines.push(line) - 1;
      return { deltas: () => heard.push(at) };
    },
  });
  const attempt = (index: number): Attempt => ({
    ...{ id: newId('attempt'), index, deployment: [left, right][index]!, status: 'RUNNING', startedAt: clock.now(), failure: null },
    ...{ accepted: false, answer: EMPTY_ANSWER, firstTokenMs: null, durationMs: null },
  });
  return { watch, lines, heard, attempts: [attempt(0), attempt(1)] as const };
}

const told = ({ attempt, earlier }: AttemptStart) => [attempt.index, earlier.map(({ index, usage }) => [index, usage?.source])];

test('of two attempts that run side by side the journal bills both, should the process die', () => {
  const { watch, lines, attempts } = stage();
  watch.onAttemptStarted?.(attempts[0]);
  watch.onAttemptStarted?.(attempts[1]);
  expect(lines.map(told)).toEqual([
    [0, []],
    [1, [[0, 'ESTIMATED']]],
  ]);
});

test('where the second is outrun the journal follows the first again', () => {
  const { watch, lines, heard, attempts } = stage();
  watch.onAttemptStarted?.(attempts[0]);
  watch.onAttemptStarted?.(attempts[1]);
  watch.onAttemptOutrun?.({ ...attempts[1], status: 'CANCELLED', accepted: true, outrun: true });
  watch.onDeltas([{ type: 'text', text: 'first' }]);
  expect(told(lines[2]!)).toEqual([0, [[1, 'ESTIMATED']]]);
  expect(heard).toEqual([2]);
});

test('where the first is outrun or fails the journal stays with the second', () => {
  const { watch, lines, heard, attempts } = stage();
  watch.onAttemptStarted?.(attempts[0]);
  watch.onAttemptStarted?.(attempts[1]);
  watch.onAttemptOutrun?.({ ...attempts[0], status: 'CANCELLED', accepted: true, outrun: true });
  watch.onDeltas([{ type: 'text', text: 'second' }]);
  expect(lines).toHaveLength(2);
  expect(heard).toEqual([1]);
});
