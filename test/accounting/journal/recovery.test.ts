import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { bookingOf } from '../../../src/accounting/booking.js';
import { costOf } from '../../../src/accounting/price.js';
import { newId, uuidFromId } from '../../../src/core/ids.js';
import { tokensOfText } from '../../../src/accounting/token-estimate.js';
import { sampleAttempt, sampleRecord } from '../records.js';
import { picoUsd } from '../../../src/core/money.js';
import { reported, simplePrice } from '../samples.js';
import { createBooks, journalFiles, makeFolder, openDesk, PRICE, runningRecord, startOf } from './desk.js';
import type { Desk } from './desk.js';

let dataDir: string;
beforeEach(() => {
  dataDir = makeFolder();
});
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

/** What a process does before it is killed: nothing of it is closed, only the folder is given back, as a kernel would. */
async function processThatDies(act: (desk: Desk) => void | Promise<void>, limits = {}): Promise<void> {
  const desk = await openDesk(dataDir, limits);
  await act(desk);
  await desk.journal.close();
}

async function restart() {
  const desk = await openDesk(dataDir);
  const books = createBooks();
  const recovered = await desk.journal.recover(books);
  return { ...desk, books, recovered };
}

describe('after a kill', () => {
  test('an outcome that was not committed is booked as it was settled', async () => {
    const usage = reported({ input: 10, output: 5 });
    const record = sampleRecord({ usage, cost: costOf(usage, PRICE), attempts: [sampleAttempt({ usage, cost: costOf(usage, PRICE) })] });
    const booking = bookingOf(record);
    await processThatDies(({ journal }) => journal.settled(booking));
    const { books, recovered } = await restart();
    expect(recovered).toEqual({ settled: 1, interrupted: 0 });
    expect(books.rows.get(record.id)).toEqual({ inference: JSON.parse(booking.inference), attempts: JSON.parse(`[${booking.attempts}]`) });
  });

  test('what was committed is not booked again', async () => {
    const [committed, open] = [bookingOf(sampleRecord()), bookingOf(sampleRecord())];
    await processThatDies(({ journal }) => {
      journal.settled(committed);
      journal.settled(open);
      journal.forget([committed.id]);
    });
    const { books } = await restart();
    expect(books.rows.has(open.id)).toBe(true);
    expect(books.rows.size).toBeLessThanOrEqual(2);
  });

  test('what is billed by the piece pays for what was asked, under its own operation', async () => {
    const price = {
      ...PRICE,
      tiers: [{ aboveInputTokens: 0, rates: [{ component: 'CHARACTER', amount: picoUsd(15_000_000n), per: 1 }] }],
    } as const;
    const record = runningRecord({ id: newId('speech'), operation: 'SPEECH' });
    const start = startOf({ record, promptTokens: 3, promptUnits: { CHARACTER: 12 } }, price);
    await processThatDies(({ journal }) => void journal.attemptStarted(start));
    const { books } = await restart();
    expect(books.rows.get(record.id)?.inference).toMatchObject({
      ...{
        operation: 'SPEECH',
        status: 'FAILED',
        error_code: 'INTERRUPTED',
        usage_source: 'ESTIMATED',
        cost: '0.00018',
        finish_reason: null,
      },
      cost_components: [{ kind: 'CHARACTER', quantity: 12 }],
    });
  });

  test('a call that had only started pays for its prompt, and is told as interrupted', async () => {
    const start = startOf();
    await processThatDies(({ journal }) => void journal.attemptStarted(start));
    const { books, recovered } = await restart();
    expect(recovered).toEqual({ settled: 0, interrupted: 1 });
    const row = books.rows.get(start.record.id);
    expect(row?.inference).toMatchObject({
      id: uuidFromId(start.record.id),
      status: 'FAILED',
      error_code: 'INTERRUPTED',
      input: 100,
      output: 0,
      usage_source: 'ESTIMATED',
      cost: '0.0001',
      cost_quality: 'ESTIMATED',
      finish_reason: null,
      attempt_count: 1,
      provisional: false,
      created_at: start.record.createdAt.toISOString(),
      served_deployment_id: uuidFromId(start.attempt.served.deploymentId),
      warnings: [expect.stringMatching(/^estimated_usage/)],
    });
    expect(row?.attempts).toEqual([expect.objectContaining({ id: uuidFromId(start.attempt.id), status: 'CANCELLED', input: 100 })]);
  });

  test('a call that had spoken pays for its prompt and what it had said, as far as a second before', async () => {
    const start = startOf();
    await processThatDies(async ({ journal, clock }) => {
      const trace = journal.attemptStarted(start);
      trace.deltas([{ type: 'text', text: 'Some words, ' }]);
      trace.deltas([{ type: 'reasoning', text: 'and thoughts' }]);
      trace.deltas([{ type: 'toolCall', index: 0, id: 'c', name: 'look', argumentsDelta: '{}' }]);
      await clock.advance(1_000);
      trace.deltas([{ type: 'text', text: 'what comes within the last second is not known' }]);
    });
    const { books } = await restart();
    expect(books.rows.get(start.record.id)?.inference).toMatchObject({
      input: 100,
      output: tokensOfText('Some words, look{}'),
      reasoning: tokensOfText('and thoughts'),
      usage_source: 'ESTIMATED',
      finish_reason: 'INCOMPLETE',
      ended_at: '2026-11-21T12:00:01.000Z',
    });
  });

  test('reported usage stands as reported, at the price of its service tier', async () => {
    const flex = simplePrice({ INPUT: '0.5', OUTPUT: '1' }, { serviceTier: 'flex' });
    const start = startOf({ priceFor: (tier) => (tier === 'flex' ? flex : PRICE) });
    await processThatDies(async ({ journal, clock }) => {
      const usage = reported({ input: 40, output: 8 }, { raw: { prompt_tokens: 40 } });
      journal.attemptStarted(start).deltas([
        { type: 'text', text: 'x' },
        { type: 'serviceTier', serviceTier: 'flex' },
        { type: 'usage', usage },
      ]);
      await clock.advance(1_000);
    });
    const { books } = await restart();
    expect(books.rows.get(start.record.id)?.inference).toMatchObject({
      input: 40,
      output: 8,
      usage_source: 'REPORTED',
      usage_raw: { prompt_tokens: 40 },
      cost: '0.000028',
      cost_quality: 'EXACT',
      price_id: uuidFromId(flex.id),
      warnings: [],
    });
  });

  test('earlier attempts that were billed count, and only the last one is estimated', async () => {
    const usage = reported({ input: 7, output: 3 });
    const failed = sampleAttempt({ status: 'FAILED', usage, cost: costOf(usage, PRICE) });
    const record = startOf().record;
    const second = startOf({ record, earlier: [failed], attempt: { ...startOf().attempt, index: 1 } });
    await processThatDies(async ({ journal, clock }) => {
      const first = journal.attemptStarted(startOf({ record }));
      first.deltas([{ type: 'text', text: 'of the first attempt' }]);
      await clock.advance(1_000);
      journal.attemptStarted(second);
    });
    const { books } = await restart();
    const row = books.rows.get(record.id);
    expect(row?.inference).toMatchObject({ input: 107, output: 3, usage_source: 'ESTIMATED', cost: '0.000113', attempt_count: 2 });
    expect(row?.attempts.map((attempt) => attempt['id'])).toEqual([uuidFromId(failed.id), uuidFromId(second.attempt.id)]);
  });

  test('without a price the row says so', async () => {
    const start = startOf({}, null);
    await processThatDies(({ journal }) => void journal.attemptStarted(start));
    const { books } = await restart();
    expect(books.rows.get(start.record.id)?.inference).toMatchObject({ cost: null, unpriced: true, cost_quality: 'UNPRICED' });
  });

  test('a draft is booked as drafted where nothing better followed', async () => {
    const [drained, left] = [startOf(), startOf()];
    const better = sampleRecord({ id: drained.record.id, user: 'better' });
    await processThatDies(({ journal }) => {
      for (const start of [drained, left]) {
        journal.attemptStarted(start);
        journal.drafted(bookingOf(sampleRecord({ id: start.record.id, user: 'draft' })));
      }
      journal.settled(bookingOf(better));
    });
    const { books, recovered } = await restart();
    expect(recovered).toEqual({ settled: 1, interrupted: 1 });
    expect(books.rows.get(drained.record.id)?.inference).toMatchObject({ user: 'better' });
    expect(books.rows.get(left.record.id)?.inference).toMatchObject({ user: 'draft' });
  });

  test('rows of a version that knew fewer columns are booked with what those stand for', async () => {
    const record = sampleRecord({ attempts: [sampleAttempt()] });
    await processThatDies(({ journal }) => {
      const { inference, attempts, ...rest } = bookingOf(record);
      const without = (json: string, name: string) => JSON.stringify({ ...(JSON.parse(json) as object), [name]: undefined });
      journal.settled({ ...rest, inference: without(inference, 'provisional'), attempts: without(attempts, 'parameter') });
    });
    const { books } = await restart();
    expect(books.rows.get(record.id)).toMatchObject({ inference: { provisional: false }, attempts: [{ parameter: null }] });
  });
});

