import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { setTimeout } from 'node:timers/promises';
import { USAGE_DIMENSIONS } from '../../src/core/vocabulary.js';
import { COMPLETE } from '../kit/operations.js';
import { mutate, startProduct } from '../kit/product.js';
import type { TestProduct } from '../kit/product.js';
import type { GraphqlClient } from '../kit/graphql-client.js';
import { PUBLISH_ROUTE } from '../kit/routing.js';

let product: TestProduct;
let team: { id: string; key: string };

const RANGE = { from: new Date(Date.now() - 3_600_000).toISOString(), to: new Date(Date.now() + 3_600_000).toISOString() };

beforeAll(async () => {
  product = await startProduct();
  await product.serve({ slug: 'words', rates: { INPUT: '1', OUTPUT: '2' } });
  await product.serve({ slug: 'unpriced' });
  const made = await product.client.query<{ createTeam: { id: string } }>(
    'mutation { createTeam(input: { slug: "blue", name: "The blue ones" }) { ... on Team { id } } }',
  );
  const id = made.data!.createTeam.id;
  team = { id, key: (await product.createKey({ teamId: id, permissions: ['INFERENCE', 'USAGE_READ'] })).secret };
});

afterAll(() => product.stop());

interface Done {
  readonly id: string;
  readonly status: string;
}

async function complete(client: GraphqlClient, input: Record<string, unknown> = {}): Promise<Done> {
  const answer = await client.query<{ complete: Done & { inference?: Done } }>(COMPLETE, {
    input: { model: 'words', messages: [{ role: 'USER', text: 'hello' }], ...input },
  });
  if (!answer.data) throw new Error(JSON.stringify(answer.errors));
  return answer.data.complete.inference ?? answer.data.complete;
}

/** Asks again until what is asked for is there: rows are booked within 2 s of their end. */
async function until<T>(read: () => Promise<T>, isThere: (value: T) => boolean): Promise<T> {
  for (let attempt = 0; attempt < 500; attempt += 1) {
    const value = await read();
    if (isThere(value)) return value;
    await setTimeout(20);
  }
  throw new Error(`never there: ${JSON.stringify(await read())}`);
}

async function ask<T>(client: GraphqlClient, document: string, variables: object = {}): Promise<T> {
  const answer = await client.query<T>(document, { range: RANGE, ...variables });
  if (!answer.data || answer.errors) throw new Error(JSON.stringify(answer.errors));
  return answer.data;
}

const USAGE = `query ($range: TimeRangeInput!, $groupBy: [UsageDimension!], $filter: UsageFilter, $granularity: Granularity) {
  usage(range: $range, groupBy: $groupBy, filter: $filter, granularity: $granularity) {
    totals { requests attempts succeeded failed blocked errorRate unpricedRequests cost { amount } tokens { totalInput totalOutput } latencyMs { p50 } feedback { count average } }
    rows { bucket dimensions { dimension value label } metrics { requests attempts cost { amount } } }
    truncated freshAsOf
  }
}`;

interface Usage {
  readonly usage: {
    readonly totals: Record<string, unknown> & { requests: number };
    readonly rows: readonly {
      bucket: string | null;
      dimensions: { value: string | null; label: string | null }[];
      metrics: { requests: number; attempts: number; cost: { amount: string } };
    }[];
    readonly freshAsOf: string;
  };
}

