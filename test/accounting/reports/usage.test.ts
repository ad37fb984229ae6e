import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { UsageMetrics, UsageReport } from '../../../src/accounting/reports/contract.js';
import { newId, uuidFromId } from '../../../src/core/ids.js';
import type { InferenceRecord, ServedBy } from '../../../src/core/inference.js';
import { ZERO_PICO_USD } from '../../../src/core/money.js';
import { TOKEN_CLASSES } from '../../../src/core/usage.js';
import { USAGE_DIMENSIONS } from '../../../src/core/vocabulary.js';
import type { UsageDimension } from '../../../src/core/vocabulary.js';
import { simplePrice, usd } from '../samples.js';
import { sampleAttempt } from '../records.js';
import { anyRecordOf, billed, DAY, FRESH, openBooks, routed, servedBy } from './world.js';
import type { Books, Tenant } from './world.js';

let books: Books;

beforeAll(async () => {
  books = await openBooks();
});

afterAll(() => books.close());

const PRICE = simplePrice({ INPUT: '1', OUTPUT: '2' });

/** Each group as `value/value` → what is picked of its figures. */
function figures<Value>(report: UsageReport, pick: (metrics: UsageMetrics) => Value): Record<string, Value> {
  return Object.fromEntries(report.rows.map((row) => [row.dimensions.map(({ value }) => value ?? 'null').join('/'), pick(row.metrics)]));
}

const requests = (report: UsageReport) => figures(report, (metrics) => metrics.requests);

const SUMMED = [
  'requests',
  'attempts',
  'succeeded',
  'failed',
  'cancelled',
  'blocked',
  'rerouted',
  'cacheHits',
  'cacheMisses',
  'unpricedRequests',
] as const;

/** Everything that adds up, over some groups. */
function sumOf(metrics: readonly UsageMetrics[]) {
  return {
    ...Object.fromEntries(SUMMED.map((name) => [name, metrics.reduce((sum, one) => sum + one[name], 0)])),
    ...Object.fromEntries(TOKEN_CLASSES.map((name) => [name, metrics.reduce((sum, one) => sum + one.tokens[name], 0)])),
    cost: metrics.reduce((sum, one) => sum + one.cost, 0n),
    saved: metrics.reduce((sum, one) => sum + one.saved, 0n),
    feedback: metrics.reduce((sum, one) => sum + one.feedback.count, 0),
  };
}

const anyGroupBy = fc.subarray<UsageDimension>([...USAGE_DIMENSIONS], { maxLength: 3 });

describe('B10 the totals', () => {
  test('are the sums of the rows, to the last digit', async () => {
    const tenant = await books.found();
    const records = fc.sample(anyRecordOf(tenant), { numRuns: 300, seed: 10 });
    await books.book(...records);
    const { totals } = await books.reports.usage(tenant.reader, { range: DAY });
    expect(totals).toMatchObject({
      requests: records.length,
      attempts: records.reduce((sum, { attempts }) => sum + attempts.length, 0),
      cost: records.reduce((sum, { cost }) => sum + (cost?.total ?? 0n), 0n),
      unpricedRequests: records.filter(({ cost }) => cost?.quality === 'UNPRICED').length,
      activeUsers: new Set(records.flatMap(({ user }) => user ?? [])).size,
    });
    for (const name of TOKEN_CLASSES) expect(totals.tokens[name]).toBe(records.reduce((sum, { usage }) => sum + (usage?.[name] ?? 0), 0));
  });

  test('count every billed attempt, also those that failed', async () => {
    const tenant = await books.found();
    await books.book(billed(tenant.record(), PRICE, [1_000_000, 500_000]));
    const { totals } = await books.reports.usage(tenant.reader, { range: DAY });
    expect(totals).toMatchObject({ requests: 1, attempts: 2, cost: usd('1.500002') });
  });

  test('of nothing are zero, with no percentile and no rows', async () => {
    const tenant = await books.found();
    const report = await books.reports.usage(tenant.reader, { range: DAY, groupBy: ['TEAM'] });
    expect(report).toMatchObject({ rows: [], truncated: false, freshAsOf: FRESH, range: DAY });
    expect(report.totals).toMatchObject({
      ...{ requests: 0, attempts: 0, cost: ZERO_PICO_USD, activeUsers: 0 },
      latencyMs: { p50: null, p90: null, p95: null, p99: null },
      feedback: { count: 0, average: null },
    });
  });
});

