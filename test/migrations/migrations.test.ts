import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { MigrationExecutor } from 'typeorm';
import type { DataSource } from 'typeorm';
import { systemClock } from '../../src/core/clock.js';
import { createDataSource } from '../../src/storage/data-source.js';
import { migrate } from '../../src/storage/migrate.js';
import { ensurePartitions } from '../../src/storage/partitions.js';
import { createTestDatabase } from '../kit/database.js';
import type { TestDatabase } from '../kit/database.js';
import { collectingLogger } from '../kit/logger.js';

let database: TestDatabase;
let dataSource: DataSource;

beforeEach(async () => {
  database = await createTestDatabase({ migrated: false });
  dataSource = createDataSource({ url: database.url, poolSize: 2 });
  await dataSource.initialize();
});

afterEach(async () => {
  if (dataSource.isInitialized) await dataSource.destroy();
  await database.drop();
});

const context = () => ({ dataSource, logger: collectingLogger(), clock: systemClock });

async function tables(): Promise<string[]> {
  const rows = await dataSource.query<{ name: string }[]>(
    `SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') ORDER BY 1`,
  );
  return rows.map((row) => row.name);
}

/** What TypeORM would change to make the database what the entities say. */
async function drift(): Promise<string[]> {
  return (await dataSource.driver.createSchemaBuilder().log()).upQueries.map((query) => query.query);
}

async function undoAll(): Promise<void> {
  const executor = new MigrationExecutor(dataSource);
  for (const _ of await executor.getExecutedMigrations()) await executor.undoLastMigration();
}

describe('the migrations', () => {
  test('go up, down and up again on an empty database', async () => {
    const first = await migrate(context());
    expect(first.length).toBeGreaterThan(0);
    const after = await tables();
    expect(after).toEqual(expect.arrayContaining(['organization', 'inference', 'inference_default', 'attempt', 'attempt_default']));
    await ensurePartitions(dataSource, new Date());
    await undoAll();
    expect(await tables()).toEqual(['schema_migration']);
    expect(await migrate(context())).toEqual(first);
    expect(await tables()).toEqual(after);
  });

  test('leave no drift from the entities, and the check would see one', async () => {
    await migrate(context());
    await ensurePartitions(dataSource, new Date());
    expect(await drift()).toEqual([]);
    for (const change of [
      'ALTER TABLE inference DROP COLUMN warnings',
      'ALTER TABLE team ALTER COLUMN name DROP NOT NULL',
      'ALTER TABLE deployment DROP CONSTRAINT deployment_model_fkey',
      'ALTER TABLE price DROP CONSTRAINT price_of_model_or_deployment',
      'DROP INDEX provider_live_slug_key',
    ]) {
      const before = (await drift()).length;
      await dataSource.query(change);
      expect((await drift()).length).toBeGreaterThan(before);
    }
  });

  test('run once: a second start finds nothing to do', async () => {
    await migrate(context());
    expect(await migrate(context())).toEqual([]);
  });
});
