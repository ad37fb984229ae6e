import { expect, test } from '@jest/globals';
import { reduceSchema, reductionWarnings } from '../../src/providers/schema-reduction.js';

const DIALECT = { keywords: new Set(['type']), formats: new Set<string>(), openApi: true, closedObjects: false };

test('what is told of a reduced schema stays short, however long its names and many its faults are', () => {
  const faults = Array.from({ length: 100 }, (_, index) => ({ [`${'w'.repeat(5_000)}${index}`]: 1, [`word${index}`]: 1 }));
  const { lost } = reduceSchema({ properties: { ['x'.repeat(5_000)]: { anyOf: faults } } }, DIALECT);
  expect(lost).toHaveLength(101);
  for (const one of lost) expect(one.length).toBeLessThan(700);
  const [warning = '', ...others] = reductionWarnings('it', lost);
  expect(others).toEqual([]);
  expect(warning).toMatch(/, and 81 more\.$/);
  expect(warning.length).toBeLessThan(15_000);
});
