import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { DataSource } from 'typeorm';
import { bookingOf } from '../../src/accounting/booking.js';
import { ATTEMPT_COLUMNS, INFERENCE_COLUMNS } from '../../src/accounting/ledger-columns.js';
import { toAttemptRows, toInferenceRow } from '../../src/accounting/ledger-rows.js';
import { createLedgerReader, createLedgerStore } from '../../src/accounting/ledger.store.js';
import { createLedgerWriter } from '../../src/accounting/ledger-writer.js';
import { costOf } from '../../src/accounting/price.js';
import { systemClock } from '../../src/core/clock.js';
import { uuidFromId } from '../../src/core/ids.js';
import type { InferenceRecord } from '../../src/core/inference.js';
import { createDataSource } from '../../src/storage/data-source.js';
import { createUnitOfWork } from '../../src/storage/unit-of-work.js';
import type { UnitOfWork } from '../../src/storage/unit-of-work.js';
import { administer, createTestDatabase } from '../kit/database.js';
import type { TestDatabase } from '../kit/database.js';
import { collectingLogger } from '../kit/logger.js';
import { sampleAttempt, sampleRecord } from './records.js';
import { reported, simplePrice } from './samples.js';

let database: TestDatabase;
let dataSource: DataSource;
let work: UnitOfWork;

beforeAll(async () => {
  database = await createTestDatabase();
  dataSource = createDataSource({ url: database.url, poolSize: 6 });
  await dataSource.initialize();
  work = createUnitOfWork(dataSource);
});

afterAll(async () => {
  await dataSource.destroy();
  await database.drop();
});

const PRICE = simplePrice({ INPUT: '1', OUTPUT: '2' });
const QUICK = { firstRetryMs: 1, lastRetryMs: 20, idleMs: 1 };

function billed(overrides: Partial<InferenceRecord> = {}): InferenceRecord {
  const usage = reported({ input: 10, output: 5 });
  const cost = costOf(usage, PRICE);
  return sampleRecord({ usage, cost, attempts: [sampleAttempt({ usage, cost }), sampleAttempt({ index: 1, usage, cost })], ...overrides });
}

interface Sums {
  readonly rows: number;
  readonly cost: string | null;
  readonly attempts: number;
}

async function sums(records: readonly InferenceRecord[]): Promise<Sums> {
  const ids = records.map(({ id }) => uuidFromId(id));
  const [found] = await work.asWriter((manager) =>
    manager.query<Sums[]>(
      `SELECT count(*)::int AS rows, sum(cost)::text AS cost,
         (SELECT count(*)::int FROM attempt WHERE inference_id = ANY($1::uuid[])) AS attempts
       FROM inference WHERE id = ANY($1::uuid[])`,
      [ids],
    ),
  );
  if (!found) throw new Error('an aggregate gives a row');
  return found;
}

const DEADLOCK = `DO $$ BEGIN RAISE EXCEPTION 'deadlock detected' USING ERRCODE = '40P01'; END $$`;
const SERIALIZATION = `DO $$ BEGIN RAISE EXCEPTION 'could not serialize' USING ERRCODE = '40001'; END $$`;
const SHUTDOWN = `DO $$ BEGIN RAISE EXCEPTION 'terminating connection' USING ERRCODE = '57P01'; END $$`;
const CRASH = `DO $$ BEGIN RAISE EXCEPTION 'crash' USING ERRCODE = '57P02'; END $$`;
const STARTING = `DO $$ BEGIN RAISE EXCEPTION 'starting up' USING ERRCODE = '57P03'; END $$`;
const BROKEN = `DO $$ BEGIN RAISE EXCEPTION 'connection failure' USING ERRCODE = '08006'; END $$`;
const KILLED = 'SELECT pg_terminate_backend(pg_backend_pid())';

/** Runs a statement in the first transaction: before its write number `at`, or after its last. */
function faultAt(at: number, sql: string): UnitOfWork {
  let first = true;
  return {
    ...work,
    asWriter: (run) =>
      work.asWriter(async (manager) => {
        if (!first) return run(manager);
        first = false;
        let writes = 0;
        const faulty = new Proxy(manager, {
          get(target, name) {
            if (name !== 'query') return Reflect.get(target, name) as unknown;
            return async (statement: string, parameters: unknown[]) => {
              if (writes++ === at) await target.query(sql);
              return target.query(statement, parameters);
            };
          },
        });
        const result = await run(faulty);
        if (writes <= at) await manager.query(sql);
        return result;
      }),
  };
}

