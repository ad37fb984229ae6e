import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { DataSource, EntityManager } from 'typeorm';
import { newId, uuidFromId } from '../../src/core/ids.js';
import type { OrganizationId } from '../../src/core/ids.js';
import { createDataSource } from '../../src/storage/data-source.js';
import { createUnitOfWork } from '../../src/storage/unit-of-work.js';
import type { UnitOfWork } from '../../src/storage/unit-of-work.js';
import { createTestDatabase } from '../kit/database.js';
import type { TestDatabase } from '../kit/database.js';
import { insertOneOfEverything } from '../kit/one-of-everything.js';

/** What belongs to no tenant. A new table is either here, with a reason, or keeps tenants apart. */
const WITHOUT_TENANT = ['configuration_version', 'installation', 'schema_migration'];

let database: TestDatabase;
let dataSource: DataSource;
let work: UnitOfWork;
const first = newId('organization');
const second = newId('organization');

interface Table {
  readonly name: string;
  readonly partition: boolean;
  readonly secured: boolean;
  readonly forced: boolean;
}

/** From the catalog, so that a new table can't be forgotten. */
async function listTables(): Promise<readonly Table[]> {
  return dataSource.query<Table[]>(`
    SELECT relname AS name, relispartition AS partition, relrowsecurity AS secured, relforcerowsecurity AS forced
    FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'f') ORDER BY 1`);
}

async function tenantTables(): Promise<readonly string[]> {
  return (await listTables()).filter((table) => !table.partition && !WITHOUT_TENANT.includes(table.name)).map((table) => table.name);
}

async function count(manager: EntityManager, table: string): Promise<number> {
  const [row] = await manager.query<{ count: number }[]>(`SELECT count(*)::int AS count FROM ${table}`);
  return row?.count ?? -1;
}

beforeAll(async () => {
  database = await createTestDatabase();
  dataSource = await createDataSource({ url: database.url, poolSize: 3 }).initialize();
  work = createUnitOfWork(dataSource);
  for (const organization of [first, second]) await work.asWriter((manager) => insertOneOfEverything(manager, organization));
});

afterAll(async () => {
  await dataSource.destroy();
  await database.drop();
});

test('every table of the schema keeps tenants apart, by force, except those that belong to none', async () => {
  const tables = (await listTables()).filter((table) => !table.partition);
  expect(tables.filter((table) => !table.secured || !table.forced).map((table) => table.name)).toEqual(WITHOUT_TENANT);
  expect(tables.length).toBeGreaterThan(WITHOUT_TENANT.length + 8);
});

describe('a second organization', () => {
  test('sees nothing of the first in any table, and the first sees its own row in each', async () => {
    for (const table of await tenantTables()) {
      const column = table === 'organization' ? 'id' : 'organization_id';
      for (const [own, other] of [
        [first, second],
        [second, first],
      ] as const) {
        const seen = await work.asOrganization(own, async (manager) => ({
          all: await count(manager, table),
          foreign: await count(manager, `${table} WHERE ${column} = '${uuidFromId(other)}'`),
        }));
        expect({ table, ...seen }).toEqual({ table, all: 1, foreign: 0 });
      }
      expect(await work.asWriter((manager) => count(manager, table))).toBe(2);
    }
  });

  test('changes and deletes nothing of the first', async () => {
    const changed: Record<string, unknown> = {};
    for (const table of await tenantTables()) {
      if (['organization', 'audit_entry', 'inference', 'attempt'].includes(table)) continue;
      await work
        .asOrganization(second, async (manager) => {
          const [, updated] = await manager.query<[unknown, number]>(`UPDATE ${table} SET created_at = now()`);
          changed[table] = updated;
          throw new Error('roll back');
        })
        .catch(() => undefined);
    }
    expect(Object.values(changed)).toEqual(Object.values(changed).map(() => 1));
    expect(Object.keys(changed).length).toBeGreaterThan(5);
  });

  test('cannot refer to what is the first’s, not even by its id', async () => {
    const [team] = await work.asWriter((manager) =>
      manager.query<{ id: string }[]>('SELECT id FROM team WHERE organization_id = $1', [uuidFromId(first)]),
    );
    const attempt = work.asOrganization(second, (manager) => manager.query('UPDATE api_key SET team_id = $1', [team?.id]));
    await expect(attempt).rejects.toMatchObject({ driverError: { code: '23503' } });
  });

  test('cannot give its own rows to the first', async () => {
    const attempt = work.asOrganization(second, (manager) => manager.query('UPDATE team SET organization_id = $1', [uuidFromId(first)]));
    await expect(attempt).rejects.toThrow(/row-level security/);
  });
});

