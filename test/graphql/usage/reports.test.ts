import { describe, expect, test } from '@jest/globals';
import type {
  CostReport,
  CostRequest,
  Feedback,
  InferenceFilter,
  Reports,
  UsageMetrics,
  UsageReport,
  UsageRequest,
} from '../../../src/accounting/reports/contract.js';
import { createSettledFeed } from '../../../src/accounting/reports/settled-feed.js';
import { fail, invalidRequest, notFound, ok } from '../../../src/core/errors.js';
import { newId } from '../../../src/core/ids.js';
import type { InferenceId } from '../../../src/core/ids.js';
import type { InferenceRecord } from '../../../src/core/inference.js';
import { parseUsd, ZERO_PICO_USD } from '../../../src/core/money.js';
import { NO_TOKENS } from '../../../src/core/usage.js';
import {
  makeAccess,
  makeContext,
  makeKey,
  makePrincipal,
  makeRecord,
  makeServices,
  makeState,
  makeTeam,
  NOW,
  open,
  run,
} from '../world.js';

const usd = (text: string) => parseUsd(text)!;
const NOTHING = { p50: null, p90: null, p95: null, p99: null };
const METRICS: UsageMetrics = {
  ...{ requests: 8, attempts: 10, succeeded: 4, failed: 2, cancelled: 1, blocked: 1, rerouted: 1, cacheHits: 1, cacheMisses: 3 },
  tokens: { ...NO_TOKENS, input: 100, cachedInput: 20, output: 30, reasoning: 7 },
  cost: usd('0.054399'),
  saved: ZERO_PICO_USD,
  unpricedRequests: 1,
  latencyMs: { p50: 10, p90: 20, p95: 25.5, p99: 30 },
  firstTokenMs: NOTHING,
  gatewayMs: NOTHING,
  activeUsers: 3,
  feedback: { count: 2, average: 0.25 },
};
const RANGE = { from: new Date('2026-02-01T00:00:00Z'), to: new Date('2026-03-01T00:00:00Z') };
const USAGE: UsageReport = { range: RANGE, totals: METRICS, rows: [], truncated: false, freshAsOf: NOW };
const COSTS: CostReport = { range: RANGE, total: usd('1.5'), saved: ZERO_PICO_USD, rows: [], truncated: false, freshAsOf: NOW };

/** Services whose reports answer the same, and keep what they were asked. */
function withReports(answers: { usage?: UsageReport; costs?: CostReport } = {}, overrides: Parameters<typeof makeServices>[0] = {}) {
  const asked: (UsageRequest | CostRequest)[] = [];
  const reports: Reports = {
    ...makeServices().reports,
    async usage(_principal, request) {
      asked.push(request);
      return answers.usage ?? USAGE;
    },
    async costs(_principal, request) {
      asked.push(request);
      return answers.costs ?? COSTS;
    },
  };
  return { asked, services: makeServices({ reports, ...overrides }) };
}

const READER = makePrincipal(['USAGE_READ']);
const WHEN = 'range: { from: "2026-02-01T00:00:00Z", to: "2026-03-01T00:00:00+00:00" }';

