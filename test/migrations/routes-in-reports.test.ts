import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { DataSource } from 'typeorm';
import { RoutesInReports1763787000000 } from '../../migrations/1763787000000-routes-in-reports.js';
import { systemClock } from '../../src/core/clock.js';
import { newId, uuidFromId } from '../../src/core/ids.js';
import { createDataSource } from '../../src/storage/data-source.js';
import { migrate } from '../../src/storage/migrate.js';
import { createTestDatabase } from '../kit/database.js';
import type { TestDatabase } from '../kit/database.js';
import { collectingLogger } from '../kit/logger.js';
import { undoMigration } from '../kit/undo-migration.js';

let database: TestDatabase;
let dataSource: DataSource;

beforeEach(async () => {
  database = await createTestDatabase();
  dataSource = await createDataSource({ url: database.url, poolSize: 2 }).initialize();
});

afterEach(async () => {
  await dataSource.destroy();
  await database.drop();
});

test('rows that were booked before tell by which route they went, where their decision does', async () => {
  await undoMigration(dataSource, new RoutesInReports1763787000000().name);
  const decisions = [{ route: 'main', routeVersion: 3, seed: 's' }, { route: null, routeVersion: null, seed: 's' }, null];
  const ids = decisions.map(() => uuidFromId(newId('completion')));
  for (const [index, routing] of decisions.entries())
    await dataSource.query(
      `INSERT INTO inference (id, organization_id, operation, status, requested_model, api_key_id, created_at, routing)
       VALUES ($1, $2, 'COMPLETION', 'SUCCEEDED', 'm', $3, now(), $4)`,
      [ids[index], uuidFromId(newId('organization')), uuidFromId(newId('key')), routing && JSON.stringify(routing)],
    );
  await migrate({ dataSource, clock: systemClock, logger: collectingLogger() });
  const rows = await dataSource.query<{ id: string; route: string | null; route_version: number | null }[]>(
    'SELECT id, route, route_version FROM inference ORDER BY array_position($1::uuid[], id)',
    [ids],
  );
  expect(rows).toEqual([
    { id: ids[0], route: 'main', route_version: 3 },
    { id: ids[1], route: null, route_version: null },
    { id: ids[2], route: null, route_version: null },
  ]);
});