describe('usage and costs', () => {
  test('U1 tell what was asked, by team, key, user, tag, status and region, to the last digit', async () => {
    const blue = product.clientWith(team.key);
    const user = 'usage-test';
    await complete(blue, { user, tags: [{ key: 'feature', value: 'search' }] });
    await complete(product.client, { user, tags: [{ key: 'feature', value: 'chat' }] });
    await complete(product.client, { user, model: 'unpriced' });
    await complete(product.client, { user, model: 'nothing-serves-this' });
    const filter = { users: [user], tagKey: 'feature' };
    const report = (groupBy: readonly string[], client = product.client) => ask<Usage>(client, USAGE, { groupBy, filter });
    const { usage } = await until(
      () => report([]),
      (found) => found.usage.totals.requests === 4,
    );
    expect(usage.totals).toMatchObject({ succeeded: 3, blocked: 1, failed: 0, errorRate: 0, unpricedRequests: 1, attempts: 3 });
    expect(usage.rows).toHaveLength(1);
    expect(Date.parse(usage.freshAsOf)).toBeLessThanOrEqual(Date.now());
    const groups = async (...groupBy: string[]) =>
      Object.fromEntries(
        (await report(groupBy)).usage.rows.map((row) => [
          row.dimensions.map(({ label }) => label ?? 'null').join('/'),
          row.metrics.requests,
        ]),
      );
    expect(await groups('TEAM')).toEqual({ 'The blue ones': 1, null: 3 });
    expect(await groups('TAG', 'MODEL')).toEqual({ 'search/words': 1, 'chat/words': 1, 'null/unpriced': 1, 'null/null': 1 });
    expect(await groups('STATUS', 'ERROR_CODE')).toEqual({ 'SUCCEEDED/null': 3, 'BLOCKED/MODEL_NOT_FOUND': 1 });
    expect(await groups('REQUESTED_MODEL', 'PROVIDER', 'REGION')).toMatchObject({
      'words/on-words/null': 2,
      'nothing-serves-this/null/null': 1,
    });
    // A team's key sees its team's alone, whatever it asks for.
    expect((await report(['TEAM'], blue)).usage).toMatchObject({ totals: { requests: 1 }, rows: [{ dimensions: [{ value: team.id }] }] });
  });

  test('U6 costs explains the sum, kind by kind', async () => {
    const user = 'cost-test';
    await complete(product.client, { user });
    await complete(product.client, { user });
    const costs = () =>
      ask<{
        costs: {
          total: { amount: string };
          rows: {
            total: { amount: string };
            components: { kind: string; quantity: number; amount: string }[];
            blendedPerMillionTokens: string;
          }[];
        };
      }>(
        product.client,
        `query ($range: TimeRangeInput!) { costs(range: $range, groupBy: [MODEL], filter: { users: ["${user}"] }) { total { amount } rows { total { amount } components { kind quantity amount } blendedPerMillionTokens } } }`,
      );
    const { costs: report } = await until(costs, (found) => found.costs.rows[0]?.components[0]?.quantity === 22);
    // The scripted upstream reports 11 tokens in and 7 out.
    expect(report).toEqual({
      total: { amount: '0.00005' },
      rows: [
        {
          total: { amount: '0.00005' },
          components: [
            { kind: 'INPUT', quantity: 22, amount: '0.000022' },
            { kind: 'OUTPUT', quantity: 14, amount: '0.000028' },
          ],
          blendedPerMillionTokens: '1.388888888889',
        },
      ],
    });
  });

  test.each([
    ['usage(range: $range, timeZone: "Mars/Olympus")', 'timeZone'],
    ['usage(range: $range, groupBy: [TAG])', 'filter.tagKey'],
    ['usage(range: $range, groupBy: [TEAM, USER, MODEL, TASK])', 'groupBy'],
    ['costs(range: $range, limit: 1001)', 'limit'],
    ['costs(range: { from: "2026-02-01T00:00:00Z", to: "2026-01-01T00:00:00Z" })', 'range'],
  ])('%s is BAD_USER_INPUT and says what is wrong', async (field, name) => {
    const declared = field.includes('$range') ? '($range: TimeRangeInput!)' : '';
    const { data, errors } = await product.client.query(`query ${declared} { ${field} { truncated } }`, { range: RANGE });
    expect(Object.values(data ?? {})).toEqual([null]);
    expect(errors?.[0]).toMatchObject({ message: expect.stringContaining(name), extensions: { code: 'BAD_USER_INPUT' } });
  });

  test.each(['\0', '\ud83d', '%', "'; DROP TABLE inference; --", '$1', '{"a"}', '"'.repeat(50)])(
    'nonsense such as %j finds nothing and breaks nothing',
    async (text) => {
      const filter = {
        users: [text],
        sessions: [text],
        models: [text],
        teams: [text],
        apiKeys: [text],
        regions: [text],
        tags: [{ key: text, value: text }],
        tagKey: text,
      };
      const report = await ask<Usage>(product.client, USAGE, { filter, groupBy: ['TAG'] });
      expect(report.usage.totals.requests).toBe(0);
    },
  );

  test('every dimension answers, with every granularity', async () => {
    for (const [index, dimension] of USAGE_DIMENSIONS.entries()) {
      const granularity = ['MINUTE', 'HOUR', 'DAY', 'WEEK', 'MONTH'][index % 5];
      const { usage } = await ask<Usage>(product.client, USAGE, { groupBy: [dimension], filter: { tagKey: 'feature' }, granularity });
      expect(usage.rows.reduce((sum, row) => sum + row.metrics.requests, 0)).toBe(usage.totals.requests);
      expect(usage.rows.every((row) => row.bucket !== null)).toBe(true);
    }
  });
});

