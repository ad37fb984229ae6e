import { expect, test } from '@jest/globals';
import type { LedgerWriter } from '../../../src/accounting/contract.js';
import { watchLedger } from '../../../src/accounting/reports/freshness.js';
import type { InferenceId } from '../../../src/core/ids.js';
import type { InferenceRecord } from '../../../src/core/inference.js';
import { createManualClock } from '../../kit/manual-clock.js';
import { sampleRecord } from '../records.js';

function createWorld() {
  const clock = createManualClock(new Date('2026-11-21T13:00:00Z'));
  const waiting = new Map<InferenceId, InferenceRecord>();
  const inner: LedgerWriter = {
    append: (record) => void waiting.set(record.id, record),
    pending: (id) => waiting.get(id) ?? null,
    get pendingCount() {
      return waiting.size;
    },
    saturated: false,
    flush: () => Promise.resolve(),
    close: () => Promise.resolve(waiting.size),
  };
  return { clock, waiting, ...watchLedger(inner, clock) };
}

const endedAt = (time: string) => sampleRecord({ endedAt: new Date(`2026-11-21T${time}Z`) });

test('rows are complete until now where nothing waits', async () => {
  const { clock, freshAsOf } = createWorld();
  expect(freshAsOf()).toEqual(clock.now());
  await clock.advance(1_000);
  expect(freshAsOf()).toEqual(new Date('2026-11-21T13:00:01Z'));
});

test('rows are complete until the end of the oldest record that waits', () => {
  const { ledger, waiting, freshAsOf, clock } = createWorld();
  const [first, second] = [endedAt('12:59:50'), endedAt('12:59:55')];
  ledger.append(first);
  ledger.append(second);
  expect(freshAsOf()).toEqual(first.endedAt);
  waiting.delete(first.id);
  expect(freshAsOf()).toEqual(second.endedAt);
  waiting.delete(second.id);
  expect(freshAsOf()).toEqual(clock.now());
});

test('what still runs is not waited for', () => {
  const { ledger, freshAsOf, clock } = createWorld();
  ledger.append(sampleRecord({ status: 'RUNNING', endedAt: null }));
  expect(freshAsOf()).toEqual(clock.now());
});

test('the ledger is passed on as it is', async () => {
  const { ledger, waiting } = createWorld();
  const record = endedAt('12:00:00');
  ledger.append(record);
  expect(waiting.get(record.id)).toBe(record);
  expect(ledger.pending(record.id)).toBe(record);
  expect(ledger.pendingCount).toBe(1);
  expect(ledger.saturated).toBe(false);
  expect(await ledger.close(5)).toBe(1);
  await expect(ledger.flush()).resolves.toBeUndefined();
});
