import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { InferenceFilter } from '../../../src/accounting/reports/contract.js';
import { createMatcher } from '../../../src/accounting/reports/matching.js';
import { costOf } from '../../../src/accounting/price.js';
import { newId, uuidFromId } from '../../../src/core/ids.js';
import type { InferenceRecord } from '../../../src/core/inference.js';
import type { Principal } from '../../../src/core/principal.js';
import { sampleAttempt } from '../records.js';
import { reported, simplePrice } from '../samples.js';
import { anyRecordOf, billed, DAY, openBooks, routed, servedBy } from './world.js';
import type { Books, Tenant } from './world.js';

let books: Books;

beforeAll(async () => {
  books = await openBooks();
});

afterAll(() => books.close());

const list = async (reader: Principal, filter: InferenceFilter = {}, first = 100) =>
  (await books.reports.inferences(reader, filter, { first, after: null })).records;
const ids = (records: readonly InferenceRecord[]) => records.map(({ id }) => id);
const newestFirst = (records: readonly InferenceRecord[]) => ids(records).toSorted().toReversed();

describe('the list', () => {
  test('holds the records as they were booked, the newest first', async () => {
    const tenant = await books.found();
    const records = fc
      .sample(anyRecordOf(tenant), { numRuns: 30, seed: 1 })
      .map((record) => ({ ...record, user: null, sessionId: null, tags: [] }));
    await books.book(...records);
    const found = await list(tenant.reader);
    expect(ids(found)).toEqual(newestFirst(records));
    const byId = new Map(records.map((record) => [record.id, record]));
    for (const record of found) expect(record.attempts).toHaveLength(byId.get(record.id)?.attempts.length ?? -1);
    expect(found[0]).toMatchObject({ ...byId.get(found[0]!.id), attempts: expect.anything(), cost: expect.anything() });
  });

  test('U7 a row tells the requested and the served model, its attempts, and why the first did not answer', async () => {
    const tenant = await books.found();
    const [lost, won] = tenant.places;
    const failure = { class: 'OVERLOADED', detail: 'overloaded', httpStatus: 529, retryAfterMs: null } as const;
    const record = tenant.record({
      requestedModel: 'north/words',
      served: servedBy(won),
      attempts: [sampleAttempt({ served: servedBy(lost), status: 'FAILED', failure }), sampleAttempt({ index: 1, served: servedBy(won) })],
    });
    await books.book(record);
    expect(await list(tenant.reader)).toEqual([record]);
  });

  test('pages leave no gap and repeat nothing, while new rows arrive', async () => {
    const tenant = await books.found();
    const records = Array.from({ length: 23 }, () => tenant.record());
    await books.book(...records);
    const seen: InferenceRecord[] = [];
    let after: string | null = null;
    for (let more = true; more;) {
      const page = await books.reports.inferences(tenant.reader, {}, { first: 5, after });
      await books.book(tenant.record());
      seen.push(...page.records);
      after = page.records.at(-1)?.id ?? null;
      more = page.hasNextPage;
    }
    expect(ids(seen)).toEqual(newestFirst(records));
  });

  test('a page of none tells whether there are any, and the last one that there are no more', async () => {
    const tenant = await books.found();
    await books.book(tenant.record());
    expect(await books.reports.inferences(tenant.reader, {}, { first: 0, after: null })).toEqual({ records: [], hasNextPage: true });
    expect(await books.reports.inferences(tenant.reader, {}, { first: 1, after: null })).toMatchObject({ hasNextPage: false });
  });

  test.each([['completion_nonsense'], ['team_01kah8rjm7f3tbphzkbn4a0vqb'], ['\0']])(
    'a cursor that stands for %j is BAD_USER_INPUT',
    async (after) => {
      const { reader } = await books.found();
      await expect(books.reports.inferences(reader, {}, { first: 1, after })).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
    },
  );

  test('a reversed range is BAD_USER_INPUT, here and in the live log', async () => {
    const { reader } = await books.found();
    const filter = { range: { from: DAY.to, to: DAY.from } };
    await expect(books.reports.inferences(reader, filter, { first: 1, after: null })).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
    expect(() => books.reports.settled(reader, filter)).toThrow(expect.objectContaining({ code: 'BAD_USER_INPUT' }));
  });

  test('D7 takes the same few statements for one row and for a hundred', async () => {
    const tenant = await books.found();
    const [first, second] = [simplePrice({ INPUT: '1' }), simplePrice({ INPUT: '2' })];
    const twice = () => {
      const usage = reported({ input: 10 });
      const attempts = [
        sampleAttempt({ usage, cost: costOf(usage, first) }),
        sampleAttempt({ index: 1, usage, cost: costOf(usage, second) }),
      ];
      return { ...billed(tenant.record(), second, [1]), attempts };
    };
    await books.book(...Array.from({ length: 100 }, twice));
    const small = await countStatements(books, () => list(tenant.reader, {}, 1));
    const large = await countStatements(books, () => list(tenant.reader, {}, 100));
    expect(large).toBe(small);
    // The transaction's begin, role and end; rows, attempts, prices.
    expect(large).toBe(6);
  });
});

