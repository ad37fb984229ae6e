import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { bookingOf } from '../../../src/accounting/booking.js';
import { createJournal, JOURNAL_LIMITS } from '../../../src/accounting/journal/journal.js';
import type { SegmentLog } from '../../../src/accounting/journal/segments.js';
import { collectingLogger } from '../../kit/logger.js';
import { createManualClock } from '../../kit/manual-clock.js';
import { sampleRecord } from '../records.js';
import { createBooks, journalFiles, makeFolder, openDesk, startOf } from './desk.js';

let dataDir: string;
beforeEach(() => {
  dataDir = makeFolder();
});
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

const content = (file: string) => readFileSync(path.join(dataDir, 'journal', file), 'utf8');

describe('what is written, and when', () => {
  test('a start is in the file when the call returns; an outcome too', async () => {
    const { journal } = await openDesk(dataDir);
    const start = startOf();
    journal.attemptStarted(start);
    expect(content('000000000001.journal')).toContain(start.attempt.id);
    journal.settled(bookingOf(sampleRecord({ id: start.record.id, user: 'after the end' })));
    expect(content('000000000001.journal')).toContain('after the end');
    await journal.close();
  });

  test('progress is written at most once a second, however much comes', async () => {
    const { journal, clock } = await openDesk(dataDir);
    const trace = journal.attemptStarted(startOf());
    const before = journal.bytes;
    for (let index = 0; index < 500; index += 1) trace.deltas([{ type: 'text', text: 'word ' }]);
    expect(journal.bytes).toBe(before);
    await clock.advance(999);
    expect(journal.bytes).toBe(before);
    await clock.advance(1);
    const once = journal.bytes - before;
    expect(once).toBeGreaterThan(0);
    await clock.advance(10_000);
    expect(journal.bytes).toBe(before + once);
    await journal.close();
  });

  test('nothing of an answer is ever in the file', async () => {
    const { journal, clock } = await openDesk(dataDir);
    const trace = journal.attemptStarted(startOf());
    trace.deltas([
      { type: 'text', text: 'xylophone' },
      { type: 'reasoning', text: 'marimba' },
      { type: 'toolCall', index: 0, name: 'glockenspiel', argumentsDelta: '{"timpani":1}' },
      { type: 'refusal', text: 'celesta' },
    ]);
    await clock.advance(1_000);
    expect(content('000000000001.journal')).not.toMatch(/xylophone|marimba|glockenspiel|timpani|celesta/);
    expect(content('000000000001.journal')).toContain('"kind":"progress"');
    await journal.close();
  });

  test('what has ended says nothing more', async () => {
    const { journal, clock } = await openDesk(dataDir);
    const start = startOf();
    const trace = journal.attemptStarted(start);
    trace.deltas([{ type: 'text', text: 'x' }]);
    journal.settled(bookingOf(sampleRecord({ id: start.record.id })));
    const { bytes } = journal;
    trace.deltas([{ type: 'text', text: 'late' }]);
    await clock.advance(5_000);
    expect(journal.bytes).toBe(bytes);
    await journal.close();
  });
});

describe('segments', () => {
  const settle = (count: number) => Array.from({ length: count }, () => bookingOf(sampleRecord()));

  test('go when everything in them is committed, in whatever order', async () => {
    const { journal } = await openDesk(dataDir, { segmentBytes: 3_000 });
    const bookings = settle(12);
    for (const booking of bookings) journal.settled(booking);
    const all = journalFiles(dataDir).length;
    expect(all).toBeGreaterThan(3);
    journal.forget(bookings.slice(6).map(({ id }) => id));
    expect(journalFiles(dataDir).length).toBeLessThan(all);
    journal.forget(bookings.map(({ id }) => id));
    expect(journalFiles(dataDir)).toHaveLength(1);
    await journal.close();
    expect(journalFiles(dataDir)).toEqual([]);
  });

  test('a call that runs for long does not keep what others wrote beside it', async () => {
    const { journal, clock } = await openDesk(dataDir, { segmentBytes: 6_000, gatherAboveBytes: 20_000 });
    const long = startOf();
    const trace = journal.attemptStarted(long);
    trace.deltas([{ type: 'text', text: 'words' }]);
    await clock.advance(1_000);
    for (let round = 0; round < 20; round += 1) {
      const bookings = settle(8);
      for (const booking of bookings) journal.settled(booking);
      journal.forget(bookings.map(({ id }) => id));
    }
    expect(journal.bytes).toBeLessThan(30_000);
    await journal.close();
    const again = await openDesk(dataDir);
    const books = createBooks();
    await again.journal.recover(books);
    expect(books.rows.get(long.record.id)?.inference).toMatchObject({ status: 'FAILED', output: 2 });
    await again.journal.close();
  });

  test('at its limit the journal is full, until enough is committed', async () => {
    const { journal } = await openDesk(dataDir, { segmentBytes: 3_000, maxBytes: 20_000 });
    const bookings = settle(20);
    expect(journal.full).toBe(false);
    for (const booking of bookings) journal.settled(booking);
    expect(journal.full).toBe(true);
    journal.forget(bookings.map(({ id }) => id));
    expect(journal.full).toBe(false);
    await journal.close();
  });

  test('the limits stand as documented', () => {
    expect(JOURNAL_LIMITS).toEqual({ maxBytes: 512 * 1024 * 1024, gatherAboveBytes: 64 * 1024 * 1024, progressMs: 1_000 });
  });
});

describe('a disk that refuses', () => {
  function brokenLog() {
    let broken = false;
    const written: string[] = [];
    const log: SegmentLog = {
      past: [],
      current: 1,
      bytes: 0,
      sizeOf: () => 0,
      append(text) {
        if (broken) return null;
        written.push(text);
        return 1;
      },
      get failing() {
        return broken;
      },
      read: () => ({ texts: [], damagedBytes: 0, tornBytes: 0 }),
      remove: () => undefined,
      setAside: () => undefined,
      close: () => Promise.resolve(),
    };
    return { log, written, setBroken: (state: boolean) => (broken = state) };
  }

  test('fills the journal, so that nothing new begins; what runs goes on', () => {
    const { log, written, setBroken } = brokenLog();
    const journal = createJournal({ segments: log, clock: createManualClock(), logger: collectingLogger() });
    setBroken(true);
    expect(() => journal.attemptStarted(startOf()).deltas([{ type: 'text', text: 'x' }])).not.toThrow();
    const lost = bookingOf(sampleRecord());
    journal.settled(lost);
    expect(journal.full).toBe(true);
    setBroken(false);
    expect(journal.full).toBe(false);
    journal.forget([lost.id]);
    expect(written).toEqual([]);
  });
});
