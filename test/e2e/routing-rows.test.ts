import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { GraphqlAnswer, GraphqlSocket } from '../kit/graphql-client.js';
import { COMPLETE, CREATE_DEPLOYMENT, CREATE_MODEL, CREATE_PROVIDER } from '../kit/operations.js';
import { mutate, startProduct } from '../kit/product.js';
import type { TestProduct } from '../kit/product.js';
import { DEPLOYMENT_HEALTH, failOver, PUBLISH_ROUTE, serveTwo, SIMULATE_ROUTE } from '../kit/routing.js';
import type { Pair } from '../kit/routing.js';
import { chatBody, chatError, chatFrame, chatStream, sse, startScriptedUpstream } from '../kit/scripted-upstream.js';
import type { ScriptedUpstream, UpstreamHandler } from '../kit/scripted-upstream.js';
import { streamAll, terminalOf, textOf } from '../kit/streams.js';

let product: TestProduct;
let second: ScriptedUpstream;
let socket: GraphqlSocket;
let pairs = 0;

const plainly: UpstreamHandler = ({ request, json, stream }) =>
  request.json?.['stream'] === true ? stream(chatStream(['Hello', ' there.'])) : json(200, chatBody());

beforeAll(async () => {
  product = await startProduct();
  second = await startScriptedUpstream();
  socket = product.client.openSocket();
});

afterEach(() => {
  for (const upstream of [product.upstream, second]) upstream.respond(plainly);
});

afterAll(async () => {
  await product.stop();
  await second.close();
});

interface Answer {
  readonly __typename: string;
  readonly code?: string;
  readonly retryAfterMs?: number | null;
  readonly routing?: { readonly attempts: readonly object[]; readonly candidates: readonly Candidate[] };
}

interface Candidate {
  readonly deployment: { readonly slug: string };
  readonly chosen: boolean;
  readonly excluded: string | null;
}

async function pair(): Promise<Pair> {
  pairs += 1;
  return serveTwo(product, { name: `r${pairs}`, first: product.upstream, second });
}

const input = (model: string, fields: object = {}) => ({ model, messages: [{ role: 'USER', text: 'hello' }], ...fields });

const ask = (model: string, fields: object = {}): Promise<GraphqlAnswer<{ complete: Answer }>> =>
  product.client.query<{ complete: Answer }>(COMPLETE, { input: input(model, fields) });

async function complete(model: string, fields: object = {}): Promise<Answer> {
  const answer = await ask(model, fields);
  if (!answer.data) throw new Error(JSON.stringify(answer));
  return answer.data.complete;
}

const publish = (slug: string, definition: object) => mutate(product.client, PUBLISH_ROUTE, { slug, definition });
const target = (deployment: string, terms: object = {}) => ({ target: { deployment, ...terms } });
const calls = () => [product.upstream.requests.length, second.requests.length] as const;
const since = (before: readonly [number, number]) => [calls()[0] - before[0], calls()[1] - before[1]];

describe('R10 what an upstream asks to wait reaches the caller', () => {
  test('Retry-After: 7 is 7000 ms in the error, and 7 in the header; and so it is while the target cools', async () => {
    const { first, name } = await pair();
    await publish(`wait-${name}`, target(first, { maxAttempts: 1 }));
    product.upstream.respond(({ json }) => json(429, chatError('slow down'), { 'retry-after': '7' }));
    const refused = await ask(`wait-${name}`);
    expect(refused.data?.complete).toMatchObject({ __typename: 'ProvidersFailed', code: 'PROVIDER_OVERLOADED', retryAfterMs: 7_000 });
    expect(refused.headers.get('retry-after')).toBe('7');
    const before = calls();
    const cooling = await ask(`wait-${name}`);
    expect(cooling.data?.complete).toMatchObject({ __typename: 'ProvidersFailed', code: 'ALL_TARGETS_COOLING' });
    expect(Number(cooling.headers.get('retry-after'))).toBe(Math.ceil((cooling.data?.complete.retryAfterMs ?? 0) / 1_000));
    expect(since(before)).toEqual([0, 0]);
  });

  test('an answer has no such header', async () => {
    const { model } = await pair();
    expect((await ask(model)).headers.get('retry-after')).toBeNull();
  });
});