describe('every inference is in exactly one group', () => {
  test('U1 of any dimensions, up to three: the groups sum to the totals', async () => {
    const tenant = await books.found();
    await books.book(...fc.sample(anyRecordOf(tenant), { numRuns: 150, seed: 3 }));
    const plain = await books.reports.usage(tenant.reader, { range: DAY });
    await fc.assert(
      fc.asyncProperty(anyGroupBy, fc.constantFrom(null, 'HOUR' as const, 'DAY' as const), async (groupBy, granularity) => {
        const filter = { tagKey: 'feature' };
        const report = await books.reports.usage(tenant.reader, { range: DAY, groupBy, granularity, filter, limit: 1000 });
        expect(report.truncated).toBe(false);
        expect(report.totals).toEqual(plain.totals);
        expect(sumOf(report.rows.map((row) => row.metrics))).toEqual(sumOf([plain.totals]));
        const keys = report.rows.map((row) => JSON.stringify([row.bucket, row.dimensions]));
        expect(new Set(keys).size).toBe(keys.length);
      }),
      { numRuns: 60 },
    );
  });

  test('U1 of each single dimension', async () => {
    const tenant = await books.found();
    await books.book(...fc.sample(anyRecordOf(tenant), { numRuns: 100, seed: 4 }));
    for (const dimension of USAGE_DIMENSIONS) {
      const report = await books.reports.usage(tenant.reader, {
        range: DAY,
        groupBy: [dimension],
        filter: { tagKey: 'customer' },
        limit: 1000,
      });
      expect({ dimension, ...sumOf(report.rows.map((row) => row.metrics)) }).toEqual({ dimension, ...sumOf([report.totals]) });
      expect(report.rows.every((row) => row.dimensions.length === 1 && row.dimensions[0]?.dimension === dimension)).toBe(true);
    }
  });
});

