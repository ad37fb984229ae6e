import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { systemClock } from '../../src/core/clock.js';
import { Secret } from '../../src/core/secret.js';
import { openDatabase } from '../../src/storage/database.js';
import { createTestDatabase } from '../kit/database.js';
import type { TestDatabase } from '../kit/database.js';
import { collectingLogger } from '../kit/logger.js';

describe('openDatabase', () => {
  let database: TestDatabase;
  const masterKey = new Secret(randomBytes(32));

  beforeAll(async () => {
    database = await createTestDatabase({ migrated: false });
  });

  afterAll(() => database.drop());

  const dataDir = tmpdir();
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

  test('a database that does not answer is told with its address, never with its password', async () => {
    const away = new URL(`postgres://app:the-password@127.0.0.1:${await closedPort()}/glidepath`);
    const logger = collectingLogger();
    const config = { databaseUrl: new Secret(away.href), dataDir, masterKey };
    const error: unknown = await openDatabase({ config, logger, clock: systemClock, connectWithinMs: 600 }).catch(
      (fault: unknown) => fault,
    );
    expect(String(error)).toBe(`Error: The database glidepath at ${away.host} cannot be reached (ECONNREFUSED).`);
    expect(logger.messages('info')).toEqual(['the database does not answer yet; waiting for it']);
    expect(JSON.stringify(logger.lines)).not.toContain('the-password');
  });

  test('a database that comes up later is waited for', async () => {
    const port = await closedPort();
    const late = new URL(database.url);
    const target = Number(late.port);
    late.port = String(port);
    const logger = collectingLogger();
    const config = { databaseUrl: new Secret(late.href), dataDir, masterKey };
    const opening = openDatabase({ config, logger, clock: systemClock });
    while (logger.lines.length === 0) await new Promise((resolve) => setImmediate(resolve));
    const proxy = await startProxy({ port, target });
    const opened = await opening;
    expect(await opened.dataSource.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await opened.close();
    await proxy.close();
  });

  test('a pooler in between is named, and a direct connection is not', async () => {
    const target = Number(new URL(database.url).port);
    const proxy = await startProxy({ port: 0, target, rewrite: withForeignProcessId });
    const pooled = new URL(database.url);
    pooled.port = String(proxy.port);
    for (const [url, warnings] of [
      [pooled.href, 1],
      [database.url, 0],
    ] as const) {
      const logger = collectingLogger();
      const config = { databaseUrl: new Secret(url), dataDir, masterKey };
      await (await openDatabase({ config, logger, clock: systemClock, poolSize: 1 })).close();
      expect(logger.messages('warn').filter((message) => message.includes('pooler'))).toHaveLength(warnings);
    }
    await proxy.close();
  });
});

/** BackendKeyData of the wire protocol: 'K', length 12, process id, secret. A pooler makes up its own. */
function withForeignProcessId(chunk: Buffer): Buffer {
  const start = chunk.indexOf(Buffer.of(0x4b, 0, 0, 0, 12));
  if (start < 0) return chunk;
  const changed = Buffer.from(chunk);
  changed.writeInt32BE(77, start + 5);
  return changed;
}

async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

interface ProxySettings {
  readonly port: number;
  readonly target: number;
  readonly rewrite?: (chunk: Buffer) => Buffer;
}

async function startProxy({ port, target, rewrite = (chunk) => chunk }: ProxySettings) {
  const server = createServer((client) => {
    const upstream = connect(target, '127.0.0.1');
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      socket.on('error', () => other.destroy());
      socket.on('close', () => other.destroy());
    }
    client.on('data', (chunk: Buffer) => upstream.write(chunk));
    upstream.on('data', (chunk: Buffer) => client.write(rewrite(chunk)));
  }).listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    close: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
}