describe('the application’s role', () => {
  const asApp = <T>(organization: string | null, run: (manager: EntityManager) => Promise<T>) =>
    dataSource.transaction(async (manager) => {
      await manager.query('SET LOCAL ROLE glidepath_app');
      if (organization !== null) await manager.query(`SELECT set_config('glidepath.organization_id', $1, true)`, [organization]);
      return run(manager);
    });

  test.each([[null], ['']])('sees nothing while the organization is %j', async (organization) => {
    for (const table of await tenantTables()) expect(await asApp(organization, (manager) => count(manager, table))).toBe(0);
  });

  test('reads no partition directly, whichever exist', async () => {
    const partitions = (await listTables()).filter((table) => table.partition);
    expect(partitions.length).toBeGreaterThanOrEqual(12);
    for (const { name } of partitions) {
      for (const role of ['glidepath_app', 'glidepath_writer']) {
        const attempt = dataSource.transaction(async (manager) => {
          await manager.query(`SET LOCAL ROLE ${role}`);
          return count(manager, name);
        });
        await expect(attempt).rejects.toThrow(`permission denied for table ${name}`);
      }
    }
  });

  test.each([
    ['rewrite the audit log', `UPDATE audit_entry SET actor = 'someone else'`],
    ['empty the audit log', 'DELETE FROM audit_entry'],
    ['write into the ledger', 'UPDATE inference SET cost = 0'],
    ['rename its organization', `UPDATE organization SET slug = 'other'`],
    ['see the installation', 'SELECT * FROM installation'],
    ['truncate', 'TRUNCATE team CASCADE'],
    ['make tables', 'CREATE TABLE mine (id int)'],
    ['switch security off', 'ALTER TABLE team DISABLE ROW LEVEL SECURITY'],
  ])('may not %s', async (_what, sql) => {
    await expect(asApp(uuidFromId(first), (manager) => manager.query(sql))).rejects.toThrow(/permission denied|must be owner/);
  });
});

test('a login that is no superuser, and forgot to take a role, sees nothing although it owns the tables', async () => {
  const owner = `owner_${database.url.slice(-8)}`;
  await dataSource.query(`CREATE ROLE ${owner} NOLOGIN`);
  try {
    await dataSource.query(`GRANT glidepath_app, glidepath_writer TO ${owner} WITH INHERIT FALSE, SET TRUE`);
    const rows = await dataSource.transaction(async (manager) => {
      await manager.query(`ALTER TABLE team OWNER TO ${owner}`);
      await manager.query(`SET LOCAL ROLE ${owner}`);
      return count(manager, 'team');
    });
    expect(rows).toBe(0);
  } finally {
    await dataSource.query(`REASSIGN OWNED BY ${owner} TO CURRENT_USER; DROP OWNED BY ${owner}; DROP ROLE ${owner}`);
  }
});

test('the organizations of this test are what they seem', async () => {
  const ids = await work.asWriter((manager) => manager.query<{ id: string }[]>('SELECT id FROM organization ORDER BY id'));
  const expected: OrganizationId[] = [first, second];
  expect(ids.map((row) => row.id).sort()).toEqual(expected.map(uuidFromId).sort());
});
