import { describe, expect, test } from '@jest/globals';
import { createInputChecks, isSlug } from '../../src/core/input-checks.js';
import type { InputChecks } from '../../src/core/input-checks.js';

function problemsOf(check: (checks: InputChecks) => void): readonly string[] {
  const checks = createInputChecks();
  check(checks);
  return checks.problems.map((problem) => problem.path);
}

describe('slugs', () => {
  test.each(['a', '0', 'gpt-4o', 'claude_3.5', 'a'.repeat(63)])('%s is one', (slug) => {
    expect(isSlug(slug)).toBe(true);
  });

  test.each(['', 'A', '-a', '.a', '_a', 'a/b', 'a b', 'ä', 'a\0', 'a\n', 'a'.repeat(64)])('%p is none', (slug) => {
    expect(problemsOf((checks) => checks.slug('slug', slug))).toEqual(['slug']);
  });
});

describe('text', () => {
  test.each(['', '   ', 'a\0', 'a\nb', '\u0085', 'a'.repeat(201)])('%p is refused', (text) => {
    expect(problemsOf((checks) => checks.text('name', text))).toEqual(['name']);
  });

  test.each(['a', 'Ärger 🔑', 'a'.repeat(200)])('%p passes', (text) => {
    expect(problemsOf((checks) => checks.text('name', text))).toEqual([]);
  });
});

test.each([[0.5], [Number.NaN], [Infinity], [-1], [11]])('%p is no whole number from 0 to 10', (value) => {
  expect(problemsOf((checks) => checks.integer('weight', value, { min: 0, max: 10 }))).toEqual(['weight']);
});

test.each([['1969-12-31T23:59:59Z'], ['+010000-01-01T00:00:00Z'], ['nonsense']])('%s is no instant to store', (text) => {
  expect(problemsOf((checks) => checks.instant('at', new Date(text)))).toEqual(['at']);
});

test('the first problem of a path counts, and all paths are told', () => {
  const checks = createInputChecks();
  checks.add('a', 'first');
  checks.add('a', 'second');
  checks.word('b', 'x', ['y', 'z']);
  expect(checks.problems).toEqual([
    { path: 'a', message: 'first' },
    { path: 'b', message: 'must be one of y, z' },
  ]);
});