/** Statements that reach the database while something runs. */
async function countStatements({ dataSource }: Books, run: () => Promise<unknown>): Promise<number> {
  const statements: unknown[] = [];
  const logger = dataSource.logger;
  const runnerLogger = { ...logger, logQuery: (query: string) => statements.push(query) };
  dataSource.setOptions({ logging: ['query'] });
  Object.assign(dataSource, { logger: runnerLogger });
  try {
    await run();
  } finally {
    Object.assign(dataSource, { logger });
  }
  return statements.length;
}

const anyFilterOf = (tenant: Tenant): fc.Arbitrary<InferenceFilter> => {
  const some = <Value>(...values: Value[]) => fc.option(fc.subarray(values, { minLength: values.length - 1 }), { nil: undefined, freq: 1 });
  const names = ['anna', 'ben', '', 'ß"\\', '\0half \ud83d'];
  return fc.record(
    {
      range: fc.constantFrom(DAY, { from: DAY.from, to: new Date('2026-11-21T09:00:00Z') }, null),
      teams: some<string>(...tenant.teams, newId('team'), 'nonsense'),
      apiKeys: some<string>(...tenant.keys, 'key_\0'),
      users: some(...names),
      sessions: some(...names),
      models: some('words', 'numbers', 'unknown', '\0'),
      providers: some('north', 'unknown'),
      deployments: some('north.words', 'south.numbers'),
      routes: some('main', 'unknown', '\0'),
      operations: some('COMPLETION' as const),
      statuses: some('SUCCEEDED' as const, 'BLOCKED' as const),
      errorCodes: some('PROVIDER_FAILED' as const, 'NOT_FOUND' as const),
      tags: some({ key: 'feature', value: 'anna' }, { key: 'customer', value: '\0half \ud83d' }),
      minCost: fc.constantFrom(null, '0', '0.01', '12.0000000000001', '-1.5', '-0.0000000000001'),
      minLatencyMs: fc.constantFrom(null, 0, 5_000),
    },
    { requiredKeys: [] },
  );
};

test('a filter picks the same from the books and from what is being booked', async () => {
  const tenant = await books.found();
  const records = fc.sample(anyRecordOf(tenant), { numRuns: 90, seed: 8 });
  await books.book(...records);
  const places = new Map<string, (typeof tenant.places)[number]>(tenant.places.map((place) => [place.deploymentId, place]));
  const [team] = tenant.teams;
  let picked = 0;
  await fc.assert(
    fc.asyncProperty(anyFilterOf(tenant), fc.boolean(), async (filter, isTeams) => {
      const reader = isTeams ? tenant.readerOf(team) : tenant.reader;
      const matches = createMatcher(reader, filter, (_organization, { deploymentId }) => places.get(deploymentId)!);
      const found = await list(reader, filter);
      picked += found.length;
      expect(ids(found)).toEqual(newestFirst(records.filter(matches)));
    }),
    { numRuns: 200 },
  );
  expect(picked).toBeGreaterThan(100);
});

