import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { DataSource } from 'typeorm';
import { bookingOf } from '../../src/accounting/booking.js';
import type { Booking } from '../../src/accounting/booking.js';
import { createLedgerReader, createLedgerStore } from '../../src/accounting/ledger.store.js';
import { createLedgerWriter } from '../../src/accounting/ledger-writer.js';
import { costOf, sumCosts } from '../../src/accounting/price.js';
import { systemClock } from '../../src/core/clock.js';
import { newId, uuidFromId } from '../../src/core/ids.js';
import type { InferenceRecord } from '../../src/core/inference.js';
import { createDataSource } from '../../src/storage/data-source.js';
import { Model } from '../../src/storage/entities/model.js';
import { Organization } from '../../src/storage/entities/organization.js';
import { Price as PriceEntity } from '../../src/storage/entities/price.js';
import { createUnitOfWork } from '../../src/storage/unit-of-work.js';
import type { UnitOfWork } from '../../src/storage/unit-of-work.js';
import { createTestDatabase } from '../kit/database.js';
import type { TestDatabase } from '../kit/database.js';
import { storedPrice } from '../../src/accounting/ledger-amounts.js';
import { anyRecord, newServed, ORGANIZATION, sampleAttempt, sampleRecord } from './records.js';
import { reported, simplePrice, usd } from './samples.js';

const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

let database: TestDatabase;
let dataSource: DataSource;
let work: UnitOfWork;

beforeAll(async () => {
  database = await createTestDatabase();
  dataSource = createDataSource({ url: database.url, poolSize: 4 });
  await dataSource.initialize();
  work = createUnitOfWork(dataSource);
  await work.asWriter((manager) =>
    manager.insert(Organization, { id: uuidFromId(ORGANIZATION), slug: 'books', name: 'Books', createdAt: new Date() }),
  );
});

afterAll(async () => {
  await dataSource.destroy();
  await database.drop();
});

const insert = (...records: InferenceRecord[]) => createLedgerStore(work).insert(records.map((record) => bookingOf(record)));
const find = (record: InferenceRecord) => createLedgerReader(work).find(record.organizationId, record.id);

/** One cell of the row, as text. */
async function cell(record: InferenceRecord, expression: string): Promise<string | null> {
  const [row] = await work.asWriter((manager) =>
    manager.query<{ value: string | null }[]>(`SELECT (${expression})::text AS value FROM inference WHERE id = $1`, [
      uuidFromId(record.id),
    ]),
  );
  if (!row) throw new Error('there is no such row');
  return row.value;
}

describe('a record comes back as it was booked', () => {
  test('any record, with its attempts', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyRecord, { minLength: 1, maxLength: 4 }), async (records) => {
        await insert(...records);
        for (const record of records) expect(await find(record)).toEqual(record);
      }),
      { numRuns: 40 },
    );
  });

  test('C16 money stays exact, and SQL sums it without a rest', async () => {
    const price = simplePrice({ INPUT: '0.15', OUTPUT: '0.60' });
    const requestedModel = 'tiny';
    const usage = reported({ input: 9, output: 2 });
    const records = Array.from({ length: 10_000 }, () => sampleRecord({ requestedModel, usage, cost: costOf(usage, price) }));
    const writer = createLedgerWriter({ store: createLedgerStore(work), clock: systemClock, logger: quiet });
    for (const record of records) writer.append(record);
    await writer.flush();
    const sum = await work.asWriter((manager) =>
      manager.query('SELECT sum(cost)::text AS cost, count(*)::int AS rows FROM inference WHERE requested_model = $1', [requestedModel]),
    );
    expect(sum).toEqual([{ cost: '0.02550000', rows: 10_000 }]);
  });

  test('C13 an unpriced call has no cost and says so; a free one costs zero', async () => {
    const usage = reported({ input: 9, output: 2 });
    const unpriced = sampleRecord({ usage, cost: costOf(usage, null) });
    const free = sampleRecord({ usage, cost: costOf(usage, simplePrice({ INPUT: '0', OUTPUT: '0' })) });
    await insert(unpriced, free);
    const of = async (record: InferenceRecord) => [
      await cell(record, 'cost'),
      await cell(record, 'unpriced'),
      await cell(record, 'cost_quality'),
    ];
    expect(await of(unpriced)).toEqual([null, 'true', 'UNPRICED']);
    expect(await of(free)).toEqual(['0', 'false', 'FREE']);
  });

  test('an attempt billed at another price finds that one among the prices', async () => {
    const [first, second] = [simplePrice({ INPUT: '1' }), simplePrice({ INPUT: '2' }, { serviceTier: 'flex' })];
    await storePrice(first);
    const usage = reported({ input: 10 });
    const attempts = [
      sampleAttempt({ status: 'FAILED', usage, cost: costOf(usage, first) }),
      sampleAttempt({ index: 1, usage, cost: costOf(usage, second) }),
    ];
    const record = sampleRecord({ attempts, cost: sumCosts([costOf(usage, first), costOf(usage, second)]), usage });
    await insert(record);
    const found = await find(record);
    expect(found).toEqual(record);
    expect(found?.cost?.total).toBe(usd('0.00003'));
  });

  test('text that the database can’t hold is replaced, not refused', async () => {
    const record = sampleRecord({
      user: 'a\0b',
      sessionId: 'half \ud83d pair',
      usage: reported({ input: 1 }, { raw: { 'na\0me': 'x\0', kept: '\\u0000 as text, 🙂' } }),
    });
    await insert(record);
    expect(await find(record)).toMatchObject({
      user: 'a\ufffdb',
      sessionId: 'half \ufffd pair',
      usage: { raw: { 'na\ufffdme': 'x\ufffd', kept: '\\u0000 as text, 🙂' } },
    });
  });
});

