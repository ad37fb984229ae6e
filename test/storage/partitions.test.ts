import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { DataSource } from 'typeorm';
import { uuidv7obj, V7Generator } from 'uuidv7';
import { newId, uuidFromId } from '../../src/core/ids.js';
import { createDataSource } from '../../src/storage/data-source.js';
import { Attempt } from '../../src/storage/entities/attempt.js';
import { ensurePartitions, lowestIdAt, monthsAround } from '../../src/storage/partitions.js';
import { createUnitOfWork } from '../../src/storage/unit-of-work.js';
import { createTestDatabase } from '../kit/database.js';
import type { TestDatabase } from '../kit/database.js';

const idAt = (instant: Date): string => new V7Generator().generateOrResetWithTs(instant.getTime()).toString();

describe('the bounds', () => {
  test('cover the month before, this one and three ahead, over the end of a year, without gap or overlap', () => {
    const months = monthsAround(new Date('2026-11-30T23:59:59.999Z'));
    expect(months.map((month) => month.suffix)).toEqual(['2026_10', '2026_11', '2026_12', '2027_01', '2027_02']);
    for (const [i, month] of months.entries()) if (i > 0) expect(month.fromId).toBe(months[i - 1]?.toId);
    expect(months[1]?.fromId).toBe(lowestIdAt(new Date('2026-11-01T00:00:00.000Z')));
  });

  test('no id of an instant lies below them, and none of the millisecond before lies above', () => {
    fc.assert(
      fc.property(fc.date({ min: new Date('1970-01-02'), max: new Date('9999-12-31'), noInvalidDate: true }), (instant) => {
        expect(idAt(instant) >= lowestIdAt(instant)).toBe(true);
        expect(idAt(new Date(instant.getTime() - 1)) < lowestIdAt(instant)).toBe(true);
      }),
    );
  });

  test('a new id of ours lies in the current month', () => {
    const id = uuidFromId(newId('completion'));
    const current = monthsAround(new Date())[1];
    expect(current && id >= current.fromId && id < current.toId).toBe(true);
    expect(uuidv7obj().getVersion()).toBe(7);
  });
});

describe('ensurePartitions', () => {
  let database: TestDatabase;
  let dataSource: DataSource;

  beforeAll(async () => {
    database = await createTestDatabase();
    dataSource = await createDataSource({ url: database.url, poolSize: 4 }).initialize();
  });

  afterAll(async () => {
    await dataSource.destroy();
    await database.drop();
  });

  /** Which partition holds which inference. */
  async function placeOf(id: string): Promise<string | undefined> {
    const rows = await dataSource.query<{ place: string }[]>('SELECT tableoid::regclass::text AS place FROM inference WHERE id = $1', [id]);
    return rows[0]?.place;
  }

  const insert = (id: string) =>
    createUnitOfWork(dataSource).asWriter((manager) =>
      manager.query(
        `INSERT INTO inference (id, organization_id, operation, status, requested_model, api_key_id, created_at)
         VALUES ($1, $1, 'COMPLETION', 'RUNNING', 'm', $1, now())`,
        [id],
      ),
    );

  test('makes nothing twice, also on several replicas at once', async () => {
    const now = new Date('2031-05-15T12:00:00Z');
    const made = await Promise.all([1, 2, 3].map(() => ensurePartitions(dataSource, now)));
    expect(made.flat()).toHaveLength(10);
    expect(made.filter((names) => names.length > 0)).toHaveLength(1);
    expect(await ensurePartitions(dataSource, new Date('2031-06-01T00:00:00Z'))).toEqual(['inference_2031_09', 'attempt_2031_09']);
  });

  test('a row lies in the month of its id', async () => {
    await ensurePartitions(dataSource, new Date('2032-03-10T00:00:00Z'));
    for (const [instant, place] of [
      ['2032-02-29T23:59:59.999Z', 'inference_2032_02'],
      ['2032-03-01T00:00:00.000Z', 'inference_2032_03'],
    ] as const) {
      const id = idAt(new Date(instant));
      await insert(id);
      expect(await placeOf(id)).toBe(place);
    }
  });

  test('takes over what a skewed clock had left in the default partition', async () => {
    const id = idAt(new Date('2040-07-07T00:00:00Z'));
    await insert(id);
    expect(await placeOf(id)).toBe('inference_default');
    await ensurePartitions(dataSource, new Date('2040-07-01T00:00:00Z'));
    expect(await placeOf(id)).toBe('inference_2040_07');
  });

  test('a partition has the indexes of its parent', async () => {
    const indexesOf = async (table: string) => {
      const [row] = await dataSource.query<{ count: number }[]>(
        'SELECT count(*)::int AS count FROM pg_index JOIN pg_class held ON held.oid = indrelid WHERE held.relname = $1',
        [table],
      );
      return row?.count ?? 0;
    };
    for (const table of ['inference', 'attempt']) {
      expect(await indexesOf(table)).toBeGreaterThanOrEqual(2);
      expect(await indexesOf(`${table}_2031_05`)).toBe(await indexesOf(table));
    }
  });

  test('counts of tokens and money come back exact', async () => {
    const id = idAt(new Date());
    await createUnitOfWork(dataSource).asWriter(async (manager) => {
      await manager.query(
        `INSERT INTO attempt (id, organization_id, inference_id, index, status, started_at, input, cache_write_1h, usage_source, usage_raw, cost)
         VALUES ($1, $1, $1, 0, 'SUCCEEDED', now(), $2, 7, 'REPORTED', $3, $4)`,
        [id, Number.MAX_SAFE_INTEGER, JSON.stringify({ prompt_tokens: 1 }), '123456789012.000000000001'],
      );
      const found = await manager.findOneByOrFail(Attempt, { id });
      expect([found.usage.input, found.usage.cacheWrite1h, found.usage.output]).toEqual([Number.MAX_SAFE_INTEGER, 7, 0]);
      expect([found.usage.source, found.usage.inconsistent]).toEqual(['REPORTED', false]);
      expect(JSON.stringify(found.usage.raw)).toBe('{"prompt_tokens":1}');
      expect(found.cost).toBe('123456789012.000000000001');
    });
  });
});
