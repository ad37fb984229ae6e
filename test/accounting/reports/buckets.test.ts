import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import type { CostRequest } from '../../../src/accounting/reports/contract.js';
import type { Granularity } from '../../../src/core/vocabulary.js';
import { GRANULARITIES } from '../../../src/core/vocabulary.js';
import { openBooks } from './world.js';
import type { Books, Tenant } from './world.js';

let books: Books;

beforeAll(async () => {
  books = await openBooks();
});

afterAll(() => books.close());

async function bookedAt(...instants: readonly string[]): Promise<Tenant> {
  const tenant = await books.found();
  await books.book(...instants.map((at) => tenant.record({ createdAt: new Date(at) })));
  return tenant;
}

const YEAR = { from: new Date('2026-01-01T00:00:00Z'), to: new Date('2027-01-01T00:00:00Z') };

/** How many requests each bucket holds, by its begin. */
async function buckets(tenant: Tenant, request: Omit<CostRequest, 'range'>): Promise<Record<string, number>> {
  const report = await books.reports.usage(tenant.reader, { range: YEAR, limit: 1000, ...request });
  return Object.fromEntries(report.rows.map((row) => [row.bucket?.toISOString() ?? 'null', row.metrics.requests]));
}

describe('buckets of time', () => {
  test('a day is a calendar day of the zone, also where clocks change', async () => {
    // Warsaw: clocks go forward on 29 March 2026 (a day of 23 h), back on 25 October (25 h).
    const tenant = await bookedAt(
      ...['2026-03-28T22:59:59Z', '2026-03-28T23:00:00Z', '2026-03-29T21:59:59Z', '2026-03-29T22:00:00Z'],
      ...['2026-10-24T21:59:59Z', '2026-10-24T22:00:00Z', '2026-10-25T22:59:59Z', '2026-10-25T23:00:00Z'],
    );
    expect(await buckets(tenant, { granularity: 'DAY', timeZone: 'Europe/Warsaw' })).toEqual({
      '2026-03-27T23:00:00.000Z': 1,
      '2026-03-28T23:00:00.000Z': 2,
      '2026-03-29T22:00:00.000Z': 1,
      '2026-10-23T22:00:00.000Z': 1,
      '2026-10-24T22:00:00.000Z': 2,
      '2026-10-25T23:00:00.000Z': 1,
    });
    expect(await buckets(tenant, { granularity: 'MONTH', timeZone: 'Europe/Warsaw' })).toEqual({
      '2026-02-28T23:00:00.000Z': 4,
      '2026-09-30T22:00:00.000Z': 4,
    });
  });

  test('an hour that comes twice is two buckets, and an hour of a half-hour zone begins at its half', async () => {
    const tenant = await bookedAt('2026-10-25T00:30:00Z', '2026-10-25T01:30:00Z');
    expect(await buckets(tenant, { granularity: 'HOUR', timeZone: 'Europe/Warsaw' })).toEqual({
      '2026-10-25T00:00:00.000Z': 1,
      '2026-10-25T01:00:00.000Z': 1,
    });
    expect(await buckets(tenant, { granularity: 'HOUR', timeZone: 'Asia/Kolkata' })).toEqual({
      '2026-10-25T00:30:00.000Z': 1,
      '2026-10-25T01:30:00.000Z': 1,
    });
  });

  test('a week begins on Monday', async () => {
    // 22 November 2026 is a Sunday.
    const tenant = await bookedAt('2026-11-16T00:00:00Z', '2026-11-22T23:59:59Z', '2026-11-23T00:00:00Z');
    expect(await buckets(tenant, { granularity: 'WEEK' })).toEqual({ '2026-11-16T00:00:00.000Z': 2, '2026-11-23T00:00:00.000Z': 1 });
  });

  test('in which nothing was asked for have no row, and rows stand in the order of time', async () => {
    const tenant = await bookedAt('2026-11-23T00:00:00Z', '2026-05-01T00:00:00Z', '2026-11-23T01:00:00Z');
    expect(Object.entries(await buckets(tenant, { granularity: 'DAY' }))).toEqual([
      ['2026-05-01T00:00:00.000Z', 1],
      ['2026-11-23T00:00:00.000Z', 2],
    ]);
  });

  test('agree with the calendar of JavaScript, in any zone', async () => {
    const zones = [
      'UTC',
      'Europe/Warsaw',
      'America/New_York',
      'Australia/Lord_Howe',
      'Asia/Kathmandu',
      'America/Sao_Paulo',
      'Pacific/Chatham',
    ];
    const instants = fc.sample(fc.date({ min: YEAR.from, max: new Date(YEAR.to.getTime() - 1), noInvalidDate: true }), {
      numRuns: 200,
      seed: 5,
    });
    const tenant = await bookedAt(...instants.map((at) => at.toISOString()));
    for (const timeZone of zones) {
      const days = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short' });
      const expected: Record<string, number> = {};
      for (const at of instants) expected[days.format(at)] = (expected[days.format(at)] ?? 0) + 1;
      const found = await buckets(tenant, { granularity: 'DAY', timeZone });
      expect(Object.fromEntries(Object.entries(found).map(([at, count]) => [days.format(new Date(at)), count]))).toEqual(expected);
    }
  });

  test.each(GRANULARITIES.map((granularity) => [granularity]))('of a %s hold every request once', async (granularity: Granularity) => {
    const tenant = await bookedAt('2026-01-01T00:00:00Z', '2026-06-30T23:59:59.999Z', '2026-12-31T23:59:59.999Z');
    const counts = Object.values(await buckets(tenant, { granularity, timeZone: 'America/New_York' }));
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(3);
  });
});