describe('usage', () => {
  test('answers rates, totals and money as the contract has them', async () => {
    const { services } = withReports();
    const { data, errors } = await run(
      makeContext(services, READER),
      `{ usage(${WHEN}) {
        range { from to } truncated freshAsOf rows { bucket }
        totals {
          requests attempts succeeded failed cancelled blocked errorRate rerouted cacheHits cacheHitRate unpricedRequests activeUsers
          tokens { input cachedInput output reasoning totalInput totalOutput }
          cost { amount currency } saved { amount } latencyMs { p50 p90 p95 p99 } firstTokenMs { p50 } gatewayMs { p99 } feedback { count average }
        }
      } }`,
    );
    expect(errors).toBeUndefined();
    expect(data.usage).toEqual({
      range: { from: RANGE.from.toISOString(), to: RANGE.to.toISOString() },
      ...{ truncated: false, freshAsOf: NOW.toISOString(), rows: [] },
      totals: {
        ...{
          requests: 8,
          attempts: 10,
          succeeded: 4,
          failed: 2,
          cancelled: 1,
          blocked: 1,
          rerouted: 1,
          unpricedRequests: 1,
          activeUsers: 3,
        },
        ...{ errorRate: 0.25, cacheHits: 1, cacheHitRate: 0.25 },
        tokens: { input: 100, cachedInput: 20, output: 30, reasoning: 7, totalInput: 120, totalOutput: 37 },
        cost: { amount: '0.054399', currency: 'USD' },
        saved: { amount: '0' },
        latencyMs: { p50: 10, p90: 20, p95: 25.5, p99: 30 },
        firstTokenMs: { p50: null },
        gatewayMs: { p99: null },
        feedback: { count: 2, average: 0.25 },
      },
    });
  });

  test('of nothing has rates of zero, not of nothing by nothing', async () => {
    const { services } = withReports({ usage: { ...USAGE, totals: { ...METRICS, requests: 0, failed: 0, cacheHits: 0, cacheMisses: 0 } } });
    const { data } = await run(makeContext(services, READER), `{ usage(${WHEN}) { totals { errorRate cacheHitRate } } }`);
    expect(data.usage.totals).toEqual({ errorRate: 0, cacheHitRate: 0 });
  });

  test('asks with the defaults of the contract, and with what was given', async () => {
    const { services, asked } = withReports();
    const context = makeContext(services, READER);
    await run(context, `{ usage(${WHEN}) { truncated } }`);
    await run(
      context,
      `{ usage(${WHEN}, granularity: WEEK, timeZone: "Europe/Paris", groupBy: [TEAM, TAG], filter: { tagKey: "feature", tasks: [CODE], errorCodes: [PROVIDER_FAILED] }, orderBy: ERRORS_DESC, limit: 7) { truncated } }`,
    );
    expect(asked).toEqual([
      { range: RANGE, timeZone: 'UTC', groupBy: [], orderBy: 'COST_DESC', limit: 100 },
      {
        ...{ range: RANGE, granularity: 'WEEK', timeZone: 'Europe/Paris', groupBy: ['TEAM', 'TAG'], orderBy: 'ERRORS_DESC', limit: 7 },
        filter: { tagKey: 'feature', tasks: ['CODE'], errorCodes: ['PROVIDER_FAILED'] },
      },
    ]);
  });

  test('labels what has a name, teams and keys with one read each, whatever the rows', async () => {
    const [blue, red] = [makeTeam('blue'), makeTeam('red')];
    const key = makeKey({ name: 'the app' });
    const access = makeAccess([blue, red], [key]);
    const row = (...dimensions: UsageReport['rows'][number]['dimensions']) => ({ bucket: NOW, dimensions, metrics: METRICS });
    const rows = [
      row({ dimension: 'TEAM', value: blue.id }, { dimension: 'API_KEY', value: key.id }),
      row({ dimension: 'TEAM', value: red.id }, { dimension: 'API_KEY', value: newId('key') }),
      row({ dimension: 'MODEL', value: 'gpt-x' }, { dimension: 'PROVIDER', value: 'groq' }),
      row({ dimension: 'MODEL', value: 'gone' }, { dimension: 'USER', value: '' }),
      row({ dimension: 'REGION', value: null }),
    ];
    const { services } = withReports({ usage: { ...USAGE, rows } }, { access });
    const { data, errors } = await run(
      makeContext(services, READER),
      `{ usage(${WHEN}) { rows { bucket dimensions { dimension value label } } } }`,
    );
    expect(errors).toBeUndefined();
    const labelled = data.usage.rows as { dimensions: { label: string | null }[] }[];
    expect(labelled.map((one) => one.dimensions.map(({ label }) => label))).toEqual([
      ['blue', 'the app'],
      ['red', rows[1]!.dimensions[1]!.value],
      ['The gpt-x', 'GROQ'],
      ['gone', ''],
      [null],
    ]);
    expect(data.usage.rows[0].bucket).toBe(NOW.toISOString());
    expect(access.reads.toSorted()).toEqual(['apiKeysById 2', 'teamsById 2']);
  });

  test.each([['{ usage(RANGE) { truncated } }'], ['{ costs(RANGE) { truncated } }'], ['{ inferences { pageInfo { hasNextPage } } }']])(
    '%s needs USAGE_READ',
    async (document) => {
      const { services } = withReports();
      const text = document.replace('RANGE', WHEN);
      for (const principal of [makePrincipal(['INFERENCE', 'CATALOG_READ', 'KEYS_WRITE']), null]) {
        const { data, errors } = await run(makeContext(services, principal), text);
        expect(Object.values(data)).toEqual([null]);
        expect(errors?.[0]?.originalError).toMatchObject({ code: principal ? 'FORBIDDEN' : 'UNAUTHENTICATED' });
      }
      const { errors } = await run(makeContext(withReports().services, makePrincipal(['BUDGETS_WRITE'])), text);
      expect(errors?.[0]?.originalError?.message ?? '').not.toMatch(/permission/);
    },
  );
});

