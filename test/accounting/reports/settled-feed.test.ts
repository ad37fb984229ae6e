import { describe, expect, test } from '@jest/globals';
import { bookingOf } from '../../../src/accounting/booking.js';
import { announceBooked, createSettledFeed } from '../../../src/accounting/reports/settled-feed.js';
import { newId } from '../../../src/core/ids.js';
import type { InferenceRecord } from '../../../src/core/inference.js';
import { settled } from '../../kit/manual-clock.js';
import { ORGANIZATION, sampleRecord } from '../records.js';

const all = () => true;

describe('a reader', () => {
  test('gets what is booked after its first pull, in order, whether it waits or comes late', async () => {
    const feed = createSettledFeed();
    const reader = feed.read(ORGANIZATION, all);
    const [first, second, third] = [sampleRecord(), sampleRecord(), sampleRecord()];
    const pending = [reader.next(), reader.next()];
    feed.publish([first, second]);
    feed.publish([third]);
    expect((await Promise.all(pending)).map(({ value }) => value as unknown)).toEqual([first, second]);
    expect(await reader.next()).toEqual({ done: false, value: third });
  });

  test('G2 is not there before it pulls, and leaves nothing behind when it never does', async () => {
    const feed = createSettledFeed();
    const reader = feed.read(ORGANIZATION, all);
    feed.publish([sampleRecord()]);
    expect(feed.readers).toBe(0);
    await reader.return?.();
    expect(await reader.next()).toEqual({ done: true, value: undefined });
    expect(feed.readers).toBe(0);
  });

  test('G1 leaves at once, also while it waits', async () => {
    const feed = createSettledFeed();
    const reader = feed.read(ORGANIZATION, all);
    const pending = reader.next();
    expect(feed.readers).toBe(1);
    await reader.return?.();
    expect(feed.readers).toBe(0);
    expect(await pending).toEqual({ done: true, value: undefined });
    feed.publish([sampleRecord()]);
    expect(await reader.next()).toEqual({ done: true, value: undefined });
  });

  test('leaves as its signal aborts, and does not even join where it had', async () => {
    const feed = createSettledFeed();
    const gone = new AbortController();
    const reader = feed.read(ORGANIZATION, all, gone.signal);
    const pending = reader.next();
    gone.abort();
    expect(await pending).toMatchObject({ done: true });
    expect(await feed.read(ORGANIZATION, all, gone.signal).next()).toMatchObject({ done: true });
    expect(feed.readers).toBe(0);
  });

  test('throw() ends it with the error it was given', async () => {
    const feed = createSettledFeed();
    const reader = feed.read(ORGANIZATION, all);
    void reader.next();
    await expect(reader.throw?.(new Error('no more'))).rejects.toThrow('no more');
    expect(feed.readers).toBe(0);
  });

  test('hears only its organization’s, and only what matches', async () => {
    const feed = createSettledFeed();
    const reader = feed.read(ORGANIZATION, ({ user }: InferenceRecord) => user === 'anna');
    const pending = reader.next();
    const wanted = sampleRecord({ user: 'anna' });
    feed.publish([sampleRecord({ organizationId: newId('organization'), user: 'anna' }), sampleRecord({ user: 'ben' }), wanted]);
    expect(await pending).toEqual({ done: false, value: wanted });
  });

  test('G4 that falls behind costs no more than its share: it gets what waits, then EVENTS_EXPIRED', async () => {
    const feed = createSettledFeed(2);
    const reader = feed.read(ORGANIZATION, all);
    const pending = reader.next();
    const records = Array.from({ length: 4 }, () => sampleRecord());
    feed.publish(records);
    expect(await pending).toMatchObject({ value: records[0] });
    expect(feed.readers).toBe(0);
    expect(await reader.next()).toMatchObject({ value: records[1] });
    expect(await reader.next()).toMatchObject({ value: records[2] });
    await expect(reader.next()).rejects.toMatchObject({ code: 'EVENTS_EXPIRED' });
    expect(await reader.next()).toMatchObject({ done: true });
  });

  test('whose filter fails is told so; the books and the other readers are not', async () => {
    const feed = createSettledFeed();
    const bad = feed.read(ORGANIZATION, () => {
      throw new Error('no snapshot');
    });
    const good = feed.read(ORGANIZATION, all);
    const pending = [bad.next(), good.next()] as const;
    const record = sampleRecord();
    expect(() => {
      feed.publish([record]);
    }).not.toThrow();
    await expect(pending[0]).rejects.toThrow('no snapshot');
    expect(await pending[1]).toMatchObject({ value: record });
    expect(feed.readers).toBe(1);
  });
});

describe('the store', () => {
  const record = sampleRecord();

  test('speaks of a batch once it is committed, not before and not when it fails', async () => {
    const heard: InferenceRecord[] = [];
    const commits: (() => void)[] = [];
    let failing = true;
    const store = announceBooked(
      {
        insert: () => (failing ? Promise.reject(new Error('away')) : new Promise((resolve) => commits.push(resolve))),
        isRecordFault: () => false,
      },
      { publish: (records) => heard.push(...records) },
    );
    await expect(store.insert([bookingOf(record)])).rejects.toThrow('away');
    failing = false;
    const done = store.insert([bookingOf(record)]);
    await settled();
    expect(heard).toEqual([]);
    commits[0]?.();
    await done;
    expect(heard).toEqual([record]);
    expect(store.isRecordFault(new Error('x'))).toBe(false);
  });

  test('says nothing of what only begins, nor of what an earlier process left', async () => {
    const heard: InferenceRecord[] = [];
    const store = announceBooked(
      { insert: async () => undefined, isRecordFault: () => false },
      { publish: (records) => heard.push(...records) },
    );
    await store.insert([
      bookingOf(sampleRecord({ status: 'RUNNING', endedAt: null })),
      { ...bookingOf(sampleRecord()), record: null },
      bookingOf(record),
    ]);
    expect(heard).toEqual([record]);
  });
});