describe('F6 a prompt that is too long goes to a larger window', () => {
  const SMALL = 40;
  async function windows(small: number | null, large: number | null) {
    pairs += 1;
    const name = `w${pairs}`;
    for (const [suffix, contextWindow, upstream] of [
      ['small', small, product.upstream],
      ['large', large, second],
    ] as const) {
      const slug = `${name}-${suffix}`;
      await mutate(product.client, CREATE_MODEL, { slug, vendor: 'test', capabilities: ['STREAMING'], contextWindow });
      const credential = { apiKey: 'sk-upstream-secret-0123456789' };
      await mutate(product.client, CREATE_PROVIDER, {
        ...{ slug: `on-${slug}`, wireFormat: 'OPENAI_CHAT', baseUrl: upstream.baseUrl, credential, allowPrivateNetwork: true },
      });
      await mutate(product.client, CREATE_DEPLOYMENT, { provider: `on-${slug}`, model: slug, slug });
    }
    await publish(name, { fallback: { nodes: [target(`${name}-small`), target(`${name}-large`)] } });
    return name;
  }
  const tooLong: UpstreamHandler = ({ json }) =>
    json(400, chatError("This model's maximum context length is 40 tokens.", { code: 'context_length_exceeded' }));

  test('at once where the upstream says so: one call each', async () => {
    const name = await windows(1_000, 100_000);
    product.upstream.respond(tooLong);
    const before = calls();
    expect(await complete(name)).toMatchObject({ __typename: 'Completion' });
    expect(since(before)).toEqual([1, 1]);
  });

  test('never to a smaller one', async () => {
    const name = await windows(100_000, 1_000);
    product.upstream.respond(tooLong);
    const before = calls();
    expect(await complete(name)).toMatchObject({ __typename: 'ProvidersFailed', code: 'CONTEXT_LENGTH_EXCEEDED' });
    expect(since(before)).toEqual([1, 0]);
  });

  test('without asking the small one where its size tells, and the decision says why', async () => {
    const name = await windows(SMALL, 100_000);
    const before = calls();
    const answer = await complete(name, { messages: [{ role: 'USER', text: 'x'.repeat(400) }] });
    expect(since(before)).toEqual([0, 1]);
    expect(answer.routing?.candidates).toMatchObject([
      {
        deployment: { slug: `${name}-small` },
        chosen: false,
        excluded: expect.stringMatching(/about 10\d tokens, the context window 40$/),
      },
      { deployment: { slug: `${name}-large` }, chosen: true, excluded: null },
    ]);
  });

  test('and is refused without any call where it is too long for all by far', async () => {
    const name = await windows(SMALL, SMALL);
    const before = calls();
    expect(await complete(name, { messages: [{ role: 'USER', text: 'x'.repeat(4_000) }] })).toMatchObject({
      code: 'CONTEXT_LENGTH_EXCEEDED',
    });
    expect(since(before)).toEqual([0, 0]);
  });
});

test('F9 a query says of each target in which state it is, why, since when, and until when', async () => {
  const { name, first, second: other, route } = await failOver(product, await pair());
  product.upstream.respond(({ json }) => json(503, chatError('busy')));
  const startedMs = Date.now();
  for (let index = 0; index < 3; index += 1) await complete(route);
  const answer = await product.client.query(DEPLOYMENT_HEALTH, { filter: { models: [name] } });
  const { nodes } = (answer.data as { deployments: { nodes: { slug: string; health: Record<string, string> }[] } }).deployments;
  const health = new Map(nodes.map((node) => [node.slug, node.health]));
  expect(health.get(other)).toMatchObject({ state: 'HEALTHY', reason: null, until: null });
  expect(health.get(first)).toMatchObject({ state: 'OPEN', reason: 'OVERLOADED: 3 failures in a row' });
  const [sinceMs, untilMs] = [Date.parse(health.get(first)?.['since'] ?? ''), Date.parse(health.get(first)?.['until'] ?? '')];
  expect(sinceMs).toBeGreaterThanOrEqual(startedMs);
  expect(untilMs - sinceMs).toBeGreaterThan(29_000);
  expect(untilMs - sinceMs).toBeLessThan(31_000);
});

describe('F10 what the caller did wrong is never retried', () => {
  test.each([
    [400, 'InvalidRequest', [1, 0]],
    [422, 'InvalidRequest', [1, 0]],
    [413, 'InvalidRequest', [1, 0]],
  ] as const)('%d: one call', async (status, typename, expected) => {
    const { route } = await failOver(product, await pair());
    product.upstream.respond(({ json }) => json(status, chatError('no')));
    const before = calls();
    expect((await complete(route)).__typename).toBe(typename);
    expect(since(before)).toEqual(expected);
  });

  test.each([401, 403])('%d is asked once, and not again of the same target', async (status) => {
    const { first, name } = await pair();
    await publish(`only-${name}`, target(first));
    product.upstream.respond(({ json }) => json(status, chatError('no')));
    const before = calls();
    expect((await complete(`only-${name}`)).code).toBe('PROVIDER_AUTH_FAILED');
    expect((await complete(`only-${name}`)).code).toBe('ALL_TARGETS_COOLING');
    expect(since(before)).toEqual([1, 0]);
  });
});