test('an empty list matches nothing, in every filter of every report; null is no condition', async () => {
  const tenant = await books.found();
  const record = tenant.record();
  await books.book(record);
  const lists = [
    'teams',
    'apiKeys',
    'users',
    'sessions',
    'models',
    'providers',
    'deployments',
    'routes',
    'operations',
    'statuses',
    'errorCodes',
    'tags',
  ];
  const ofNothing = (filter: InferenceFilter) =>
    createMatcher(tenant.reader, filter, () => ({ model: null, provider: null, deployment: null }))(record);
  for (const name of lists) {
    expect({ name, found: await list(tenant.reader, { [name]: [] }) }).toEqual({ name, found: [] });
    expect({ name, matches: ofNothing({ [name]: [] }) }).toEqual({ name, matches: false });
    expect({ name, found: (await list(tenant.reader, { [name]: null })).length }).toEqual({ name, found: 1 });
  }
  for (const name of [...lists, 'requestedModels', 'tasks', 'regions']) {
    const filter = { [name]: [] };
    expect({ name, totals: (await books.reports.usage(tenant.reader, { range: DAY, filter })).totals.requests }).toEqual({
      name,
      totals: 0,
    });
    expect((await books.reports.costs(tenant.reader, { range: DAY, filter })).rows).toEqual([]);
  }
});

describe('who sees what', () => {
  test('another organization sees nothing, in any report', async () => {
    const [mine, other] = [await books.found(), await books.found()];
    await books.book(mine.record());
    expect(await list(other.reader)).toEqual([]);
    expect((await books.reports.usage(other.reader, { range: DAY })).totals.requests).toBe(0);
    expect(await books.reports.costs(other.reader, { range: DAY })).toMatchObject({ rows: [] });
    expect(await list(other.reader, { models: ['words'] })).toEqual([]);
  });

  test('a team’s key sees its team’s, whatever it filters by', async () => {
    const tenant = await books.found();
    const [team, otherTeam] = tenant.teams;
    const [own, foreign, ofNobody] = [tenant.record({ teamId: team }), tenant.record({ teamId: otherTeam }), tenant.record()];
    await books.book(own, foreign, ofNobody);
    const reader = tenant.readerOf(team);
    expect(ids(await list(reader))).toEqual([own.id]);
    expect(await list(reader, { teams: [otherTeam] })).toEqual([]);
    expect((await books.reports.usage(reader, { range: DAY, groupBy: ['TEAM'] })).rows).toHaveLength(1);
    expect((await books.reports.usage(reader, { range: DAY, filter: { teams: [otherTeam] } })).totals.requests).toBe(0);
    expect((await books.reports.usage(tenant.reader, { range: DAY })).totals.requests).toBe(3);
  });
});

test('a list of one team, person or conversation has its index, and a report the time’s', async () => {
  const tenant = await books.found();
  await books.book(
    ...Array.from({ length: 50 }, () =>
      tenant.record({ user: 'anna', sessionId: 's', teamId: tenant.teams[0], routing: routed('main', 1) }),
    ),
  );
  const explain = (where: string, order: string) =>
    books.work.asOrganization(tenant.organizationId, async (manager) => {
      await manager.query('SET LOCAL enable_seqscan = off');
      await manager.query('SET LOCAL enable_sort = off');
      const organization = `organization_id = current_setting('glidepath.organization_id')::uuid`;
      const plan = await manager.query<{ 'QUERY PLAN': string }[]>(
        `EXPLAIN SELECT id FROM inference WHERE ${organization} AND ${where} ${order}`,
      );
      return plan.map((line) => line['QUERY PLAN']).join('\n');
    });
  const newest = 'ORDER BY id DESC LIMIT 51';
  for (const [condition, index] of [
    [`status = 'FAILED'`, 'status_id_idx'],
    [`"user" = 'anna'`, 'user_id_idx'],
    [`session_id = 's'`, 'session_id_id_idx'],
    [`team_id = '${uuidFromId(tenant.teams[0])}'`, 'team_id_id_idx'],
    [`route = 'main'`, 'route_id_idx'],
    ['true', 'organization_id_id_idx'],
  ] as const) {
    const plan = await explain(condition, newest);
    expect(plan).toContain(index);
    expect(plan).not.toContain('Seq Scan');
  }
  expect(await explain(`created_at >= '2026-11-21' AND created_at < '2026-11-22'`, '')).toMatch(/organization_id_created_at_idx/);
});
