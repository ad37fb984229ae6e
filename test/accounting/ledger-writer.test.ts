import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { LEDGER_WRITER_LIMITS } from '../../src/accounting/ledger-limits.js';
import type { LedgerWriterLimits } from '../../src/accounting/ledger-limits.js';
import { createLedgerWriter } from '../../src/accounting/ledger-writer.js';
import type { LedgerStore } from '../../src/accounting/ledger.store.js';
import { GatewayError } from '../../src/core/errors.js';
import type { InferenceRecord } from '../../src/core/inference.js';
import { collectingLogger } from '../kit/logger.js';
import { createManualClock, settled } from '../kit/manual-clock.js';
import { sampleRecord } from './records.js';

class RowFault extends Error {}

/** A store in memory. `fails` says what the next inserts do; held ones wait for `release`. */
function createScriptedStore() {
  const batches: (readonly InferenceRecord[])[] = [];
  const failures: Error[] = [];
  const poison = new Set<InferenceRecord>();
  let hold: Promise<void> | null = null;
  let release = (): void => undefined;
  let calls = 0;
  const store: LedgerStore = {
    async insert(bookings) {
      const records = bookings.flatMap((booking) => booking.record ?? []);
      calls += 1;
      await hold;
      const failure = failures.shift();
      if (failure) throw failure;
      if (records.some((record) => poison.has(record))) throw new RowFault('poison');
      batches.push(records);
    },
    isRecordFault: (error) => error instanceof RowFault,
  };
  return {
    store,
    batches,
    failures,
    poison,
    calls: () => calls,
    booked: () => batches.flat(),
    hold: () => {
      hold = new Promise((resolve) => {
        release = () => {
          hold = null;
          resolve();
        };
      });
    },
    release: () => release(),
  };
}

function setUp(limits: Partial<LedgerWriterLimits> = {}) {
  const scripted = createScriptedStore();
  const clock = createManualClock();
  const warnings: object[] = [];
  const errors: object[] = [];
  const logger = {
    debug: () => undefined,
    info: () => undefined,
    warn: (fields: object) => void warnings.push(fields),
    error: (fields: object) => void errors.push(fields),
  };
  const writer = createLedgerWriter({ store: scripted.store, clock, logger, limits });
  return { ...scripted, clock, warnings, errors, writer };
}

const some = (count: number) => Array.from({ length: count }, () => sampleRecord());
const away = () => new GatewayError('SERVICE_UNAVAILABLE', 'The database is not available.', { cause: new Error('ECONNREFUSED') });

describe('batches', () => {
  test('what comes together is booked together, once nothing new has come for a moment', async () => {
    const { writer, clock, batches } = setUp();
    const records = some(3);
    for (const record of records) writer.append(record);
    await clock.advance(19);
    expect(batches).toEqual([]);
    await clock.advance(1);
    expect(batches).toEqual([records]);
    expect(clock.waiting).toBe(0);
  });

  test('a full batch does not wait', async () => {
    const { writer, batches } = setUp({ batchRecords: 4 });
    const records = some(4);
    for (const record of records) writer.append(record);
    await settled();
    expect(batches).toEqual([records]);
  });

  test('a batch is never larger than the limit, and order is kept', async () => {
    const { writer, batches, booked } = setUp({ batchRecords: 4 });
    const records = some(11);
    for (const record of records) writer.append(record);
    await writer.flush();
    expect(batches.map((batch) => batch.length)).toEqual([4, 4, 3]);
    expect(booked()).toEqual(records);
  });

  test('under steady traffic the oldest waits no longer than the busy limit', async () => {
    const { writer, clock, batches } = setUp();
    for (let elapsedMs = 0; elapsedMs < 250; elapsedMs += 10) {
      expect(batches).toEqual([]);
      writer.append(sampleRecord());
      await clock.advance(10);
    }
    await clock.advance(20);
    expect(batches[0]?.length).toBeGreaterThanOrEqual(24);
  });

  test('one transaction at a time: what comes meanwhile is the next batch', async () => {
    const { writer, clock, batches, calls, hold, release } = setUp();
    hold();
    const [first, second] = [sampleRecord(), sampleRecord()];
    writer.append(first);
    await clock.advance(20);
    writer.append(second);
    await clock.advance(1_000);
    expect(calls()).toBe(1);
    release();
    await settled();
    await clock.advance(20);
    expect(batches).toEqual([[first], [second]]);
  });

  test('the limits stand as documented', () => {
    expect(LEDGER_WRITER_LIMITS).toMatchObject({ batchRecords: 200, idleMs: 20, busyMs: 250, maxPending: 50_000 });
  });
});