test('costs answers each kind exactly, and the blended price', async () => {
  const rows: CostReport['rows'] = [
    {
      ...{ bucket: null, dimensions: [{ dimension: 'USER', value: 'anna' }], total: usd('1.5') },
      components: [{ kind: 'CACHE_WRITE_1H', quantity: 4803, amount: usd('1.5') }],
      blendedPerMillionTokens: usd('2.434952298352'),
    },
    { bucket: null, dimensions: [], total: ZERO_PICO_USD, components: [], blendedPerMillionTokens: null },
  ];
  const { services } = withReports({ costs: { ...COSTS, rows } });
  const { data, errors } = await run(
    makeContext(services, READER),
    `{ costs(${WHEN}, groupBy: [USER]) { total { amount } saved { amount } rows { bucket dimensions { value label } total { amount } components { kind quantity amount } blendedPerMillionTokens } } }`,
  );
  expect(errors).toBeUndefined();
  expect(data.costs).toEqual({
    ...{ total: { amount: '1.5' }, saved: { amount: '0' } },
    rows: [
      {
        ...{ bucket: null, dimensions: [{ value: 'anna', label: 'anna' }], total: { amount: '1.5' } },
        components: [{ kind: 'CACHE_WRITE_1H', quantity: 4803, amount: '1.5' }],
        blendedPerMillionTokens: '2.434952298352',
      },
      { bucket: null, dimensions: [], total: { amount: '0' }, components: [], blendedPerMillionTokens: null },
    ],
  });
});