describe('routes and experiments', () => {
  interface Routed {
    readonly id: string;
    readonly routing: { readonly steps: readonly { readonly kind: string; readonly outcome: string }[] };
  }

  const publish = (experiment: string) =>
    mutate(product.client, PUBLISH_ROUTE, {
      slug: 'split-traffic',
      definition: {
        split: {
          experiment,
          branches: [
            { name: 'control', weight: 1, node: { target: { model: 'words' } } },
            { name: 'bold', weight: 1, node: { target: { model: 'unpriced' } } },
          ],
        },
      },
    });

  /** What the decision of each call says of its side. */
  async function sidesOf(calls: number): Promise<string[]> {
    const sides: string[] = [];
    for (let call = 0; call < calls; call += 1) {
      const done = (await complete(product.client, { model: 'split-traffic', user: 'routes-test' })) as Done & Routed;
      sides.push(done.routing.steps.find(({ kind }) => kind === 'SPLIT')?.outcome ?? 'none');
    }
    return sides;
  }

  const counted = (names: readonly string[]) =>
    Object.fromEntries([...new Set(names)].map((name) => [name, names.filter((one) => one === name).length]));

  test('group by route, version and side, as each call was decided, and pick one route’s calls', async () => {
    await publish('tone');
    const tone = await sidesOf(8);
    await publish('voice');
    const voice = await sidesOf(8);
    await complete(product.client, { user: 'routes-test' });
    const filter = { users: ['routes-test'] };
    const report = (...groupBy: string[]) => ask<Usage>(product.client, USAGE, { groupBy, filter });
    await until(
      () => report(),
      ({ usage }) => usage.totals.requests === 17,
    );
    const groups = async (pick: 'value' | 'label', ...groupBy: string[]) =>
      Object.fromEntries(
        (await report(...groupBy)).usage.rows.map(({ dimensions, metrics }) => [
          dimensions.map((one) => one[pick] ?? 'null').join('/'),
          metrics.requests,
        ]),
      );
    expect(await groups('value', 'ROUTE')).toEqual({ 'split-traffic': 16, null: 1 });
    expect(await groups('value', 'ROUTE', 'ROUTE_VERSION')).toEqual({ 'split-traffic/1': 8, 'split-traffic/2': 8, 'null/null': 1 });
    expect(await groups('label', 'ROUTE_VERSION')).toEqual({ 'split-traffic v1': 8, 'split-traffic v2': 8, null: 1 });
    const sides = [...tone.map((side) => `tone: ${side}`), ...voice.map((side) => `voice: ${side}`), 'null'];
    expect(await groups('label', 'EXPERIMENT_BRANCH')).toEqual(counted(sides));
    const versions = [...tone.map((side) => `${side}/1`), ...voice.map((side) => `${side}/2`), 'null/null'];
    expect(await groups('value', 'EXPERIMENT_BRANCH', 'ROUTE_VERSION')).toEqual(counted(versions));

    const picked = { users: ['routes-test'], routes: ['split-traffic'] };
    expect((await ask<Usage>(product.client, USAGE, { filter: picked })).usage.totals.requests).toBe(16);
    expect((await ask<Page>(product.client, INFERENCES, { filter: picked, first: 100 })).inferences.nodes).toHaveLength(16);
    expect((await ask<Page>(product.client, INFERENCES, { filter: { routes: ['another'] }, first: 100 })).inferences.nodes).toEqual([]);
  });
});