describe('pending', () => {
  test('a record can be found until it is booked', async () => {
    const { writer, hold, release } = setUp();
    const record = sampleRecord();
    expect(writer.pending(record.id)).toBeNull();
    hold();
    writer.append(record);
    const flushed = writer.flush();
    await settled();
    expect(writer.pending(record.id)).toBe(record);
    expect(writer.pendingCount).toBe(1);
    release();
    await flushed;
    expect(writer.pending(record.id)).toBeNull();
    expect(writer.pendingCount).toBe(0);
  });

  test('the same record twice is booked once', async () => {
    const { writer, booked } = setUp();
    const record = sampleRecord();
    writer.append(record);
    writer.append({ ...record, user: 'again' });
    await writer.flush();
    expect(booked()).toEqual([record]);
  });

  test('D10 past its limit the writer is saturated, until it has caught up', async () => {
    const { writer, hold, release } = setUp({ maxPending: 3 });
    hold();
    for (const record of some(2)) writer.append(record);
    expect(writer.saturated).toBe(false);
    writer.append(sampleRecord());
    expect(writer.saturated).toBe(true);
    const flushed = writer.flush();
    release();
    await flushed;
    expect(writer.saturated).toBe(false);
  });

  test('D10 a journal at its limit saturates it too, however little waits in memory', () => {
    const journal = { full: false, settled: () => undefined, drafted: () => undefined, forget: () => undefined };
    const writer = createLedgerWriter({
      store: createScriptedStore().store,
      clock: createManualClock(),
      logger: collectingLogger(),
      journal,
    });
    expect(writer.saturated).toBe(false);
    journal.full = true;
    expect(writer.saturated).toBe(true);
    journal.full = false;
    expect(writer.saturated).toBe(false);
  });
});

