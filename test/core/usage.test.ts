import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { disjointUsage, INPUT_CLASSES, NO_USAGE, OUTPUT_CLASSES, TOKEN_CLASSES, totalInput, totalOutput } from '../../src/core/usage.js';

const count = fc.integer({ min: -50, max: 5_000 });
const part = fc.option(count, { nil: undefined });
const withoutAbsent = (value: Record<string, number | undefined>): Record<string, number> =>
  Object.fromEntries(Object.entries(value).flatMap(([name, number]) => (number === undefined ? [] : [[name, number]])));

const anyReading = fc
  .record({
    promptTotal: count,
    promptParts: fc
      .record({ cachedInput: part, cacheWrite5m: part, cacheWrite1h: part, audioInput: part, imageInput: part })
      .map(withoutAbsent),
    answerTotal: count,
    answerParts: fc.record({ reasoning: part, audioOutput: part, imageOutput: part }).map(withoutAbsent),
  })
  .map((reading) => ({ ...reading, raw: null }));

const sum = (parts: Record<string, number>) => Object.values(parts).reduce((total, value) => total + value, 0);

describe('disjoint usage', () => {
  test('C2 a cached part is taken out of the prompt', () => {
    const usage = disjointUsage({
      promptTotal: 2_006,
      promptParts: { cachedInput: 1_920 },
      answerTotal: 300,
      answerParts: {},
      raw: { a: 1 },
    });
    expect(usage).toEqual({ ...NO_USAGE, input: 86, cachedInput: 1_920, output: 300, source: 'REPORTED', raw: { a: 1 } });
  });

  test('C7 reasoning is taken out of the completion', () => {
    const usage = disjointUsage({ promptTotal: 100, promptParts: {}, answerTotal: 8_150, answerParts: { reasoning: 8_000 }, raw: null });
    expect(usage).toMatchObject({ input: 100, output: 150, reasoning: 8_000, inconsistent: false });
  });

  test('C17 a part larger than its total is clamped and flagged', () => {
    const usage = disjointUsage({ promptTotal: 100, promptParts: { cachedInput: 250 }, answerTotal: 5, answerParts: {}, raw: null });
    expect(usage).toMatchObject({ input: 0, cachedInput: 100, output: 5, inconsistent: true });
  });

  test('C17 parts that fit one by one but not together are clamped in their order', () => {
    const usage = disjointUsage({
      promptTotal: 100,
      promptParts: { cachedInput: 80, audioInput: 30 },
      answerTotal: 0,
      answerParts: {},
      raw: null,
    });
    expect(usage).toMatchObject({ input: 0, cachedInput: 80, audioInput: 20, inconsistent: true });
  });

  test('C17 a negative total or part counts as zero and is flagged', () => {
    const base = { promptTotal: 10, promptParts: {}, answerTotal: 10, answerParts: {}, raw: null };
    expect(disjointUsage({ ...base, promptTotal: -1 })).toMatchObject({ input: 0, output: 10, inconsistent: true });
    expect(disjointUsage({ ...base, answerParts: { reasoning: -4 } })).toMatchObject({ output: 10, reasoning: 0, inconsistent: true });
  });

  test('the classes add up to the totals that were reported', () => {
    fc.assert(
      fc.property(anyReading, (reading) => {
        const usage = disjointUsage(reading);
        expect(totalInput(usage)).toBe(Math.max(0, reading.promptTotal));
        expect(totalOutput(usage)).toBe(Math.max(0, reading.answerTotal));
      }),
    );
  });

  test('C17 no class is ever negative', () => {
    fc.assert(
      fc.property(anyReading, (reading) => {
        const usage = disjointUsage(reading);
        for (const name of TOKEN_CLASSES) expect(usage[name]).toBeGreaterThanOrEqual(0);
      }),
    );
  });

  test('it is flagged exactly where something does not fit', () => {
    fc.assert(
      fc.property(anyReading, (reading) => {
        const numbers = [
          reading.promptTotal,
          reading.answerTotal,
          ...Object.values(reading.promptParts),
          ...Object.values(reading.answerParts),
        ];
        const fits =
          numbers.every((number) => number >= 0) &&
          sum(reading.promptParts) <= reading.promptTotal &&
          sum(reading.answerParts) <= reading.answerTotal;
        expect(disjointUsage(reading).inconsistent).toBe(!fits);
      }),
    );
  });

  test('every class belongs to the prompt or to the answer, none to both', () => {
    expect([...INPUT_CLASSES, ...OUTPUT_CLASSES]).toEqual([...TOKEN_CLASSES]);
    expect(new Set(TOKEN_CLASSES).size).toBe(10);
  });
});