describe('a dimension', () => {
  test('is what served: model, provider, deployment and region, null where nothing was reached', async () => {
    const tenant = await books.found();
    const [, , farNorth, south] = tenant.places;
    const elsewhere = sampleAttempt({ served: servedBy(south), status: 'FAILED' });
    await books.book(
      tenant.record({ served: servedBy(farNorth), attempts: [elsewhere, sampleAttempt({ index: 1, served: servedBy(farNorth) })] }),
      tenant.record({ served: servedBy(south) }),
      tenant.record({ served: null, status: 'BLOCKED' }),
    );
    const by = async (dimension: UsageDimension) =>
      requests(await books.reports.usage(tenant.reader, { range: DAY, groupBy: [dimension] }));
    expect(await by('MODEL')).toEqual({ numbers: 2, null: 1 });
    expect(await by('PROVIDER')).toEqual({ north: 1, south: 1, null: 1 });
    expect(await by('DEPLOYMENT')).toEqual({ 'north.numbers': 1, 'south.numbers': 1, null: 1 });
    expect(await by('REGION')).toEqual({ 'eu-far-north': 1, null: 2 });
    const { totals } = await books.reports.usage(tenant.reader, { range: DAY });
    expect(totals).toMatchObject({ rerouted: 1, blocked: 1 });
  });

  test('REGION is where it was then: moving a deployment rewrites no history', async () => {
    const tenant = await books.found();
    const [north] = tenant.places;
    await books.book(tenant.record({ served: servedBy(north) }));
    await books.work.asWriter((manager) =>
      manager.query('UPDATE deployment SET region = $1 WHERE id = $2', ['moon', uuidFromId(north.deploymentId)]),
    );
    await books.book(tenant.record({ served: servedBy(north) }));
    expect(requests(await books.reports.usage(tenant.reader, { range: DAY, groupBy: ['REGION'] }))).toEqual({ 'eu-north': 1, moon: 1 });
  });

  test('keeps a slug’s history together when what bore it was deleted and made anew', async () => {
    const tenant = await books.found();
    const [old, other] = tenant.places;
    await books.book(tenant.record({ served: servedBy(old) }));
    await books.work.asWriter(async (manager) => {
      await manager.query('UPDATE deployment SET deleted_at = now() WHERE id = $1', [uuidFromId(old.deploymentId)]);
      await manager.query('UPDATE deployment SET slug = $1 WHERE id = $2', [old.deployment, uuidFromId(other.deploymentId)]);
    });
    await books.book(tenant.record({ served: servedBy(other) }));
    const report = await books.reports.usage(tenant.reader, { range: DAY, groupBy: ['DEPLOYMENT'] });
    expect(requests(report)).toEqual({ [old.deployment]: 2 });
    const filtered = await books.reports.usage(tenant.reader, { range: DAY, filter: { deployments: [old.deployment] } });
    expect(filtered.totals.requests).toBe(2);
  });

  test('TEAM and API_KEY are public ids', async () => {
    const tenant = await books.found();
    const [team] = tenant.teams;
    const [key] = tenant.keys;
    await books.book(tenant.record({ teamId: team, apiKeyId: key }), tenant.record({ teamId: null, apiKeyId: key }));
    expect(requests(await books.reports.usage(tenant.reader, { range: DAY, groupBy: ['TEAM', 'API_KEY'] }))).toEqual({
      [`${team}/${key}`]: 1,
      [`null/${key}`]: 1,
    });
  });

  test('ROUTE is the route that was named; versions and branches are apart for each route and experiment', async () => {
    const tenant = await books.found();
    const [at] = tenant.places;
    const by = (route: string | null, version: number, name: string, branch: string) =>
      tenant.record({ routing: routed(route, version, { name, branch, at }) });
    await books.book(
      by('main', 1, 'tone', 'a'),
      by('main', 2, 'tone', 'b'),
      by('other', 2, 'size', 'b'),
      tenant.record({ routing: routed('other', 2) }),
      tenant.record({ routing: routed(null, 0) }),
      tenant.record({ routing: null }),
    );
    const rows = async (dimension: UsageDimension) =>
      (await books.reports.usage(tenant.reader, { range: DAY, groupBy: [dimension] })).rows
        .map(({ dimensions: [value], metrics }) => [value?.value, value?.of, metrics.requests])
        .toSorted();
    expect(await rows('ROUTE')).toEqual([
      [null, undefined, 2],
      ['main', undefined, 2],
      ['other', undefined, 2],
    ]);
    expect(await rows('ROUTE_VERSION')).toEqual([
      [null, undefined, 2],
      ['1', 'main', 1],
      ['2', 'main', 1],
      ['2', 'other', 2],
    ]);
    expect(await rows('EXPERIMENT_BRANCH')).toEqual([
      [null, undefined, 3],
      ['a', 'tone', 1],
      ['b', 'size', 1],
      ['b', 'tone', 1],
    ]);
    const { totals } = await books.reports.usage(tenant.reader, { range: DAY, filter: { routes: ['main', 'unknown'] } });
    expect(totals.requests).toBe(2);
  });

  test('EXPERIMENT_BRANCH is the side that was tried first, whoever answered in the end', async () => {
    const tenant = await books.found();
    const [inside, outside] = tenant.places;
    const routing = routed('main', 1, { name: 'tone', branch: 'a', at: inside });
    const attempt = (index: number, at: ServedBy) => sampleAttempt({ index, served: servedBy(at) });
    await books.book(
      tenant.record({ routing, served: servedBy(outside), attempts: [attempt(0, inside), attempt(1, outside)] }),
      tenant.record({ routing, served: servedBy(inside), attempts: [attempt(0, outside), attempt(1, inside)] }),
      tenant.record({ routing, served: null, attempts: [] }),
      tenant.record({ routing, served: servedBy(outside), attempts: [attempt(0, outside)] }),
    );
    expect(requests(await books.reports.usage(tenant.reader, { range: DAY, groupBy: ['EXPERIMENT_BRANCH'] }))).toEqual({ a: 3, null: 1 });
  });

  test('CACHE_STATUS says OFF where nothing was asked of the cache', async () => {
    const tenant = await books.found();
    await books.book(tenant.record({ cacheStatus: 'HIT' }), tenant.record(), tenant.record({ cacheStatus: 'OFF' }));
    expect(requests(await books.reports.usage(tenant.reader, { range: DAY, groupBy: ['CACHE_STATUS'] }))).toEqual({ HIT: 1, OFF: 2 });
  });

  test('TAG takes the first of several values under its key, and null where there is none', async () => {
    const tenant = await books.found();
    await books.book(
      tenant.record({
        tags: [
          { key: 'other', value: 'z' },
          { key: 'feature', value: 'search' },
          { key: 'feature', value: 'chat' },
        ],
      }),
      tenant.record({ tags: [{ key: 'other', value: 'search' }] }),
      tenant.record({ tags: [{ key: 'feature', value: '' }] }),
    );
    const report = await books.reports.usage(tenant.reader, { range: DAY, groupBy: ['TAG'], filter: { tagKey: 'feature' } });
    expect(report.rows.map((row) => row.dimensions[0]?.value).toSorted()).toEqual(['', null, 'search'].toSorted());
  });
});