describe('failures', () => {
  test('a batch is tried again, with growing pauses, until it is in', async () => {
    const { writer, clock, batches, failures, warnings, calls } = setUp();
    failures.push(away(), away(), away());
    const record = sampleRecord();
    writer.append(record);
    await clock.advance(20);
    expect(calls()).toBe(1);
    await clock.advance(99);
    expect(calls()).toBe(1);
    await clock.advance(1);
    expect(calls()).toBe(2);
    await clock.advance(199);
    expect(calls()).toBe(2);
    await clock.advance(1 + 400);
    expect(batches).toEqual([[record]]);
    expect(warnings).toEqual([
      {
        reason: 'The database is not available.',
        cause: 'ECONNREFUSED',
        code: 'SERVICE_UNAVAILABLE',
        attempt: 1,
        delayMs: 100,
        waiting: 1,
      },
      expect.objectContaining({ attempt: 2, delayMs: 200 }),
      expect.objectContaining({ attempt: 3, delayMs: 400 }),
    ]);
  });

  test('the pause has a ceiling', async () => {
    const { writer, clock, failures, warnings } = setUp();
    failures.push(...Array.from({ length: 9 }, away));
    writer.append(sampleRecord());
    await clock.advance(40_000);
    expect(warnings.at(-1)).toMatchObject({ attempt: 9, delayMs: 5_000 });
    await writer.flush();
  });

  test('nothing is lost and nothing overtakes while the database is away', async () => {
    const { writer, clock, booked, failures } = setUp({ batchRecords: 2 });
    failures.push(away(), away());
    const records = some(7);
    for (const record of records) {
      writer.append(record);
      await clock.advance(30);
    }
    await clock.advance(10_000);
    expect(booked()).toEqual(records);
  });

  test('a poisoned record is left out and logged with its figures; all others are booked in order', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.boolean(), { minLength: 1, maxLength: 40 }), async (marks) => {
        const { writer, booked, poison, errors } = setUp();
        const records = some(marks.length);
        for (const [index, record] of records.entries()) {
          if (marks[index]) poison.add(record);
          writer.append(record);
        }
        await writer.flush();
        expect(booked()).toEqual(records.filter((record) => !poison.has(record)));
        expect(errors).toHaveLength(poison.size);
        for (const record of poison) expect(errors).toContainEqual(expect.objectContaining({ id: record.id, reason: 'poison' }));
        for (const record of records) expect(writer.pending(record.id)).toBeNull();
      }),
      { numRuns: 50 },
    );
  });

  test('whatever fails and however it comes, each record is booked exactly once and in order', async () => {
    const script = fc.array(fc.oneof(fc.constant('append' as const), fc.constant('fail' as const), fc.nat(600)), { maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(script, fc.integer({ min: 1, max: 5 }), async (steps, batchRecords) => {
        const { writer, clock, booked, failures } = setUp({ batchRecords });
        const records: InferenceRecord[] = [];
        for (const step of steps) {
          if (typeof step === 'number') await clock.advance(step);
          else if (step === 'fail') failures.push(away());
          else {
            const record = sampleRecord();
            records.push(record);
            writer.append(record);
          }
        }
        await clock.advance(60 * 5_000);
        expect(booked()).toEqual(records);
        expect(clock.waiting).toBe(0);
      }),
      { numRuns: 60 },
    );
  });
});

describe('flush and close', () => {
  test('a flush with nothing to do is done', async () => {
    await expect(setUp().writer.flush()).resolves.toBeUndefined();
  });

  test('a flush waits for what was appended before it, not for what comes after', async () => {
    const { writer, clock, batches, hold, release } = setUp();
    hold();
    const [before, after] = [sampleRecord(), sampleRecord()];
    writer.append(before);
    const flushed = writer.flush();
    writer.append(after);
    release();
    await flushed;
    expect(batches).toEqual([[before]]);
    await clock.advance(20);
    expect(batches).toEqual([[before], [after]]);
  });

  test('close books what waits, and leaves no timer', async () => {
    const { writer, clock, booked } = setUp();
    const records = some(5);
    for (const record of records) writer.append(record);
    expect(await writer.close(1_000)).toBe(0);
    expect(booked()).toEqual(records);
    expect(clock.waiting).toBe(0);
  });

  test('close does not sit out a pause: it tries at once', async () => {
    const { writer, clock, booked, failures } = setUp();
    failures.push(away());
    const record = sampleRecord();
    writer.append(record);
    await clock.advance(20);
    expect(booked()).toEqual([]);
    expect(await writer.close(1_000)).toBe(0);
    expect(booked()).toEqual([record]);
  });

  test('close gives up after its grace, and tells how many were left', async () => {
    const { writer, clock, failures, calls } = setUp();
    failures.push(...Array.from({ length: 100 }, away));
    for (const record of some(3)) writer.append(record);
    const closed = writer.close(2_000);
    await clock.advance(2_000);
    expect(await closed).toBe(3);
    const before = calls();
    await clock.advance(60_000);
    expect(calls()).toBe(before);
    expect(clock.waiting).toBe(0);
  });

  test('a record that comes after the end is told in the log', async () => {
    const { writer, errors } = setUp();
    await writer.close(0);
    const record = sampleRecord();
    writer.append(record);
    expect(errors).toEqual([expect.objectContaining({ id: record.id })]);
  });
});
