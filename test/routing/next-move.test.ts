import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { FAILURE_CLASSES } from '../../src/core/vocabulary.js';
import type { FailureClass } from '../../src/core/vocabulary.js';
import { nextMove } from '../../src/routing/next-move.js';
import type { Move, Situation } from '../../src/routing/next-move.js';
import { failure } from '../inference/kit.js';

const FIRST: Situation = {
  ...{ retries: 0, maxRetries: 2, failuresOfClass: 1, contentSeen: false, otherTargetHealthy: false },
  ...{ waitedMs: 0, remainingMs: 600_000, budgetAllows: true },
};
const middle = () => 0.5;

/** After the first failure; after the same failure again; and when the answer had begun. */
const EXPECTED: Readonly<Record<FailureClass, readonly [Move['kind'], Move['kind'], Move['kind']]>> = {
  RATE_LIMITED: ['retry', 'retry', 'stop'],
  OVERLOADED: ['retry', 'retry', 'stop'],
  SERVER_ERROR: ['retry', 'retry', 'stop'],
  TIMEOUT: ['retry', 'next', 'stop'],
  CONNECTION: ['retry', 'retry', 'stop'],
  AUTH: ['next', 'next', 'stop'],
  TARGET_NOT_FOUND: ['next', 'next', 'stop'],
  CONTEXT_LENGTH: ['stop', 'stop', 'stop'],
  CONTENT_FILTER: ['stop', 'stop', 'stop'],
  BAD_RESPONSE: ['retry', 'retry', 'stop'],
  UNSUPPORTED_PARAMETER: ['retry', 'next', 'stop'],
  CALLER: ['stop', 'stop', 'stop'],
};

describe('F10 every failure class moves as the table says', () => {
  test.each(FAILURE_CLASSES)('%s', (failureClass) => {
    const what = failure(failureClass, { parameter: 'seed' });
    const moves = [
      nextMove(what, FIRST, middle),
      nextMove(what, { ...FIRST, retries: 1, failuresOfClass: 2 }, middle),
      nextMove(what, { ...FIRST, contentSeen: true }, middle),
    ];
    expect(moves.map(({ kind }) => kind)).toEqual(EXPECTED[failureClass]);
  });

  test.each(FAILURE_CLASSES)('%s: two retries are all', (failureClass) => {
    const move = nextMove(failure(failureClass, { parameter: 'seed' }), { ...FIRST, retries: 2 }, middle);
    expect(move.kind).not.toBe('retry');
  });

  test('UNSUPPORTED_PARAMETER without a name can’t be corrected', () => {
    expect(nextMove(failure('UNSUPPORTED_PARAMETER'), FIRST, middle).kind).toBe('next');
  });

  test('F7 RATE_LIMITED moves at once where another target is healthy', () => {
    const move = nextMove(failure('RATE_LIMITED', { retryAfterMs: 1_000 }), { ...FIRST, otherTargetHealthy: true }, middle);
    expect(move.kind).toBe('next');
  });
});

describe('how long before a retry', () => {
  const delay = (retries: number, random: number, retryAfterMs: number | null = null) => {
    const move = nextMove(failure('SERVER_ERROR', { retryAfterMs }), { ...FIRST, retries }, () => random);
    return move.kind === 'retry' ? move.delayMs : null;
  };

  test('500 ms × 2ⁿ with jitter from 0.8 to 1.2', () => {
    expect([delay(0, 0), delay(0, 0.5), delay(0, 1), delay(1, 0.5)]).toEqual([400, 500, 600, 1_000]);
  });

  test('never before the upstream allows it', () => {
    expect(delay(0, 0.5, 7_000)).toBe(7_000);
    expect(delay(1, 0.5, 10)).toBe(1_000);
  });

  test('a corrected request goes at once', () => {
    expect(nextMove(failure('UNSUPPORTED_PARAMETER', { parameter: 'seed' }), FIRST, middle)).toMatchObject({ kind: 'retry', delayMs: 0 });
  });

  test.each([
    ['a wait past 60 s in all', { waitedMs: 50_000 }, 10_001],
    ['a wait past the call’s own time', { remainingMs: 10_000 }, 10_000],
    ['a spent retry budget', { budgetAllows: false }, null],
  ])('%s: no retry', (_, situation, retryAfterMs) => {
    expect(nextMove(failure('SERVER_ERROR', { retryAfterMs }), { ...FIRST, ...situation }, middle).kind).toBe('next');
  });

  test('no retry outlasts the call, is one too many, or restarts an answer', () => {
    const situations = fc.record({
      retries: fc.nat(4),
      maxRetries: fc.constant(2),
      failuresOfClass: fc.integer({ min: 1, max: 4 }),
      contentSeen: fc.boolean(),
      otherTargetHealthy: fc.boolean(),
      waitedMs: fc.nat(70_000),
      remainingMs: fc.nat(60_000),
      budgetAllows: fc.boolean(),
    });
    const retryAfter = fc.option(fc.nat(70_000));
    fc.assert(
      fc.property(fc.constantFrom(...FAILURE_CLASSES), situations, retryAfter, (failureClass, situation, retryAfterMs) => {
        const move = nextMove(failure(failureClass, { retryAfterMs }), situation, middle);
        if (move.kind !== 'retry') return;
        expect(situation.contentSeen).toBe(false);
        expect(situation.retries).toBeLessThan(2);
        expect(situation.budgetAllows).toBe(true);
        expect(move.delayMs).toBeLessThan(situation.remainingMs);
        expect(move.delayMs).toBeGreaterThanOrEqual(retryAfterMs ?? 0);
        if (retryAfterMs !== null && retryAfterMs > 0) expect(situation.waitedMs + retryAfterMs).toBeLessThanOrEqual(60_000);
      }),
    );
  });
});
