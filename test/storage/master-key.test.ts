import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { loadMasterKey } from '../../src/storage/master-key.js';

let dataDir: string;

beforeEach(async () => {
  dataDir = await mkdtemp(path.join(tmpdir(), 'glidepath-key-'));
});

afterEach(() => rm(dataDir, { recursive: true, force: true }));

describe('the key file', () => {
  const file = () => path.join(dataDir, 'master.key');

  test('is made once, with 32 bytes for its user alone, and nothing is left beside it', async () => {
    const key = await loadMasterKey(dataDir);
    expect(key.reveal()).toHaveLength(32);
    expect((await stat(file())).mode & 0o777).toBe(0o600);
    expect(await readdir(dataDir)).toEqual(['master.key']);
    expect((await loadMasterKey(dataDir)).reveal()).toEqual(key.reveal());
    expect((await readFile(file(), 'utf8')).trim()).toBe(key.reveal().toString('base64'));
  });

  test('is one and the same for several who make it at once', async () => {
    const keys = await Promise.all(Array.from({ length: 8 }, () => loadMasterKey(dataDir)));
    expect(new Set(keys.map((key) => key.reveal().toString('hex'))).size).toBe(1);
    expect(await readdir(dataDir)).toEqual(['master.key']);
  });

  test.each([0o644, 0o640, 0o604, 0o660])('is refused where others may read it: mode %o', async (mode) => {
    await loadMasterKey(dataDir);
    await chmod(file(), mode);
    await expect(loadMasterKey(dataDir)).rejects.toThrow(`chmod 600 ${file()}`);
  });

  test.each(['', 'short', Buffer.alloc(31).toString('base64')])('is refused, and kept, where it holds no key: %j', async (text) => {
    await writeFile(file(), text, { mode: 0o600 });
    await expect(loadMasterKey(dataDir)).rejects.toThrow('does not hold a master key');
    expect(await readFile(file(), 'utf8')).toBe(text);
  });
});
