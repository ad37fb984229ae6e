import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const REPOSITORY = path.resolve(import.meta.dirname, '../..');

describe('the closing line of a test run', () => {
  let root: string;

  beforeAll(() => {
    root = mkdtempSync(path.join(tmpdir(), 'summary-'));
    const reporters = ['default', path.join(REPOSITORY, 'scripts/jest-summary.mjs')];
    writeFileSync(path.join(root, 'package.json'), JSON.stringify({ name: 'summary', jest: { transform: {}, reporters } }));
    writeFileSync(path.join(root, 'passing.test.js'), "test('one', () => {}); test('two', () => {});");
    writeFileSync(path.join(root, 'skipping.test.js'), "test('one', () => {}); test.skip('no Redis here', () => {});");
    writeFileSync(path.join(root, 'failing.test.js'), "test('one', () => { throw new Error('no'); });");
    writeFileSync(path.join(root, 'unloadable.test.js'), "require('./nowhere');");
  });

  afterAll(() => {
    rmSync(root, { recursive: true, force: true });
  });

  test.each([
    ['passing', 'false', 0, '2 passed, 0 failed'],
    ['passing', 'true', 0, '2 passed, 0 failed'],
    ['failing', 'true', 1, '0 passed, 1 failed'],
    ['unloadable', 'true', 1, '0 passed, 1 failed'],
    ['skipping', 'false', 0, '1 passed, 0 failed, 1 skipped'],
    ['skipping', 'true', 1, '1 passed, 1 failed'],
  ])('%s with CI=%s: exit %i and "%s"', async (name, ci, status, line) => {
    const run = await jest(root, name, ci);
    expect({ status: run.status, lastLine: run.output.trimEnd().split('\n').at(-1) }).toEqual({ status, lastLine: line });
    expect(run.output.includes('no Redis here')).toBe(name === 'skipping');
  });
});

function jest(cwd: string, name: string, ci: string): Promise<{ status: number | null; output: string }> {
  const tool = path.join(REPOSITORY, 'node_modules/jest/bin/jest.js');
  const child = spawn(process.execPath, [tool, '--verbose', name], { cwd, env: { ...process.env, CI: ci, NODE_OPTIONS: '' } });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  return new Promise((resolve) => child.on('close', (status) => resolve({ status, output })));
}