describe('BAD_USER_INPUT', () => {
  const DAY_RANGE = { from: new Date('2026-11-21T00:00:00Z'), to: new Date('2026-11-22T00:00:00Z') };
  test.each<[string, Partial<CostRequest>, RegExp]>([
    ['a reversed range', { range: { from: DAY_RANGE.to, to: DAY_RANGE.from } }, /^range: "to" must not be before/],
    ['a range before any clock of ours', { range: { from: new Date('0001-01-01T00:00:00Z'), to: DAY_RANGE.to } }, /^range\.from/],
    ['no date at all', { range: { from: DAY_RANGE.from, to: new Date(Number.NaN) } }, /^range\.to/],
    ['an unknown zone', { timeZone: 'Mars/Olympus' }, /^timeZone/],
    ['a POSIX zone', { timeZone: 'FOO+3', granularity: 'DAY' }, /^timeZone/],
    ['an offset, whose sign means two things', { timeZone: '+02:00' }, /^timeZone/],
    ['an empty zone', { timeZone: '' }, /^timeZone/],
    ['a zone with a quote', { timeZone: "UTC'; DROP TABLE inference; --" }, /^timeZone/],
    ['four dimensions', { groupBy: ['TEAM', 'USER', 'MODEL', 'TASK'] }, /^groupBy: takes at most 3/],
    ['a dimension twice', { groupBy: ['TEAM', 'TEAM'] }, /^groupBy: takes each/],
    ['TAG without its key', { groupBy: ['TAG'] }, /^filter\.tagKey/],
    ['a negative limit', { limit: -1 }, /^limit/],
    ['a limit above 1000', { limit: 1001 }, /^limit/],
  ])('is what %s gets, in usage and in costs', async (_what, request, message) => {
    const { reader } = await books.found();
    for (const run of [books.reports.usage, books.reports.costs])
      await expect(run(reader, { range: DAY_RANGE, ...request })).rejects.toMatchObject({
        code: 'BAD_USER_INPUT',
        message: expect.stringMatching(message),
      });
  });

  test('also meets a zone that JavaScript knows and Postgres does not', async () => {
    const tenant = await bookedAt('2026-11-21T12:00:00Z');
    const known = Intl.DateTimeFormat.prototype.resolvedOptions.call(new Intl.DateTimeFormat('en', { timeZone: 'UTC' }));
    const knowsAll = jest.spyOn(Intl, 'DateTimeFormat').mockImplementation(() => ({ resolvedOptions: () => known }) as Intl.DateTimeFormat);
    const report = books.reports.usage(tenant.reader, { range: DAY_RANGE, timeZone: 'Tomorrow/Land', granularity: 'DAY' });
    await expect(report).rejects.toMatchObject({ code: 'BAD_USER_INPUT', message: expect.stringMatching(/^timeZone/) });
    knowsAll.mockRestore();
  });
});