describe('inferences', () => {
  const records = [makeRecord(READER), makeRecord(READER), makeRecord(READER)];

  function withList(overrides: Parameters<typeof makeServices>[0] = {}) {
    const asked: unknown[] = [];
    const reports: Reports = {
      ...makeServices().reports,
      async inferences(_principal, filter, page) {
        asked.push({ filter, page });
        return { records: records.slice(0, page.first), hasNextPage: page.first < records.length };
      },
    };
    return { asked, services: makeServices({ reports, ...overrides }) };
  }

  test('gives cursors that lead on, and says where a page stands', async () => {
    const { services, asked } = withList();
    const context = makeContext(services, READER);
    const document =
      'query ($after: String) { inferences(first: 2, after: $after, filter: { minCost: "0.01" }) { nodes { id __typename } edges { cursor node { id } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }';
    const { data, errors } = await run(context, document);
    expect(errors).toBeUndefined();
    const { nodes, edges, pageInfo } = data.inferences;
    expect(nodes).toEqual(records.slice(0, 2).map(({ id }) => ({ id, __typename: 'Completion' })));
    expect((edges as { node: object }[]).map(({ node }) => node)).toEqual(records.slice(0, 2).map(({ id }) => ({ id })));
    expect(pageInfo).toEqual({ hasNextPage: true, hasPreviousPage: false, startCursor: edges[0].cursor, endCursor: edges[1].cursor });
    const next = await run(context, document, { after: pageInfo.endCursor });
    expect(next.data.inferences.pageInfo.hasPreviousPage).toBe(true);
    expect(asked[1]).toEqual({ filter: { minCost: '0.01' }, page: { first: 2, after: records[1]!.id } });
  });

  test.each([['first: -1'], ['first: 101'], ['after: "nonsense"'], ['after: ""']])('(%s) is BAD_USER_INPUT', async (args) => {
    const { services } = withList();
    const { data, errors } = await run(makeContext(services, READER), `{ inferences(${args}) { pageInfo { hasNextPage } } }`);
    expect(data).toEqual({ inferences: null });
    expect(errors?.[0]?.originalError).toMatchObject({ code: 'BAD_USER_INPUT' });
  });

  test('D7 words and prompts of a page are read at once, each once, and one that does not open is nobody else’s fault', async () => {
    const asked: string[] = [];
    const page = Array.from({ length: 100 }, () => makeRecord(READER));
    const [sealed, silent] = page;
    const messages = async (_principal: unknown, wanted: readonly InferenceRecord[]) => {
      asked.push(`messages ${wanted.length}`);
      const { message } = makeState(wanted[0]!, 'Hello');
      return new Map(
        wanted.flatMap(({ id }) => (id === silent!.id ? [] : [[id, id === sealed!.id ? new Error('shut') : message!] as const])),
      );
    };
    const prompts = async (_principal: unknown, wanted: readonly InferenceRecord[]) => {
      asked.push(`prompts ${wanted.length}`);
      return new Map(wanted.map(({ id }) => [id, []]));
    };
    const reports: Reports = { ...makeServices().reports, inferences: async () => ({ records: page, hasNextPage: false }) };
    const services = makeServices({ reports });
    const { data, errors } = await run(
      makeContext({ ...services, completions: { ...services.completions, messages, prompts } }, READER),
      '{ inferences(first: 100) { nodes { ... on Completion { text again: text answer { text } prompt } } } }',
    );
    expect(errors?.map(({ path }) => path?.slice(2))).toEqual([
      [0, 'text'],
      [0, 'again'],
      [0, 'answer'],
    ]);
    const said = { text: 'Hello', again: 'Hello', answer: { text: 'Hello' }, prompt: [] };
    const nothing = { text: null, again: null, answer: null, prompt: [] };
    expect(data.inferences.nodes).toEqual([nothing, nothing, ...Array.from({ length: 98 }, () => said)]);
    expect(asked.toSorted()).toEqual(['messages 100', 'prompts 100']);
  });

  test('words of a page that are another key’s are not even read without PAYLOAD_READ', async () => {
    const messages = async (): Promise<never> => {
      throw new Error('words were read');
    };
    const another = [makeRecord(makePrincipal(['INFERENCE']))];
    const reports: Reports = { ...makeServices().reports, inferences: async () => ({ records: another, hasNextPage: false }) };
    const services = makeServices({ reports });
    const { data, errors } = await run(
      makeContext({ ...services, completions: { ...services.completions, messages } }, READER),
      '{ inferences { nodes { ... on Completion { text answer { text } } } } }',
    );
    expect(errors).toBeUndefined();
    expect(data.inferences.nodes).toEqual([{ text: null, answer: null }]);
  });

  test('D7 reads teams, keys and feedback of a whole page at once', async () => {
    const reads: string[] = [];
    const access = makeAccess([], []);
    const feedback = {
      ...makeServices().feedback,
      async byInference(_organization: unknown, ids: readonly InferenceId[]) {
        reads.push(`feedback ${ids.length}`);
        return new Map<InferenceId, readonly Feedback[]>();
      },
    };
    const team = newId('team');
    const reports: Reports = {
      ...makeServices().reports,
      inferences: async () => ({ records: records.map((record) => ({ ...record, teamId: team })), hasNextPage: false }),
    };
    const { errors } = await run(
      makeContext(makeServices({ reports, access, feedback }), READER),
      '{ inferences { nodes { id team { name } apiKey { name } ... on Completion { feedback { value } } } } }',
    );
    expect(errors).toBeUndefined();
    expect([...reads, ...access.reads].toSorted()).toEqual(['apiKeysById 1', 'feedback 3', 'teamsById 1']);
  });
});

