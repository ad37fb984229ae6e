import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { DataSource } from 'typeorm';
import { createDataSource } from '../../src/storage/data-source.js';
import { createGate, createUnitOfWork } from '../../src/storage/unit-of-work.js';
import type { UnitOfWork } from '../../src/storage/unit-of-work.js';
import { createTestDatabase } from '../kit/database.js';
import type { TestDatabase } from '../kit/database.js';
import { startTcpProxy } from '../kit/tcp-proxy.js';
import type { TcpProxy } from '../kit/tcp-proxy.js';

const CONNECTIONS = 3;
/** Far more than what is asked for here takes, far less than anybody would notice a hang by. */
const LIMIT_MS = 800;
const unavailable = expect.objectContaining({ code: 'SERVICE_UNAVAILABLE' });

let database: TestDatabase;
let proxy: TcpProxy;
let dataSource: DataSource;
let patient: UnitOfWork;
let swift: UnitOfWork;

beforeAll(async () => {
  database = await createTestDatabase();
  proxy = await startTcpProxy(database.url);
  dataSource = createDataSource({ url: proxy.url, poolSize: CONNECTIONS, connectTimeoutMs: LIMIT_MS, queryTimeoutMs: LIMIT_MS });
  await dataSource.initialize();
  const gate = createGate(dataSource);
  patient = createUnitOfWork(dataSource, { gate });
  swift = createUnitOfWork(dataSource, { gate, limits: { statementMs: 5_000, transactionMs: LIMIT_MS } });
});

afterAll(async () => {
  await dataSource.destroy();
  await proxy.close();
  await database.drop();
});

const one = (work: UnitOfWork) => work.asWriter((manager) => manager.query<{ one: number }[]>('SELECT 1 AS one'));
const back = async (): Promise<unknown> => {
  for (const end = Date.now() + 20_000; ;) {
    const rows = await one(swift).catch(() => null);
    if (rows !== null || Date.now() > end) return rows;
  }
};

test.each(['swift', 'patient'] as const)('D2 a network that swallows everything holds nobody: %s work', async (kind) => {
  const work = { swift, patient }[kind];
  await Promise.all(Array.from({ length: CONNECTIONS }, () => one(patient)));
  proxy.silence();
  // On connections that were good, on new ones, and in the line behind them.
  const asked = await Promise.allSettled(Array.from({ length: 4 * CONNECTIONS }, () => one(work)));
  expect(asked.map((each) => (each.status === 'rejected' ? each.reason : each.value))).toEqual(asked.map(() => unavailable));
  proxy.heal();
  expect(await back()).toEqual([{ one: 1 }]);
});

test('D2 silence in the middle of a transaction gives its connection up: nobody gets it after that', async () => {
  const attempt = patient.asWriter(async (manager) => {
    await manager.query('SELECT 1');
    proxy.silence();
    await manager.query('SELECT 2');
  });
  await expect(attempt).rejects.toEqual(unavailable);
  proxy.heal();
  expect(await back()).toEqual([{ one: 1 }]);
});

test('a swift transaction ends in time, also where each of its statements does', async () => {
  const slow = swift.asWriter(async (manager) => {
    for (let step = 0; step < 100; step += 1) await manager.query('SELECT pg_sleep(0.05)');
  });
  await expect(slow).rejects.toEqual(unavailable);
  expect(await back()).toEqual([{ one: 1 }]);
});

test('a connection that broke unseen is replaced before anybody notices', async () => {
  await Promise.all(Array.from({ length: CONNECTIONS }, () => one(patient)));
  proxy.cut();
  proxy.heal();
  expect(await Promise.all(Array.from({ length: CONNECTIONS }, () => one(patient)))).toEqual(
    Array.from({ length: CONNECTIONS }, () => [{ one: 1 }]),
  );
});