const INFERENCES = `query ($first: Int, $after: String, $filter: InferenceFilter) {
  inferences(first: $first, after: $after, filter: $filter) {
    nodes {
      __typename id status requestedModel servedModel { slug } user error { code message }
      cost { total { amount } components { kind quantity unitPrice amount } price { effectiveFrom } }
      routing { attempts { index status failure httpStatus deployment { slug } } }
      team { name } apiKey { name }
      ... on Completion { finishReason feedback { value } }
    }
    pageInfo { hasNextPage endCursor }
  }
}`;

interface Page {
  readonly inferences: {
    readonly nodes: readonly (Record<string, unknown> & { id: string; status: string })[];
    readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
  };
}

describe('inferences', () => {
  test('U7 lists the newest first, each with its models, its attempts and why one failed; pages leave no gap', async () => {
    const user = 'list-test';
    const made: string[] = [];
    for (let call = 0; call < 3; call += 1) made.unshift((await complete(product.client, { user })).id);
    product.upstream.respondOnce(({ json }) => json(400, { error: { message: 'no such thing' } }));
    made.unshift((await complete(product.client, { user })).id);
    const filter = { users: [user] };
    await until(
      () => ask<Page>(product.client, INFERENCES, { filter }),
      ({ inferences }) => inferences.nodes.length === 4,
    );
    const seen: Page['inferences']['nodes'][number][] = [];
    let after: string | null = null;
    for (let more = true; more;) {
      const { inferences }: Page = await ask<Page>(product.client, INFERENCES, { filter, first: 3, after });
      seen.push(...inferences.nodes);
      ({ hasNextPage: more, endCursor: after } = inferences.pageInfo);
    }
    expect(seen.map(({ id }) => id)).toEqual(made);
    expect(seen[0]).toMatchObject({
      ...{
        __typename: 'Completion',
        status: 'FAILED',
        requestedModel: 'words',
        error: { code: 'INVALID_REQUEST' },
        servedModel: { slug: 'words' },
      },
      routing: { attempts: [{ index: 0, status: 'FAILED', failure: 'CALLER', httpStatus: 400, deployment: { slug: 'test.words' } }] },
    });
    expect(seen[1]).toMatchObject({
      ...{ status: 'SUCCEEDED', finishReason: 'STOP', feedback: [], team: null, user },
      cost: { total: { amount: '0.000025' }, price: { effectiveFrom: '2020-01-01T00:00:00.000Z' } },
    });
  });

  test('a cursor of another list, and one that never was, are BAD_USER_INPUT', async () => {
    const models = await product.client.query<{ models: { pageInfo: { endCursor: string } } }>(
      '{ models(first: 1) { pageInfo { endCursor } } }',
    );
    for (const variables of [{ after: models.data?.models.pageInfo.endCursor }, { after: 'x' }, { first: -1 }, { first: 101 }]) {
      const { errors } = await product.client.query(INFERENCES, variables);
      expect(errors?.[0]?.extensions).toMatchObject({ code: 'BAD_USER_INPUT' });
    }
  });
});