describe('inferenceSettled', () => {
  function withFeed() {
    const feed = createSettledFeed();
    const asked: InferenceFilter[] = [];
    const reports: Reports = {
      ...makeServices().reports,
      settled(principal, filter, reader) {
        asked.push(filter);
        return feed.read(principal.organizationId, () => true, reader);
      },
    };
    return { feed, asked, services: makeServices({ reports }) };
  }

  test('sends what is booked, and leaves at once', async () => {
    const { feed, asked, services } = withFeed();
    const results = await open(
      makeContext(services, READER),
      'subscription { inferenceSettled(filter: { statuses: [FAILED] }) { id status __typename } }',
    );
    if (!(Symbol.asyncIterator in results)) throw new Error(JSON.stringify(results));
    expect(asked).toEqual([{ statuses: ['FAILED'] }]);
    expect(feed.readers).toBe(0);
    const pending = results.next();
    await new Promise(setImmediate);
    const record = makeRecord(READER, { status: 'FAILED' });
    feed.publish([record]);
    expect((await pending).value).toEqual({ data: { inferenceSettled: { id: record.id, status: 'FAILED', __typename: 'Completion' } } });
    const silent = results.next();
    await results.return?.();
    expect(feed.readers).toBe(0);
    expect(await silent).toMatchObject({ done: true });
  });

  test('needs USAGE_READ', async () => {
    const { services, feed } = withFeed();
    const refused = await open(makeContext(services, makePrincipal(['INFERENCE'])), 'subscription { inferenceSettled { id } }');
    expect(refused).toMatchObject({ errors: [{ originalError: { code: 'FORBIDDEN' } }] });
    expect(feed.readers).toBe(0);
  });
});

describe('recordFeedback', () => {
  const DOCUMENT =
    'mutation ($input: RecordFeedbackInput!) { recordFeedback(input: $input) { __typename ... on Feedback { id value weight label comment createdAt } ... on UserError { code } ... on InvalidRequest { problems { path } inference { id } } ... on NotFound { targetId } } }';

  test('is an answer of its union, each by its type', async () => {
    const given: Feedback = {
      id: newId('feedback'),
      inferenceId: newId('completion'),
      value: -1,
      weight: 1,
      label: null,
      comment: 'no',
      createdAt: NOW,
    };
    const results = [
      ok(given),
      fail(invalidRequest([{ path: 'value', message: 'must be from -1 to 1' }])),
      fail(notFound('inference', 'completion_x')),
    ];
    const asked: unknown[] = [];
    const feedback = {
      ...makeServices().feedback,
      async record(_principal: unknown, input: unknown) {
        asked.push(input);
        return results.shift()!;
      },
    };
    const context = makeContext(makeServices({ feedback }), makePrincipal(['INFERENCE']));
    const input = { inferenceId: given.inferenceId, value: -1, comment: 'no' };
    const answers = [];
    for (let call = 0; call < 3; call += 1) answers.push((await run(context, DOCUMENT, { input })).data.recordFeedback);
    const { inferenceId: _inferenceId, ...shown } = given;
    expect(answers).toEqual([
      { __typename: 'Feedback', ...shown, createdAt: NOW.toISOString() },
      { __typename: 'InvalidRequest', code: 'INVALID_REQUEST', problems: [{ path: 'value' }], inference: null },
      { __typename: 'NotFound', code: 'NOT_FOUND', targetId: 'completion_x' },
    ]);
    expect(asked[0]).toEqual({ ...input, weight: 1 });
  });

  test('needs INFERENCE or USAGE_READ', async () => {
    const { errors } = await run(makeContext(makeServices(), makePrincipal(['CATALOG_READ'])), DOCUMENT, {
      input: { inferenceId: 'x', value: 1 },
    });
    expect(errors?.[0]?.originalError).toMatchObject({ code: 'FORBIDDEN' });
  });
});
