import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { BROKEN_TREE } from './broken-tree.js';
import { cruise, told, type Cruise } from './cruise.js';
import { environmentReaders, longFiles, type Violation } from './source-rules.js';

describe('the checker can fail', () => {
  let root: string;
  let cruised: Cruise;
  let violations: readonly Violation[];

  beforeAll(async () => {
    root = realpathSync(mkdtempSync(path.join(tmpdir(), 'broken-tree-')));
    for (const { file, source } of BROKEN_TREE) {
      mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
      writeFileSync(path.join(root, file), source);
    }
    cruised = await cruise(root, ['src', 'migrations', 'ormconfig.ts']);
    violations = [...cruised.violations, ...environmentReaders(root), ...longFiles(root)];
  }, 60_000);

  afterAll(() => {
    rmSync(root, { recursive: true, force: true });
  });

  const expected = BROKEN_TREE.flatMap(({ file, breaks }) => (breaks === undefined ? [] : [{ file, breaks }]));

  test.each(expected)('$breaks: found in $file', ({ file, breaks }) => {
    const found = told(violations).filter((line) => line.startsWith(`${breaks}: ${file}`));
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(/\(why: docs\/adr\/\d{4}-[a-z-]+\.md\)$/);
  });

  test('nothing allowed is refused', () => {
    const broken = new Set(expected.map(({ file }) => file));
    const falseAlarms = violations.filter(({ where }) => !broken.has(where.split(/ → |: /)[0] ?? ''));
    // The other half of the cycle is guilty too.
    expect(falseAlarms.filter(({ where }) => !where.startsWith('src/core/right.ts'))).toEqual([]);
  });

  test('no rule is without a file that breaks it', () => {
    const broken = new Set(expected.map(({ breaks }) => breaks));
    expect(cruised.rules.map(({ name }) => name).filter((name) => !broken.has(name))).toEqual([]);
  });
});