describe('inferenceSettled', () => {
  test('sends what matches once it is booked, to those who may see it', async () => {
    const blue = product.clientWith(team.key);
    const subscription = `subscription ($filter: InferenceFilter) { inferenceSettled(filter: $filter) { id status user team { name } ... on Completion { feedback { value } } } }`;
    const [all, own] = [product.client.openSocket(), blue.openSocket()];
    const results = {
      all: all.subscribe<{ inferenceSettled: Done }>(subscription, { filter: { users: ['live'] } }),
      own: own.subscribe<{ inferenceSettled: Done }>(subscription),
    };
    const next = { all: results.all.next(), own: results.own.next() };
    // Whether a subscription has begun can't be seen from outside: calls are made until both have heard of one.
    let heard = 0;
    for (const pending of [next.all, next.own]) void pending.then(() => (heard += 1));
    const made: string[] = [];
    await until(
      async () => {
        await complete(product.client, { user: 'other' });
        made.push((await complete(blue, { user: 'live' })).id);
        return heard;
      },
      (count) => count === 2,
    );
    for (const pending of [next.all, next.own]) {
      const { data } = (await pending).value as { data: { inferenceSettled: Done } };
      expect(data.inferenceSettled).toMatchObject({ status: 'SUCCEEDED', user: 'live', team: { name: 'The blue ones' }, feedback: [] });
      expect(made).toContain(data.inferenceSettled.id);
      const { inferences } = await ask<Page>(product.client, INFERENCES, { filter: { users: ['live'] }, first: 100 });
      expect(inferences.nodes.map(({ id }) => id)).toContain(data.inferenceSettled.id);
    }
    await results.all.return?.();
    await results.own.return?.();
  });

  test('needs USAGE_READ', async () => {
    const caller = await product.createKey({ permissions: ['INFERENCE'] });
    const { errors } = await product.clientWith(caller.secret).openSocket().collect('subscription { inferenceSettled { id } }');
    expect(errors?.[0]?.extensions).toMatchObject({ code: 'FORBIDDEN' });
  });
});

describe('recordFeedback', () => {
  const FEEDBACK = `mutation ($input: RecordFeedbackInput!) { recordFeedback(input: $input) {
    __typename ... on Feedback { id value weight label comment } ... on UserError { code } ... on InvalidRequest { problems { path } } } }`;
  const rate = async (client: GraphqlClient, input: Record<string, unknown>) =>
    (await client.query<{ recordFeedback: Record<string, unknown> }>(FEEDBACK, { input })).data?.recordFeedback;

  test('rates a call the moment it is answered, and shows in it and in the averages', async () => {
    const caller = await product.createKey({ permissions: ['INFERENCE'] });
    const client = product.clientWith(caller.secret);
    const user = 'feedback-test';
    const { id } = await complete(client, { user });
    expect(await rate(client, { inferenceId: id, value: 1, label: 'thumb' })).toMatchObject({
      __typename: 'Feedback',
      value: 1,
      weight: 1,
      label: 'thumb',
      comment: null,
    });
    expect(await rate(product.client, { inferenceId: id, value: -1, weight: 0.5, comment: 'Zu lang.\nUnd falsch.' })).toMatchObject({
      __typename: 'Feedback',
      weight: 0.5,
    });
    const found = await client.query('query ($id: ID!) { completion(id: $id) { feedback { value weight label comment } } }', { id });
    expect(found.data).toEqual({
      completion: {
        feedback: [
          { value: 1, weight: 1, label: 'thumb', comment: null },
          { value: -1, weight: 0.5, label: null, comment: 'Zu lang.\nUnd falsch.' },
        ],
      },
    });
    const { usage } = await until(
      () => ask<Usage>(product.client, USAGE, { filter: { users: [user] } }),
      (report) => report.usage.totals.requests === 1,
    );
    expect(usage.totals['feedback']).toEqual({ count: 2, average: 1 / 3 });
  });

  test('refuses another’s, a foreign team’s, and what is out of range', async () => {
    const { id } = await complete(product.client);
    const caller = product.clientWith((await product.createKey({ permissions: ['INFERENCE'] })).secret);
    for (const client of [caller, product.clientWith(team.key)])
      expect(await rate(client, { inferenceId: id, value: 1 })).toMatchObject({ __typename: 'NotFound', code: 'NOT_FOUND' });
    expect(await rate(product.client, { inferenceId: 'completion_nonsense', value: 1 })).toMatchObject({ __typename: 'NotFound' });
    expect(await rate(product.client, { inferenceId: id, value: 1.5, weight: -1 })).toMatchObject({
      ...{ __typename: 'InvalidRequest', code: 'INVALID_REQUEST' },
      problems: [{ path: 'value' }, { path: 'weight' }],
    });
  });
});