async function storePrice(price: ReturnType<typeof simplePrice>): Promise<void> {
  const [organizationId, modelId] = [uuidFromId(ORGANIZATION), uuidFromId(newId('model'))];
  await work.asWriter(async (manager) => {
    await manager.insert(Model, {
      id: modelId,
      organizationId,
      slug: 'dated',
      name: 'Dated',
      vendor: 'v',
      operations: [],
      capabilities: [],
      createdAt: new Date(),
    });
    const { id: _id, currency, source, serviceTier, batch, tiers } = storedPrice(price);
    await manager.insert(PriceEntity, {
      id: uuidFromId(price.id),
      organizationId,
      modelId,
      effectiveFrom: price.effectiveFrom,
      currency,
      source,
      serviceTier,
      batch,
      tiers: [...tiers],
      createdAt: new Date(),
    });
  });
}

describe('the books', () => {
  test('a record is booked once, however often it is sent; the first stays', async () => {
    const record = sampleRecord({ attempts: [sampleAttempt()] });
    await insert(record);
    await insert({ ...record, user: 'changed' }, sampleRecord());
    expect(await find(record)).toEqual(record);
  });

  test('row and attempts are booked together or not at all', async () => {
    const record = sampleRecord({ attempts: [sampleAttempt({ index: 2 ** 40 })] });
    await expect(insert(record)).rejects.toThrow(/integer/);
    expect(await find(record)).toBeNull();
  });

  test('another organization doesn’t find it', async () => {
    const record = sampleRecord();
    await insert(record);
    expect(await createLedgerReader(work).find(newId('organization'), record.id)).toBeNull();
  });

  test('what was never booked is not found', async () => {
    expect(await find(sampleRecord())).toBeNull();
  });

  test('rerouted is told where another target failed first', async () => {
    const [lost, won] = [newServed(), newServed()];
    const failed = sampleAttempt({ served: lost, status: 'FAILED' });
    const rerouted = sampleRecord({ served: won, attempts: [failed, sampleAttempt({ index: 1, served: won })] });
    const retried = sampleRecord({
      served: won,
      attempts: [sampleAttempt({ served: won, status: 'FAILED' }), sampleAttempt({ index: 1, served: won })],
    });
    const lostToo = sampleRecord({
      status: 'FAILED',
      served: won,
      attempts: [failed, sampleAttempt({ index: 1, served: won, status: 'FAILED' })],
    });
    await insert(rerouted, retried, lostToo);
    expect(await Promise.all([rerouted, retried, lostToo].map((record) => cell(record, 'rerouted')))).toEqual(['true', 'false', 'false']);
  });

  test('one poisoned record does not hold up the rest of its batch', async () => {
    const errors: object[] = [];
    const logger = { ...quiet, error: (fields: object) => errors.push(fields) };
    const writer = createLedgerWriter({ store: createLedgerStore(work), clock: systemClock, logger });
    const poison = sampleRecord({ attempts: [sampleAttempt({ index: 2 ** 40 })] });
    const good = Array.from({ length: 50 }, () => sampleRecord());
    for (const record of [...good.slice(0, 20), poison, ...good.slice(20)]) writer.append(record);
    await writer.flush();
    for (const record of good) expect(await find(record)).toEqual(record);
    expect(await find(poison)).toBeNull();
    expect(errors).toEqual([expect.objectContaining({ id: poison.id, code: '22003' })]);
  });

  test('D3 a connection killed while writing costs nothing', async () => {
    const warnings: object[] = [];
    const logger = { ...quiet, warn: (fields: object) => warnings.push(fields) };
    const real = createLedgerStore(work);
    let kills = 0;
    const store = {
      ...real,
      insert: (bookings: readonly Booking[]) =>
        kills++ === 0
          ? work.asWriter(async (manager) => {
              await manager.query('SELECT pg_terminate_backend(pg_backend_pid())');
            })
          : real.insert(bookings),
    };
    const writer = createLedgerWriter({ store, clock: systemClock, logger, limits: { firstRetryMs: 1 } });
    const record = sampleRecord();
    writer.append(record);
    await writer.flush();
    expect(await find(record)).toEqual(record);
    expect(warnings).toHaveLength(1);
  });

  test('a record fault is told from a database that is away', async () => {
    const store = createLedgerStore(work);
    const caught = async (run: Promise<unknown>) =>
      run.then(
        () => null,
        (error: unknown) => error,
      );
    expect(store.isRecordFault(await caught(work.asWriter((manager) => manager.query('SELECT 1/0'))))).toBe(true);
    expect(store.isRecordFault(await caught(work.asWriter((manager) => manager.query('SELECT nonsense'))))).toBe(false);
    expect(
      store.isRecordFault(await caught(work.asWriter((manager) => manager.query('SELECT pg_terminate_backend(pg_backend_pid())')))),
    ).toBe(false);
  });
});
