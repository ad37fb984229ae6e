import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { DataSource, MigrationInterface, QueryRunner } from 'typeorm';
import { systemClock } from '../../src/core/clock.js';
import { createDataSource } from '../../src/storage/data-source.js';
import { migrate } from '../../src/storage/migrate.js';
import { ensureRoles } from '../../src/storage/roles.js';
import { administer, createTestDatabase } from '../kit/database.js';
import type { TestDatabase } from '../kit/database.js';
import { collectingLogger } from '../kit/logger.js';

let database: TestDatabase;
const open: DataSource[] = [];

beforeEach(async () => {
  database = await createTestDatabase({ migrated: false });
});

afterEach(async () => {
  await Promise.all(open.splice(0).map((dataSource) => dataSource.destroy()));
  await database.drop();
});

async function replica(): Promise<DataSource> {
  const dataSource = await createDataSource({ url: database.url, poolSize: 2 }).initialize();
  open.push(dataSource);
  return dataSource;
}

/** A release whose migrations are these. */
async function release(migrations: (new () => MigrationInterface)[]): Promise<DataSource> {
  const dataSource = createDataSource({ url: database.url, poolSize: 2 }).setOptions({ migrations });
  await dataSource.initialize();
  open.push(dataSource);
  return dataSource;
}

class Good1700000000001 implements MigrationInterface {
  readonly name = 'Good1700000000001';
  up = (runner: QueryRunner) => runner.query('CREATE TABLE good (id int)');
  down = (runner: QueryRunner) => runner.query('DROP TABLE good');
}

class Broken1700000000002 implements MigrationInterface {
  readonly name = 'Broken1700000000002';
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE TABLE half (id int)');
    await runner.query('ALTER TABLE missing ADD COLUMN x int');
  }
  down = (runner: QueryRunner) => runner.query('DROP TABLE half');
}

class Repaired1700000000002 implements MigrationInterface {
  readonly name = 'Repaired1700000000002';
  up = (runner: QueryRunner) => runner.query('CREATE TABLE half (id int)');
  down = (runner: QueryRunner) => runner.query('DROP TABLE half');
}

const run = (dataSource: DataSource, logger = collectingLogger()) => migrate({ dataSource, logger, clock: systemClock });

async function exists(dataSource: DataSource, table: string): Promise<boolean> {
  const [row] = await dataSource.query<{ found: boolean }[]>('SELECT to_regclass($1) IS NOT NULL AS found', [table]);
  return row?.found === true;
}

describe('D11 migrations at start-up', () => {
  test('D11 of three replicas at once one migrates, the others wait and find nothing to do', async () => {
    const replicas = await Promise.all([replica(), replica(), replica()]);
    const logger = collectingLogger();
    const outcomes = await Promise.all(replicas.map((dataSource) => run(dataSource, logger)));
    expect(outcomes.filter((names) => names.length > 0)).toHaveLength(1);
    const [first] = replicas;
    const recorded = await first.query<{ name: string }[]>('SELECT name FROM schema_migration');
    expect(recorded.map((row) => row.name)).toEqual(outcomes.flat());
    expect(logger.messages()).toContain('another process migrates the database; waiting for it');
  });

  test('D11 a failing migration rejects with its reason, leaves no half step, keeps those before it, and a rerun is safe', async () => {
    const failing = await release([Good1700000000001, Broken1700000000002]);
    await expect(run(failing)).rejects.toThrow(/relation "missing" does not exist/);
    expect([await exists(failing, 'good'), await exists(failing, 'half')]).toEqual([true, false]);
    await expect(run(failing)).rejects.toThrow(/relation "missing" does not exist/);
    const repaired = await release([Good1700000000001, Repaired1700000000002]);
    expect(await run(repaired)).toEqual(['Repaired1700000000002']);
  });

  test('D11 a replica that waits is let in when the one before it fails or dies', async () => {
    const holder = await replica();
    const runner = holder.createQueryRunner();
    await ensureRoles((text, parameters) => runner.manager.query(text, parameters), systemClock);
    const [lock] = await runner.manager.query<{ pid: number }[]>('SELECT pg_advisory_lock(7452447363310643559), pg_backend_pid() AS pid');
    const logger = collectingLogger();
    const waiting = run(await replica(), logger);
    while (logger.lines.length === 0) await new Promise((resolve) => setImmediate(resolve));
    await administer(`SELECT pg_terminate_backend(${lock?.pid})`);
    expect((await waiting).length).toBeGreaterThan(0);
    await runner.release();
  });

  test('G10 gives its connection back, after success and after failure', async () => {
    const dataSource = await release([Good1700000000001, Broken1700000000002]);
    for (let i = 0; i < 12; i += 1) await run(dataSource).catch(() => undefined);
    expect(await dataSource.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
    expect(await dataSource.query(`SELECT count(*)::int AS locks FROM pg_locks WHERE locktype = 'advisory'`)).toEqual([{ locks: 0 }]);
  });
});

describe('the roles', () => {
  const login = 'limited_login';

  async function limited(attributes: string): Promise<DataSource> {
    await administer(`DROP ROLE IF EXISTS ${login}`);
    await administer(`CREATE ROLE ${login} LOGIN PASSWORD 'x' ${attributes}`);
    const url = new URL(database.url);
    url.username = login;
    url.password = 'x';
    const dataSource = await createDataSource({ url: url.href, poolSize: 1 }).initialize();
    open.push(dataSource);
    return dataSource;
  }

  afterEach(() => administer(`DROP ROLE IF EXISTS ${login}`).catch(() => undefined));

  test('a login that may not grant them is told the SQL, and that SQL is enough', async () => {
    const dataSource = await limited('NOCREATEROLE');
    const sql = (text: string, parameters?: unknown[]) => dataSource.query<Record<string, unknown>[]>(text, parameters);
    const error: unknown = await ensureRoles(sql, systemClock).catch((fault: unknown) => fault);
    expect(String(error)).toContain(`login ${login} may not create or grant roles`);
    const grant = /GRANT .* TO limited_login/.exec(String(error))?.[0];
    await administer(grant ?? '');
    await ensureRoles(sql, systemClock);
    await dataSource.query('SET ROLE glidepath_app');
    expect(await dataSource.query('SELECT current_user AS role')).toEqual([{ role: 'glidepath_app' }]);
  });

  test('many replicas at once agree on them', async () => {
    const replicas = await Promise.all(Array.from({ length: 8 }, replica));
    await Promise.all(
      replicas.map((dataSource) =>
        ensureRoles((text, parameters) => dataSource.query<Record<string, unknown>[]>(text, parameters), systemClock),
      ),
    );
    const rows = await replicas[0]?.query(
      `SELECT rolname, rolcanlogin, rolsuper, rolbypassrls FROM pg_roles WHERE rolname LIKE 'glidepath\\_%' ORDER BY 1`,
    );
    expect(rows).toEqual([
      { rolname: 'glidepath_app', rolcanlogin: false, rolsuper: false, rolbypassrls: false },
      { rolname: 'glidepath_writer', rolcanlogin: false, rolsuper: false, rolbypassrls: false },
    ]);
  });
});