describe('the folder', () => {
  test('is empty but for the new segment once all is committed', async () => {
    await processThatDies(({ journal }) => journal.settled(bookingOf(sampleRecord())));
    const { journal } = await restart();
    expect(journalFiles(dataDir)).toEqual(['000000000002.journal']);
    await journal.close();
    expect(journalFiles(dataDir)).toEqual([]);
  });

  test('a start that dies before its commit leaves everything to the next one', async () => {
    const record = sampleRecord();
    await processThatDies(({ journal }) => journal.settled(bookingOf(record)));
    const second = await openDesk(dataDir);
    const away = { restore: () => undefined, flush: () => Promise.reject(new Error('killed')) };
    await expect(second.journal.recover(away)).rejects.toThrow('killed');
    await second.journal.close();
    const { books } = await restart();
    expect([...books.rows.keys()]).toEqual([record.id]);
  });

  test('belongs to one process', async () => {
    const { journal } = await openDesk(dataDir);
    await expect(openDesk(dataDir)).rejects.toThrow(/is running on the data folder/);
    await journal.close();
    await (await openDesk(dataDir)).journal.close();
  });

  test('a torn end is told, and costs nothing else', async () => {
    const records = [sampleRecord(), sampleRecord()];
    await processThatDies(({ journal }) => records.forEach((record) => journal.settled(bookingOf(record))));
    const file = path.join(dataDir, 'journal', '000000000001.journal');
    const bytes = readFileSync(file);
    writeFileSync(file, bytes.subarray(0, bytes.length - 10));
    const { books, logger } = await restart();
    expect(books.order).toEqual([records[0]?.id]);
    expect(logger.messages('warn')).toEqual([expect.stringMatching(/never finished/)]);
    expect(journalFiles(dataDir)).toEqual(['000000000002.journal']);
  });

  test('damage within is told, what can be read is booked, and the file is set aside', async () => {
    const records = [sampleRecord(), sampleRecord(), sampleRecord()];
    await processThatDies(({ journal }) => records.forEach((record) => journal.settled(bookingOf(record))));
    const file = path.join(dataDir, 'journal', '000000000001.journal');
    const bytes = readFileSync(file);
    bytes[Math.floor(bytes.length / 2)] = 0;
    writeFileSync(file, bytes);
    const { books, logger } = await restart();
    expect(books.order).toEqual([records[0]?.id, records[2]?.id]);
    expect(logger.messages('error')).toEqual([expect.stringMatching(/damaged/)]);
    expect(journalFiles(dataDir)).toContain('000000000001.journal.damaged');
  });

  test('a line that this version does not know keeps its file', async () => {
    const desk = await openDesk(dataDir);
    await desk.journal.close();
    const { createFrameEncoder } = await import('../../../src/accounting/journal/frames.js');
    writeFileSync(path.join(dataDir, 'journal', '000000000007.journal'), createFrameEncoder().encode('{"kind":"hologram","id":"x"}'));
    const { recovered } = await restart();
    expect(recovered).toEqual({ settled: 0, interrupted: 0 });
    expect(journalFiles(dataDir)).toContain('000000000007.journal.damaged');
  });

  test('whatever was cut off, every inference that is booked is booked once, as it was or as interrupted', async () => {
    const step = fc.constantFrom('start', 'say', 'settle', 'refuse');
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 1, maxLength: 25 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        async (steps, share) => {
          const folder = makeFolder();
          const desk = await openDesk(folder, { segmentBytes: 2_000 });
          const open: { id: ReturnType<typeof startOf>['record']['id']; say: () => void }[] = [];
          const known = new Set<string>();
          for (const what of steps) {
            if (what === 'start') {
              const start = startOf();
              const trace = desk.journal.attemptStarted(start);
              open.push({ id: start.record.id, say: () => trace.deltas([{ type: 'text', text: 'word' }]) });
              known.add(start.record.id);
            } else if (what === 'say') {
              open.at(-1)?.say();
              await desk.clock.advance(1_000);
            } else {
              const id = (what === 'settle' ? open.pop()?.id : undefined) ?? newId('completion');
              desk.journal.settled(bookingOf(sampleRecord({ id })));
              known.add(id);
            }
          }
          await desk.journal.close();
          fc.pre(known.size > 0);
          const last = path.join(folder, 'journal', journalFiles(folder).at(-1) ?? '');
          const bytes = readFileSync(last);
          writeFileSync(last, bytes.subarray(0, Math.floor(bytes.length * share)));
          const after = await openDesk(folder);
          const books = createBooks();
          await after.journal.recover(books);
          for (const id of books.order) expect(known).toContain(id);
          expect(new Set(books.order).size).toBe(books.order.length);
          for (const { inference } of books.rows.values()) expect(['SUCCEEDED', 'FAILED']).toContain(inference['status']);
          await after.journal.close();
          rmSync(folder, { recursive: true });
        },
      ),
      { numRuns: 40 },
    );
  });
});
