import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { systemClock } from '../../src/core/clock.js';
import { Secret } from '../../src/core/secret.js';
import { openDatabase } from '../../src/storage/database.js';
import { loadMasterKey } from '../../src/storage/master-key.js';
import { createTestDatabase } from '../kit/database.js';
import type { TestDatabase } from '../kit/database.js';
import { collectingLogger } from '../kit/logger.js';

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

describe('openDatabase', () => {
  let database: TestDatabase;
  const masterKey = new Secret(randomBytes(32));

  beforeAll(async () => {
    database = await createTestDatabase({ migrated: false });
  });

  afterAll(() => database.drop());

  const open = (key: Secret<Buffer> | null, url = database.url) =>
    openDatabase({
      config: { databaseUrl: new Secret(url), dataDir, masterKey: key },
      logger: collectingLogger(),
      clock: systemClock,
      poolSize: 2,
    });

  test('brings an empty database up, and another master key is refused from then on', async () => {
    const first = await open(masterKey);
    expect(first.masterKey).toBe(masterKey);
    expect(await first.unitOfWork.asWriter((manager) => manager.query('SELECT seeded_at FROM installation'))).toEqual([
      { seeded_at: null },
    ]);
    const partitions = await first.dataSource.query<unknown[]>(
      `SELECT 1 FROM pg_class WHERE relname ~ '^(inference|attempt)_2' AND relkind = 'r'`,
    );
    expect(partitions).toHaveLength(10);
    await first.close();
    await expect(open(new Secret(randomBytes(32)))).rejects.toThrow(/is not the one this database was set up with/);
    const again = await open(new Secret(Buffer.from(masterKey.reveal())));
    await again.close();
  });

  test('nothing in the database gives the master key away', async () => {
    const opened = await open(masterKey);
    const [row] = await opened.unitOfWork.asWriter((manager) =>
      manager.query<{ check: Buffer }[]>('SELECT master_key_check AS check FROM installation'),
    );
    expect(row?.check).toHaveLength(32);
    expect(row?.check.equals(masterKey.reveal())).toBe(false);
    await opened.close();
  });

  test('three replicas open one empty database at once', async () => {
    const empty = await createTestDatabase({ migrated: false });
    const opened = await Promise.all([1, 2, 3].map(() => open(masterKey, empty.url)));
    await Promise.all(opened.map((replica) => replica.close()));
    await empty.drop();
    expect(opened).toHaveLength(3);
  });

  test('a database that is not there is told as it is, and no connection stays', async () => {
    const missing = new URL(database.url);
    missing.pathname = '/nowhere';
    await expect(open(masterKey, missing.href)).rejects.toThrow('database "nowhere" does not exist');
  });
});
