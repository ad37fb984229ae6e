import { describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { referencePages } from '../../scripts/reference-pages.js';
import { ERROR_CATALOGUE, TOP_LEVEL_CODES } from '../../src/core/errors.js';
import { FAILURE_POLICIES } from '../../src/core/failures.js';
import { PRESETS } from '../../src/providers/presets.js';

const pageOf = (name: string) => referencePages().find((page) => page.name === name)?.text ?? '';
const rowOf = (page: string, word: string) => page.split('\n').find((line) => line.startsWith(`| \`${word}\` |`)) ?? '';

describe('the reference says what the tables say', () => {
  test('what is committed is what would be generated', () => {
    for (const { name, text } of referencePages()) {
      expect(readFileSync(path.resolve(import.meta.dirname, '../../docs/reference', name), 'utf8')).toBe(text);
    }
  });

  test('every error code has its row: type, whether retryable, message', () => {
    for (const [code, { type, retryable, message }] of Object.entries(ERROR_CATALOGUE)) {
      const row = rowOf(pageOf('errors.md'), code);
      expect(row).toContain(`\`${type}\` | ${retryable ? 'yes' : 'no'} |`);
      expect(row).toContain(message);
    }
  });

  test('every top-level code is listed', () => {
    for (const code of TOP_LEVEL_CODES) expect(pageOf('errors.md')).toContain(`- \`${code}\``);
  });

  test('every preset has its row, with its models', () => {
    for (const { name, environmentVariable, models } of PRESETS) {
      const row = rowOf(pageOf('providers.md'), name);
      expect(row.split(' | ')).toHaveLength(6);
      for (const word of [...models.map(({ model }) => model), environmentVariable ?? '']) expect(row).toContain(word);
    }
  });

  test('every preset has its row among operations and among capabilities, as its translator answers', () => {
    const rows = (name: string) =>
      pageOf('../providers.md')
        .split('\n')
        .filter((line) => line.startsWith(`| \`${name}\` |`));
    for (const { name, operations = ['COMPLETION'] } of PRESETS) expect(rows(name)).toHaveLength(operations.includes('COMPLETION') ? 2 : 1);
    const [, taken = ''] = rows('perplexity');
    expect(taken.split(' | ').slice(1, 3)).toEqual(['~', '~']);
    expect(rows('deepseek')[1]).toContain('–');
  });

  test('every failure class has its row, and rows are whole', () => {
    for (const [name, { from }] of Object.entries(FAILURE_POLICIES)) {
      const row = rowOf(pageOf('failures.md'), name);
      expect(row).toContain(from);
      expect(row.split(' | ')).toHaveLength(6);
      expect(row).not.toContain('undefined');
    }
  });
});
