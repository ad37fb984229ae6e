import { describe, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';

const REPOSITORY = path.resolve(import.meta.dirname, '../..');
const inRepository = (file: string) => path.join(REPOSITORY, file);
const { scripts } = JSON.parse(readFileSync(inRepository('package.json'), 'utf8')) as { scripts: Record<string, string> };
const check = (...steps: string[]) => spawnSync(process.execPath, ['scripts/check.mjs', ...steps], { cwd: REPOSITORY, encoding: 'utf8' });

describe('one command checks everything', () => {
  test('a step that does not exist is refused, and those that do are named', () => {
    const { status, stderr } = check('lnit');
    expect(status).toBe(2);
    const named = /There are: (.*)\./.exec(stderr)?.[1]?.split(', ') ?? [];
    expect(named).toEqual(expect.arrayContaining(['types', 'lint', 'format:check', 'unused', 'schema:check', 'docs:check', 'test']));
    expect(named.filter((step) => !(step in scripts))).toEqual([]);
    expect(named.at(-1)).toBe('test');
  });

  test('a step alone is run alone, and its outcome told', () => {
    const { status, stdout } = check('docs:check');
    expect(stdout.match(/^── .*: (ok|FAILED)/gm)).toEqual(['── docs:check: ok']);
    expect(status).toBe(0);
  });

  test('CI is the same command after a clean install', () => {
    const ci = readFileSync(inRepository('.ci/run'), 'utf8');
    expect(ci).toMatch(/^set -euo pipefail$/m);
    expect(ci).toMatch(/^npm ci .*\n\nsection .*\nnpm run --silent check\n$/m);
    expect(statSync(inRepository('.ci/run')).mode & 0o111).toBe(0o111);
    expect(spawnSync('bash', ['-n', inRepository('.ci/run')]).status).toBe(0);
  });
});