test('F11 what a model is called changes nothing of what its upstream is asked', async () => {
  const credential = { apiKey: 'sk-upstream-secret-0123456789' };
  const provider = { slug: 'names', preset: 'openai', baseUrl: second.baseUrl, credential, allowPrivateNetwork: true };
  await mutate(product.client, CREATE_PROVIDER, provider);
  const names = ['gpt-5-mini-canonical', 'my-model', 'claude-or-not'];
  for (const slug of names) {
    await mutate(product.client, CREATE_MODEL, { slug, vendor: 'test', capabilities: ['STREAMING', 'REASONING', 'TOOLS'] });
    await mutate(product.client, CREATE_DEPLOYMENT, { provider: 'names', model: slug, slug: `names.${slug}`, upstreamModel: 'gpt-5-mini' });
  }
  await publish('prefix-gpt-5-mini', { target: { model: 'my-model' } });
  const bodies: unknown[] = [];
  for (const model of [...names, 'prefix-gpt-5-mini', 'names/gpt-5-mini', 'names/my-model']) {
    await complete(model, { maxOutputTokens: 50, temperature: 0.5, reasoning: { effort: 'LOW' }, seed: 7 });
    bodies.push(second.requests.at(-1)?.json);
  }
  expect(bodies[0]).toMatchObject({ model: 'gpt-5-mini' });
  for (const body of bodies) expect(body).toEqual(bodies[0]);
});

describe('S29 an overload inside a 200 stream', () => {
  const overloaded: UpstreamHandler = ({ stream }) => stream([sse({ error: { message: 'Overloaded', type: 'overloaded_error' } })]);

  test('is followed by one clean stream of the next target, and the attempts have both', async () => {
    const { route, first, second: other } = await failOver(product, await pair());
    product.upstream.respond(overloaded);
    const before = calls();
    const events = await streamAll(socket, { input: input(route), key: `s29 ${route}` });
    expect(textOf(events)).toBe('Hello there.');
    expect(events.filter(({ __typename }) => __typename === 'CompletionStarted')).toHaveLength(1);
    expect(terminalOf(events).completion?.['routing']).toMatchObject({
      attempts: [
        { index: 0, status: 'FAILED', failure: 'OVERLOADED', deployment: { slug: first } },
        { index: 1, status: 'SUCCEEDED', failure: null, deployment: { slug: other } },
      ],
    });
    expect(since(before)).toEqual([1, 1]);
  });

  test('S30 stays where it is with disableFallbacks, before the first content and after it', async () => {
    const { route } = await failOver(product, await pair(), { maxAttempts: 1 });
    const routing = { disableFallbacks: true };
    const before = calls();
    product.upstream.respond(overloaded);
    const early = await streamAll(socket, { input: input(route, { routing }), key: `s30 early ${route}` });
    expect(terminalOf(early)).toMatchObject({ __typename: 'CompletionFailed', error: { code: 'PROVIDER_OVERLOADED' } });
    expect(textOf(early)).toBe('');
    product.upstream.respond(({ stream }) =>
      stream([...['one', ' two', ' three'].map((content) => chatFrame({ content })), sse({ error: { message: 'Overloaded', code: 529 } })]),
    );
    const late = await streamAll(socket, { input: input(route, { routing }), key: `s30 late ${route}` });
    expect(terminalOf(late)).toMatchObject({
      __typename: 'CompletionFailed',
      completion: { usage: { source: 'ESTIMATED', output: 4 }, routing: { attempts: [{ httpStatus: 529, failure: 'OVERLOADED' }] } },
    });
    expect(textOf(late)).toBe('one two three');
    expect(since(before)).toEqual([2, 0]);
  });
});

describe('what one call asks of routing', () => {
  async function chosen(definition: object, routing: object): Promise<readonly Candidate[]> {
    const answer = await product.client.query<{ simulateRoute: { candidates: readonly Candidate[] } }>(SIMULATE_ROUTE, {
      ...{ input: input('whatever', { routing }), definition },
    });
    if (!answer.data) throw new Error(JSON.stringify(answer.errors));
    return answer.data.simulateRoute.candidates;
  }

  test('holds end to end: providers, regions and a goal', async () => {
    const { name, first, second: other } = await pair();
    await mutate(product.client, CREATE_DEPLOYMENT, { provider: `${name}-b`, model: name, slug: `${name}.eu`, region: 'eu-west' });
    const definition = {
      balance: { strategy: 'ROUND_ROBIN', branches: [first, other, `${name}.eu`].map((slug) => ({ node: target(slug) })) },
    };
    const who = async (routing: object) => (await chosen(definition, routing)).find((one) => one.chosen)?.deployment.slug;
    expect(await who({ excludeProviders: [`${name}-a`], regions: ['eu-west'] })).toBe(`${name}.eu`);
    expect(await who({ providers: [`${name}-a`] })).toBe(first);
    expect((await chosen(definition, { regions: ['eu-west'] })).map(({ excluded }) => excluded)).toEqual([
      'the call names other regions',
      'the call names other regions',
      null,
    ]);
    await publish(`prefer-${name}`, definition);
    const before = calls();
    expect((await complete(`prefer-${name}`, { routing: { providers: [`${name}-b`], optimizeFor: 'COST' } })).__typename).toBe(
      'Completion',
    );
    expect(since(before)).toEqual([0, 1]);
    expect(await complete(`prefer-${name}`, { routing: { providers: ['nobody'] } })).toMatchObject({ code: 'MODEL_NOT_FOUND' });
  });
});
