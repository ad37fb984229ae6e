import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type pg from 'pg';
import type { DataSource } from 'typeorm';
import { GatewayError } from '../../src/core/errors.js';
import { newId, uuidFromId } from '../../src/core/ids.js';
import { createDataSource } from '../../src/storage/data-source.js';
import { Organization } from '../../src/storage/entities/organization.js';
import { Team } from '../../src/storage/entities/team.js';
import { createUnitOfWork } from '../../src/storage/unit-of-work.js';
import type { UnitOfWork } from '../../src/storage/unit-of-work.js';
import { createTestDatabase } from '../kit/database.js';
import type { TestDatabase } from '../kit/database.js';

const POOL_SIZE = 2;
const IMPATIENCE_MS = 300;

let database: TestDatabase;
let dataSource: DataSource;
let work: UnitOfWork;

const first = newId('organization');
const second = newId('organization');

/** The pool that TypeORM keeps to itself. */
function pool(): pg.Pool {
  return (dataSource.driver as unknown as { master: pg.Pool }).master;
}

beforeAll(async () => {
  database = await createTestDatabase();
  dataSource = createDataSource({ url: database.url, poolSize: POOL_SIZE, connectTimeoutMs: 30_000 });
  await dataSource.initialize();
  work = createUnitOfWork(dataSource);
  await work.asWriter(async (manager) => {
    for (const id of [first, second]) await manager.insert(Organization, { id: uuidFromId(id), slug: id, name: id, createdAt: new Date() });
  });
});

afterAll(async () => {
  await dataSource.destroy();
  await database.drop();
});

describe('asOrganization', () => {
  test('runs as the application role, for that organization, only within the transaction', async () => {
    const seen = await work.asOrganization(first, (manager) =>
      manager.query<Record<string, string>[]>(
        `SELECT current_user AS role, current_setting('glidepath.organization_id') AS organization, current_setting('statement_timeout') AS timeout`,
      ),
    );
    expect(seen).toEqual([{ role: 'glidepath_app', organization: uuidFromId(first), timeout: '30s' }]);
    for (let i = 0; i < POOL_SIZE; i += 1) {
      const [after] = await dataSource.query<Record<string, string>[]>(
        `SELECT current_user AS role, current_setting('glidepath.organization_id', true) AS organization`,
      );
      expect(after).toEqual({ role: 'glidepath', organization: '' });
    }
  });

  test('sees its own rows and cannot write another organization’s', async () => {
    const team = (organization: typeof first) => ({
      id: uuidFromId(newId('team')),
      organizationId: uuidFromId(organization),
      slug: 'core',
      name: 'Core',
      createdAt: new Date(),
    });
    await work.asOrganization(first, (manager) => manager.insert(Team, team(first)));
    expect(await work.asOrganization(first, (manager) => manager.find(Team))).toHaveLength(1);
    expect(await work.asOrganization(second, (manager) => manager.find(Team))).toEqual([]);
    await expect(work.asOrganization(second, (manager) => manager.insert(Team, team(first)))).rejects.toThrow(/row-level security/);
    const moved = await work.asOrganization(second, (manager) => manager.update(Team, { slug: 'core' }, { name: 'Stolen' }));
    expect(moved.affected).toBe(0);
  });

  test('rolls back what an error interrupts, and hands the error on', async () => {
    const fault = new Error('halfway');
    const attempt = work.asOrganization(first, async (manager) => {
      await manager.query(`UPDATE team SET name = 'Changed'`);
      throw fault;
    });
    await expect(attempt).rejects.toBe(fault);
    const [team] = await work.asOrganization(first, (manager) => manager.find(Team));
    expect(team?.name).toBe('Core');
  });
});

test('G10 connections come back to the pool after success, after every kind of error, and under contention', async () => {
  const failures = [
    () => work.asOrganization(first, () => Promise.reject(new Error('thrown'))),
    () => work.asOrganization(first, (manager) => manager.query('SELECT nonsense')),
    () => work.asWriter((manager) => manager.query('SELECT 1/0')),
    () => work.asOrganization(first, (manager) => manager.query('SELECT pg_sleep(0.01)')),
    () => work.asOrganization(first, (manager) => manager.query(`INSERT INTO audit_entry (id) VALUES ('not a uuid')`)),
  ];
  for (let round = 0; round < 10; round += 1) await Promise.allSettled(failures.map((run) => run()));
  expect(pool().waitingCount).toBe(0);
  expect(pool().idleCount).toBe(pool().totalCount);
  expect(pool().totalCount).toBe(POOL_SIZE);
  await work.asWriter((manager) => manager.query('SELECT 1'));
});

describe('D2 a database that is away is SERVICE_UNAVAILABLE', () => {
  const unavailable = expect.objectContaining({ code: 'SERVICE_UNAVAILABLE', retryAfterMs: expect.any(Number) });

  test('D2 when every connection is taken, and it is back as soon as one is free', async () => {
    const holders = await Promise.all(Array.from({ length: POOL_SIZE }, () => pool().connect()));
    const { options } = pool();
    const { connectionTimeoutMillis } = options;
    // Only who waits is impatient: to open a connection may take a busy machine longer.
    options.connectionTimeoutMillis = IMPATIENCE_MS;
    try {
      await expect(work.asWriter((manager) => manager.query('SELECT 1'))).rejects.toEqual(unavailable);
    } finally {
      options.connectionTimeoutMillis = connectionTimeoutMillis;
      for (const holder of holders) holder.release();
    }
    expect(await work.asWriter((manager) => manager.query('SELECT 1 AS one'))).toEqual([{ one: 1 }]);
  });

  test('D2 when the server ends the connection in the middle', async () => {
    const attempt = work.asWriter(async (manager) => {
      const [row] = await manager.query<{ pid: number }[]>('SELECT pg_backend_pid() AS pid');
      await dataSource.query('SELECT pg_terminate_backend($1)', [row?.pid]);
      await manager.query('SELECT 1');
    });
    await expect(attempt).rejects.toEqual(unavailable);
    expect(await work.asWriter((manager) => manager.query('SELECT 1 AS one'))).toEqual([{ one: 1 }]);
    expect(pool().idleCount).toBe(pool().totalCount);
  });

  test('D2 when the pool is closed, without the reason reaching the caller', async () => {
    const closed = createDataSource({ url: database.url, poolSize: 1 });
    await closed.initialize();
    await closed.destroy();
    const error = await createUnitOfWork(closed)
      .asWriter((manager) => manager.query('SELECT 1'))
      .catch((fault: unknown) => fault);
    expect(error).toBeInstanceOf(GatewayError);
    expect(error).toEqual(unavailable);
    expect(String(error)).toBe('GatewayError: The database is not available.');
  });

  test('D2 but an error of the statement stays what it is', async () => {
    await expect(work.asWriter((manager) => manager.query('SELECT nonsense'))).rejects.toMatchObject({ name: 'QueryFailedError' });
  });
});

test('the error of a failed statement carries none of its bound values', async () => {
  const error: unknown = await work
    .asWriter((manager) => manager.query('SELECT $1::int', ['top-secret-value-as-number']))
    .catch((fault: unknown) => fault);
  expect(error).toMatchObject({ name: 'QueryFailedError' });
  expect(JSON.stringify(Object.entries(error as object).filter(([name]) => name !== 'driverError'))).not.toContain('top-secret');
});