describe('figures', () => {
  test('percentiles are interpolated over what was measured', async () => {
    const tenant = await books.found();
    const timing = (totalMs: number | null) => ({
      queuedMs: 0,
      gatewayMs: 2,
      firstTokenMs: totalMs === null ? null : totalMs / 10,
      totalMs,
    });
    await books.book(...[...Array(101).keys()].map((ms) => tenant.record({ timing: timing(ms) })), tenant.record({ timing: timing(null) }));
    const { totals } = await books.reports.usage(tenant.reader, { range: DAY });
    expect(totals.latencyMs).toEqual({ p50: 50, p90: 90, p95: 95, p99: 99 });
    expect(totals.firstTokenMs.p90).toBeCloseTo(9, 9);
    expect(totals.gatewayMs.p50).toBe(2);
  });

  test('feedback is averaged by weight, and does not multiply requests', async () => {
    const tenant = await books.found();
    const [rated, unrated] = [billed(tenant.record(), PRICE, [1_000_000]), billed(tenant.record(), PRICE, [1_000_000])];
    await books.book(rated, unrated);
    const rate = (value: number, weight: number) =>
      books.feedback.insert(
        {
          ...{ id: newId('feedback'), inferenceId: rated.id, value, weight, label: null, comment: null, createdAt: new Date() },
        },
        tenant.reader,
        100,
      );
    await rate(1, 1);
    await rate(-1, 0.5);
    await rate(-1, 0);
    const { totals } = await books.reports.usage(tenant.reader, { range: DAY });
    expect(totals.feedback.count).toBe(3);
    expect(totals.feedback.average).toBeCloseTo(1 / 3, 12);
    expect(totals).toMatchObject({ requests: 2, attempts: 2, cost: usd('2') });
  });

  test('feedback that weighs nothing has no average', async () => {
    const tenant = await books.found();
    const record = tenant.record();
    await books.book(record);
    await books.feedback.insert(
      {
        ...{ id: newId('feedback'), inferenceId: record.id, value: 1, weight: 0, label: null, comment: null, createdAt: new Date() },
      },
      tenant.reader,
      100,
    );
    expect((await books.reports.usage(tenant.reader, { range: DAY })).totals.feedback).toEqual({ count: 1, average: null });
  });

  test('the range takes its first instant and leaves out its last', async () => {
    const tenant = await books.found();
    await books.book(tenant.record({ createdAt: DAY.from }), tenant.record({ createdAt: DAY.to }));
    expect((await books.reports.usage(tenant.reader, { range: DAY })).totals.requests).toBe(1);
    expect((await books.reports.usage(tenant.reader, { range: { from: DAY.to, to: DAY.to } })).totals.requests).toBe(0);
  });
});

describe('the limit', () => {
  async function fiveUsers(): Promise<Tenant> {
    const tenant = await books.found();
    const records = [5, 1, 4, 2, 3].flatMap((count, index): InferenceRecord[] =>
      Array.from({ length: count }, () =>
        billed(tenant.record({ user: `u${count}`, timing: slow(index) }), PRICE, [1_000 * (6 - count) ** 3]),
      ),
    );
    await books.book(...records);
    return tenant;
  }
  const slow = (index: number) => ({ queuedMs: 0, gatewayMs: 1, firstTokenMs: null, totalMs: index });

  test('keeps the first groups by the order, tells that there are more, and leaves the totals alone', async () => {
    const tenant = await fiveUsers();
    const report = async (orderBy: 'COST_DESC' | 'REQUESTS_DESC' | 'LATENCY_DESC' | 'TOKENS_DESC' | 'ERRORS_DESC', limit: number) =>
      books.reports.usage(tenant.reader, { range: DAY, groupBy: ['USER'], orderBy, limit });
    const users = ({ rows }: UsageReport) => rows.map((row) => row.dimensions[0]?.value);
    const byRequests = await report('REQUESTS_DESC', 2);
    expect(users(byRequests)).toEqual(['u5', 'u4']);
    expect(byRequests).toMatchObject({ truncated: true, totals: { requests: 15 } });
    expect(users(await report('COST_DESC', 2))).toEqual(['u2', 'u1']);
    expect(users(await report('TOKENS_DESC', 2))).toEqual(['u2', 'u1']);
    expect(users(await report('LATENCY_DESC', 3))).toEqual(['u3', 'u2', 'u4']);
    expect(await report('ERRORS_DESC', 5)).toMatchObject({ truncated: false });
    expect(await report('COST_DESC', 0)).toMatchObject({ rows: [], truncated: true, totals: { requests: 15 } });
  });

  test('with buckets, keeps whole series of the first groups, in the order of time', async () => {
    const tenant = await books.found();
    const at = (hour: number) => new Date(DAY.from.getTime() + hour * 3_600_000);
    await books.book(
      ...[0, 1, 2].map((hour) => billed(tenant.record({ user: 'steady', createdAt: at(hour) }), PRICE, [1_000])),
      billed(tenant.record({ user: 'once', createdAt: at(1) }), PRICE, [2_000]),
    );
    const report = await books.reports.usage(tenant.reader, { range: DAY, groupBy: ['USER'], granularity: 'HOUR', limit: 3 });
    expect(report.rows.map((row) => [row.bucket, row.dimensions[0]?.value])).toEqual([0, 1, 2].map((hour) => [at(hour), 'steady']));
    expect(report).toMatchObject({ truncated: true, totals: { requests: 4 } });
  });
});
