import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { DataSource } from 'typeorm';
import { Reports1763776800000 } from '../../migrations/1763776800000-reports.js';
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

test('rows that were booked before get their attempts counted, and the region that served them', async () => {
  await undoMigration(dataSource, new Reports1763776800000().name);
  const id = (kind: 'organization' | 'provider' | 'model' | 'deployment' | 'completion' | 'attempt' | 'key') => uuidFromId(newId(kind));
  const [organization, provider, model, deployment, served, blocked] = [
    id('organization'),
    id('provider'),
    id('model'),
    id('deployment'),
    id('completion'),
    id('completion'),
  ];
  await dataSource.query(`INSERT INTO organization (id, slug, name, created_at) VALUES ($1, 'old', 'Old', now())`, [organization]);
  await dataSource.query(
    `INSERT INTO provider (id, organization_id, slug, name, wire_format, base_url, region, created_at) VALUES ($1, $2, 'p', 'P', 'OPENAI_CHAT', 'https://x.test', 'eu', now())`,
    [provider, organization],
  );
  await dataSource.query(
    `INSERT INTO model (id, organization_id, slug, name, vendor, operations, capabilities, created_at) VALUES ($1, $2, 'm', 'M', 'v', '{}', '{}', now())`,
    [model, organization],
  );
  await dataSource.query(
    `INSERT INTO deployment (id, organization_id, slug, provider_id, model_id, upstream_model, created_at) VALUES ($1, $2, 'p.m', $3, $4, 'm', now())`,
    [deployment, organization, provider, model],
  );
  for (const [inference, at] of [
    [served, deployment],
    [blocked, null],
  ])
    await dataSource.query(
      `INSERT INTO inference (id, organization_id, operation, status, requested_model, served_deployment_id, api_key_id, created_at)
       VALUES ($1, $2, 'COMPLETION', 'SUCCEEDED', 'm', $3, $4, now())`,
      [inference, organization, at, id('key')],
    );
  for (const index of [0, 1])
    await dataSource.query(
      `INSERT INTO attempt (id, organization_id, inference_id, index, status, started_at) VALUES ($1, $2, $3, $4, 'SUCCEEDED', now())`,
      [id('attempt'), organization, served, index],
    );
  await migrate({ dataSource, logger: collectingLogger(), clock: systemClock });
  const rows = await dataSource.query('SELECT id, attempt_count, served_region FROM inference ORDER BY id');
  expect(rows).toEqual([
    { id: served, attempt_count: 2, served_region: 'eu' },
    { id: blocked, attempt_count: 0, served_region: null },
  ]);
});