describe('C22 whatever fails, wherever', () => {
  const faults = {
    '40P01': DEADLOCK,
    '40001': SERIALIZATION,
    '57P01': SHUTDOWN,
    '57P02': CRASH,
    '57P03': STARTING,
    '08006': BROKEN,
    killed: KILLED,
  };
  const places = ['before the rows', 'between rows and attempts', 'before the commit'];
  const cases = Object.entries(faults).flatMap(([name, sql]) => places.map((place, at) => ({ name, place, at, sql })));

  test.each(cases)('C22 $name $place: nothing is lost, and each is booked once', async ({ at, sql }) => {
    const records = Array.from({ length: 5 }, () => billed());
    const logger = collectingLogger();
    const writer = createLedgerWriter({ store: createLedgerStore(faultAt(at, sql)), clock: systemClock, logger, limits: QUICK });
    for (const record of records) writer.append(record);
    await writer.flush();
    expect(await sums(records)).toEqual({ rows: 5, cost: '0.00010', attempts: 10 });
    expect(logger.messages('warn')).toHaveLength(1);
    expect(logger.messages('error')).toEqual([]);
  });

  test('C22 a commit whose answer is lost counts once', async () => {
    let lost = true;
    const deaf: UnitOfWork = {
      ...work,
      async asWriter(run) {
        const result = await work.asWriter(run);
        if (!lost) return result;
        lost = false;
        throw Object.assign(new Error('Connection terminated unexpectedly'), { code: 'ECONNRESET' });
      },
    };
    const records = Array.from({ length: 5 }, () => billed());
    const writer = createLedgerWriter({ store: createLedgerStore(deaf), clock: systemClock, logger: collectingLogger(), limits: QUICK });
    for (const record of records) writer.append(record);
    await writer.flush();
    expect(await sums(records)).toEqual({ rows: 5, cost: '0.00010', attempts: 10 });
  });
});

describe('writers side by side', () => {
  test.each([
    { rounds: 3, rows: 200, batchRecords: 50 },
    { rounds: 100, rows: 10, batchRecords: 5 },
  ])(
    'D1 three flushers with the same $rows rows in opposite orders, $rounds times: no deadlock stops them, sums exact',
    async ({ rounds, rows, batchRecords }) => {
      for (let round = 0; round < rounds; round += 1) {
        const records = Array.from({ length: rows }, () => billed());
        const orders = [
          records,
          records.toReversed(),
          records.toSorted((left, right) => (left.id.slice(-6) < right.id.slice(-6) ? -1 : 1)),
        ];
        await Promise.all(
          orders.map(async (order) => {
            const limits = { ...QUICK, batchRecords };
            const writer = createLedgerWriter({ store: createLedgerStore(work), clock: systemClock, logger: collectingLogger(), limits });
            for (const record of order) writer.append(record);
            await writer.flush();
          }),
        );
        expect(await sums(records)).toEqual({ rows, cost: `0.${String(2 * rows).padStart(5, '0')}`, attempts: 2 * rows });
      }
    },
    180_000,
  );

  test('D3 every connection killed, again and again, under load: the books are complete and nothing is double', async () => {
    const writer = createLedgerWriter({ store: createLedgerStore(work), clock: systemClock, logger: collectingLogger(), limits: QUICK });
    const name = new URL(database.url).pathname.slice(1);
    const records: InferenceRecord[] = [];
    for (let round = 0; round < 6; round += 1) {
      for (let index = 0; index < 40; index += 1) {
        const record = billed();
        records.push(record);
        writer.append(record);
      }
      await administer(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${name}'`);
    }
    await writer.flush();
    expect(await sums(records)).toEqual({ rows: 240, cost: '0.00480', attempts: 480 });
  });
});

describe('rows that give way', () => {
  const store = () => createLedgerStore(work);
  const find = (record: InferenceRecord) => createLedgerReader(work).find(record.organizationId, record.id);

  test('the row of a call that runs is replaced by what it came to', async () => {
    const settled = billed();
    await store().insert([bookingOf({ ...settled, status: 'RUNNING', usage: null, cost: null, attempts: [], endedAt: null })]);
    expect((await find(settled))?.status).toBe('RUNNING');
    await store().insert([bookingOf(settled)]);
    expect(await find(settled)).toEqual(settled);
  });

  test('a provisional settlement is replaced by the truth, once; the truth stays', async () => {
    const truth = billed();
    const guess = { ...truth, status: 'FAILED' as const, usage: reported({ input: 1 }), cost: costOf(reported({ input: 1 }), PRICE) };
    await store().insert([bookingOf(guess, { provisional: true })]);
    expect(await find(guess)).toMatchObject({ status: 'FAILED', attempts: [] });
    await store().insert([bookingOf(truth)]);
    expect(await find(truth)).toEqual(truth);
    await store().insert([bookingOf({ ...truth, user: 'again' }), bookingOf(billed())]);
    await store().insert([bookingOf(guess, { provisional: true })]);
    expect(await find(truth)).toEqual(truth);
    expect(await sums([truth])).toEqual({ rows: 1, cost: '0.00002', attempts: 2 });
  });

  test('one provisional settlement does not replace another', async () => {
    const guess = billed();
    await store().insert([bookingOf(guess, { provisional: true })]);
    await store().insert([bookingOf({ ...guess, user: 'other' }, { provisional: true })]);
    expect(await find(guess)).toMatchObject({ user: null });
  });

  test('the refused parameter of an attempt comes back', async () => {
    const failure = { class: 'UNSUPPORTED_PARAMETER' as const, detail: 'no', httpStatus: 400, retryAfterMs: null, parameter: 'top_k' };
    const record = sampleRecord({ attempts: [sampleAttempt({ status: 'FAILED', failure })] });
    await store().insert([bookingOf(record)]);
    expect(await find(record)).toEqual(record);
  });

  test('bookings fill every column that their rows have, and no other', () => {
    const record = billed();
    expect(Object.keys(toInferenceRow(record)).toSorted()).toEqual([...INFERENCE_COLUMNS].toSorted());
    for (const row of toAttemptRows(record)) expect(Object.keys(row).toSorted()).toEqual([...ATTEMPT_COLUMNS].toSorted());
  });
});
