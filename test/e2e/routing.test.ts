import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { GraphqlSocket } from '../kit/graphql-client.js';
import { COMPLETE } from '../kit/operations.js';
import { mutate, startProduct } from '../kit/product.js';
import type { TestProduct } from '../kit/product.js';
import { DEPLOYMENT_HEALTH, failOver, PUBLISH_ROUTE, ROLLBACK_ROUTE, serveTwo, SIMULATE_ROUTE } from '../kit/routing.js';
import type { Pair } from '../kit/routing.js';
import { chatBody, chatFrame, startScriptedUpstream } from '../kit/scripted-upstream.js';
import type { ScriptedUpstream, UpstreamHandler } from '../kit/scripted-upstream.js';
import { streamAll, terminalOf, textOf } from '../kit/streams.js';

let product: TestProduct;
let second: ScriptedUpstream;
let socket: GraphqlSocket;
let pairs = 0;

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

const plainly: UpstreamHandler = ({ request, json, stream }) =>
  request.json?.['stream'] === true
    ? stream([chatFrame({ role: 'assistant', content: 'Hello' }), chatFrame({ content: ' there.' }), ...ENDING])
    : json(200, chatBody());

const ENDING = [
  'data: {"id":"1","object":"chat.completion.chunk","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n',
  'data: {"id":"1","object":"chat.completion.chunk","choices":[],"usage":{"prompt_tokens":5,"completion_tokens":2,"total_tokens":7}}\n\n',
  'data: [DONE]\n\n',
];

interface Answer {
  readonly __typename: string;
  readonly code?: string;
  readonly retryAfterMs?: number | null;
  readonly text?: string | null;
}

/** A fresh model on both upstreams, so that no test inherits another's breakers. */
async function pair(): Promise<Pair> {
  pairs += 1;
  return serveTwo(product, { name: `m${pairs}`, first: product.upstream, second });
}

const input = (model: string, fields: object = {}) => ({ model, messages: [{ role: 'USER', text: 'hello' }], ...fields });

async function complete(model: string, fields: object = {}, client = product.client): Promise<Answer> {
  const answer = await client.query<{ complete: Answer }>(COMPLETE, { input: input(model, fields) });
  if (!answer.data) throw new Error(JSON.stringify(answer));
  return answer.data.complete;
}

const publish = (slug: string, definition: object, fields: object = {}) =>
  product.client.query<{ publishRoute: Record<string, unknown> }>(PUBLISH_ROUTE, { input: { slug, definition, ...fields } });

const target = (deployment: string, terms: object = {}) => ({ target: { deployment, ...terms } });

const calls = () => product.upstream.requests.length + second.requests.length;

interface Fault {
  readonly name: string;
  readonly handler: UpstreamHandler;
  /** Only one of the two forms has it. */
  readonly only?: 'unary' | 'stream';
}

const FAULTS: readonly Fault[] = [
  { name: '429 without Retry-After', handler: ({ json }) => json(429, { error: { message: 'slow down' } }) },
  { name: '429 with Retry-After', handler: ({ json }) => json(429, { error: { message: 'slow down' } }, { 'retry-after': '7' }) },
  { name: '500', handler: ({ json }) => json(500, { error: { message: 'oops' } }) },
  { name: '503', handler: ({ json }) => json(503, { error: { message: 'busy' } }) },
  { name: '529', handler: ({ json }) => json(529, { error: { message: 'overloaded' } }) },
  { name: '401', handler: ({ json }) => json(401, { error: { message: 'bad key' } }) },
  { name: '404', handler: ({ json }) => json(404, { error: { message: 'no such model' } }) },
  { name: 'reset', handler: ({ reset }) => reset() },
  {
    name: 'cut before the first content',
    handler: ({ startStream, cut }) => (startStream(), setImmediate(cut), undefined),
    only: 'stream',
  },
  { name: 'an empty stream', handler: ({ stream }) => stream([]), only: 'stream' },
  { name: 'unreadable SSE', handler: ({ stream }) => stream(['data: {nonsense\n\n']), only: 'stream' },
  {
    name: 'an overload inside a 200 stream',
    handler: ({ stream }) => stream(['data: {"error":{"message":"Overloaded","type":"overloaded_error"}}\n\n']),
    only: 'stream',
  },
  { name: 'truncated JSON', handler: ({ text }) => text(200, '{"choices": [', { 'content-type': 'application/json' }), only: 'unary' },
  { name: 'blackhole', handler: ({ stall }) => stall() },
];

const REQUESTS = 20;

describe('the fault matrix: where one target is healthy, every call is answered', () => {
  test.each(FAULTS.filter(({ only }) => only !== 'stream'))('unary: $name', async ({ handler }) => {
    const { route } = await failOver(product, await pair(), { timeoutMs: 300 });
    product.upstream.respond(handler);
    const before = calls();
    const answers: string[] = [];
    for (let index = 0; index < REQUESTS; index += 1) answers.push((await complete(route)).__typename);
    expect(answers).toEqual(answers.map(() => 'Completion'));
    expect(calls() - before).toBeLessThanOrEqual(REQUESTS * 1.2);
  });

  test.each(FAULTS.filter(({ only }) => only !== 'unary'))('S29 streamed: $name', async ({ handler, name }) => {
    const { route } = await failOver(product, await pair(), { firstTokenTimeoutMs: 300 });
    product.upstream.respond(handler);
    const before = calls();
    for (let index = 0; index < REQUESTS; index += 1) {
      const events = await streamAll(socket, { input: input(route), key: `${name} ${route} ${index}` });
      expect(terminalOf(events).__typename).toBe('CompletionFinished');
      expect(textOf(events)).toBe('Hello there.');
      if (index === 0) expect(events.map((event) => event.__typename)).toContain('CompletionRerouted');
    }
    expect(calls() - before).toBeLessThanOrEqual(REQUESTS * 1.2);
  });

  test('S30 a cut after the first content is told, and nobody else is asked', async () => {
    const { route } = await failOver(product, await pair());
    product.upstream.respond(async ({ send, cut }) => {
      await send(chatFrame({ role: 'assistant', content: 'Hal' }));
      cut();
    });
    const before = second.requests.length;
    const events = await streamAll(socket, { input: input(route), key: `after ${route}` });
    expect(terminalOf(events)).toMatchObject({ __typename: 'CompletionFailed', error: { code: 'PROVIDER_FAILED' } });
    expect(textOf(events)).toBe('Hal');
    expect(second.requests.length).toBe(before);
  });

  test('S30 disableFallbacks keeps a call with its first target', async () => {
    const { route } = await failOver(product, await pair());
    product.upstream.respond(({ json }) => json(401, { error: { message: 'no' } }));
    const before = second.requests.length;
    expect(await complete(route, { routing: { disableFallbacks: true } })).toMatchObject({ code: 'PROVIDER_AUTH_FAILED' });
    expect(second.requests.length).toBe(before);
  });
});

describe('who is asked how often', () => {
  test('F1 a route that leads back to a target asks each once: nothing loops', async () => {
    const { first, second: other } = await pair();
    const nodes = [target(first), { balance: { strategy: 'ROUND_ROBIN', branches: [{ node: target(other) }, { node: target(first) }] } }];
    await publish('aba', { fallback: { nodes } });
    for (const upstream of [product.upstream, second]) upstream.respond(({ json }) => json(429, { error: {} }, { 'retry-after-ms': '10' }));
    const before = calls();
    expect(await complete('aba')).toMatchObject({ __typename: 'ProvidersFailed', code: 'PROVIDER_OVERLOADED' });
    // The first is left at once; the second has nobody after it, and is asked again twice.
    expect(calls() - before).toBe(4);
  });

  test('F2 an upstream that always fails gets exactly three requests: nothing below the router asks again', async () => {
    const { first, name } = await pair();
    await publish(`alone-${name}`, target(first));
    product.upstream.respond(({ json }) => json(429, { error: {} }, { 'retry-after-ms': '1' }));
    const before = calls();
    expect(await complete(`alone-${name}`)).toMatchObject({ code: 'PROVIDER_OVERLOADED' });
    expect(calls() - before).toBe(3);
  });

  test('F4 three failures in a row take a target out of the next pick, and it says why', async () => {
    const { first, route } = await failOver(product, await pair());
    product.upstream.respond(({ json }) => json(500, { error: {} }));
    for (let index = 0; index < 3; index += 1) await complete(route);
    const before = product.upstream.requests.length;
    expect((await complete(route)).__typename).toBe('Completion');
    expect(product.upstream.requests.length).toBe(before);
    const health = await product.client.query(DEPLOYMENT_HEALTH, { filter: { states: ['OPEN'] } });
    const nodes = (health.data as { deployments: { nodes: { slug: string; health: Record<string, unknown> }[] } }).deployments.nodes;
    expect(nodes.find(({ slug }) => slug === first)?.health).toMatchObject({
      ...{ state: 'OPEN', reason: 'SERVER_ERROR: 3 failures in a row', until: expect.any(String), since: expect.any(String) },
    });
    const metrics = await (await fetch(`${product.url}/metrics`)).text();
    expect(metrics).toContain(`glidepath_deployment_state{deployment="${first}",state="OPEN"} 1`);
  });

  test('F5 while all are cooling a call is refused with the soonest instant, or tried once where the route says so', async () => {
    const { first, second: other, route } = await failOver(product, await pair());
    await publish(`${route}-soonest`, { fallback: { nodes: [target(first), target(other)], whenAllOpen: 'TRY_SOONEST' } });
    for (const upstream of [product.upstream, second]) upstream.respond(({ json }) => json(404, { error: { message: 'no' } }));
    await complete(route);
    const before = calls();
    const refused = await complete(route);
    expect(refused).toMatchObject({ __typename: 'ProvidersFailed', code: 'ALL_TARGETS_COOLING' });
    expect(refused.retryAfterMs).toBeGreaterThan(200_000);
    expect(calls()).toBe(before);
    for (const upstream of [product.upstream, second]) upstream.respond(plainly);
    expect((await complete(`${route}-soonest`)).__typename).toBe('Completion');
    expect(calls()).toBe(before + 1);
  });

  test('F7 a 429 moves on at once where another target is healthy', async () => {
    const { route } = await failOver(product, await pair());
    product.upstream.respond(({ json }) => json(429, { error: {} }, { 'retry-after': '30' }));
    const startedMs = performance.now();
    expect((await complete(route)).__typename).toBe('Completion');
    expect(performance.now() - startedMs).toBeLessThan(5_000);
  });

  test('a caller’s own mistake is told at once and repeated nowhere', async () => {
    const { route } = await failOver(product, await pair());
    product.upstream.respond(({ json }) => json(400, { error: { message: 'bad request' } }));
    const before = calls();
    expect((await complete(route)).__typename).toBe('InvalidRequest');
    expect(calls()).toBe(before + 1);
  });

  test('F8 twenty turns of one session have one target; another key with the same session id has a pin of its own', async () => {
    const { first, second: other, name } = await pair();
    const branches = [{ node: target(first) }, { node: target(other) }];
    await publish(`sticky-${name}`, { balance: { strategy: 'ROUND_ROBIN', branches, sticky: 'SESSION' } });
    const [mine, theirs] = await Promise.all([product.createKey(), product.createKey()]);
    const served = async (secret: string) => {
      const before = [product.upstream.requests.length, second.requests.length] as const;
      for (let turn = 0; turn < 20; turn += 1) await complete(`sticky-${name}`, { sessionId: 'one' }, product.clientWith(secret));
      return [product.upstream.requests.length - before[0], second.requests.length - before[1]];
    };
    expect(await served(mine.secret)).toEqual([20, 0]);
    expect(await served(theirs.secret)).toEqual([0, 20]);
  });

  test('a split keeps within binomial bounds', async () => {
    const { first, second: other, name } = await pair();
    const branches = [
      { name: 'a', weight: 70, node: target(first) },
      { name: 'b', weight: 30, node: target(other) },
    ];
    await publish(`split-${name}`, { split: { branches } });
    const before = product.upstream.requests.length;
    const all = 200;
    for (let index = 0; index < all; index += 20) await Promise.all(Array.from({ length: 20 }, () => complete(`split-${name}`)));
    const share = (product.upstream.requests.length - before) / all;
    expect(Math.abs(share - 0.7)).toBeLessThan(4.5 * Math.sqrt((0.7 * 0.3) / all));
  });

  test('a model’s slug is a balance over its deployments by weight, exactly', async () => {
    const { model } = await pair();
    const before = [product.upstream.requests.length, second.requests.length] as const;
    for (let index = 0; index < 8; index += 1) await complete(model);
    expect([product.upstream.requests.length - before[0], second.requests.length - before[1]]).toEqual([4, 4]);
  });
});

describe('publication', () => {
  const problemsOf = async (definition: object, slug = 'checked') => {
    const answer = await publish(slug, definition);
    const result = answer.data?.publishRoute as { problems?: { path: string }[] } | undefined;
    if (!result?.problems) throw new Error(JSON.stringify(answer));
    return result.problems.map(({ path }) => path);
  };

  test('every problem comes with its path', async () => {
    const { first, model } = await pair();
    expect(await problemsOf({ fallback: { nodes: [] } })).toEqual(['definition.fallback.nodes']);
    expect(await problemsOf(target('nope'))).toEqual(['definition.target.deployment']);
    expect(await problemsOf({ target: { route: 'checked' } })).toEqual(['definition.target.route']);
    expect(await problemsOf({ fallback: { nodes: [target(first), target(first)] } })).toEqual(['definition.fallback.nodes.1']);
    const zero = [{ name: 'a', weight: 0, node: target(first) }];
    expect(await problemsOf({ split: { branches: zero } })).toEqual(['definition.split.branches']);
    const when = (source: string) => ({ when: { branches: [{ if: source, then: target(first) }], otherwise: { target: { model } } } });
    for (const source of ['request.', 'request.nope == 1', 'request.user', 'request.user.matches("(a+)+$")', '1 / request.inputTokens > 1'])
      expect(await problemsOf(when(source))).toEqual(['definition.when.branches.0.if']);
    expect(await problemsOf(target(first), model)).toEqual(['slug']);
  });

  test('a balance by the latency per token is read back as it was given, and is for that strategy alone', async () => {
    const { first, second: other } = await pair();
    const branches = [first, other].map((slug) => ({ node: target(slug), weight: 1 }));
    const definition = { balance: { strategy: 'LOWEST_LATENCY', latencyMeasure: 'PER_TOKEN', branches } };
    expect((await publish('per-token', definition)).data?.publishRoute).toMatchObject({ current: { definition } });
    expect((await complete('per-token')).__typename).toBe('Completion');
    expect(await problemsOf({ balance: { ...definition.balance, strategy: 'LEAST_BUSY' } })).toEqual(['definition.balance.latencyMeasure']);
  });

  test('versions follow one another, a stale expectation is a Conflict, and an old version comes back as a new one', async () => {
    const { first, second: other } = await pair();
    const one = await publish('versioned', target(first), { note: 'first', expectedVersion: 0 });
    expect(one.data?.publishRoute).toMatchObject({ __typename: 'Route', current: { version: 1, note: 'first' } });
    expect((await publish('versioned', target(other), { expectedVersion: 3 })).data?.publishRoute).toMatchObject({
      __typename: 'Conflict',
    });
    await publish('versioned', target(other), { expectedVersion: 1 });
    const back = await mutate(product.client, ROLLBACK_ROUTE, { slug: 'versioned', version: 1 });
    expect(back).toMatchObject({
      current: { version: 3, definition: target(first) },
      versions: { nodes: [{ version: 3 }, { version: 2 }, { version: 1 }] },
    });
  });

  test('a cycle through names is refused', async () => {
    const { first } = await pair();
    await publish('ring-a', target(first));
    await publish('ring-b', { target: { route: 'ring-a' } });
    expect(await problemsOf({ target: { route: 'ring-b' } }, 'ring-a')).toEqual(['definition.target.route']);
  });
});

describe('explanation', () => {
  const simulate = (variables: object) => product.client.query<{ simulateRoute: Record<string, unknown> }>(SIMULATE_ROUTE, variables);

  test('a simulation calls nobody, and the same seed decides the same', async () => {
    const { first, second: other } = await pair();
    const branches = [first, other].map((slug) => ({ name: slug, weight: 1, node: target(slug) }));
    const before = calls();
    const variables = { input: input('whatever'), definition: { split: { branches } } };
    const made = (await simulate(variables)).data?.simulateRoute as { seed: string; candidates: { chosen: boolean }[] };
    expect(made.candidates.filter(({ chosen }) => chosen)).toHaveLength(1);
    for (let index = 0; index < 5; index += 1)
      expect((await simulate({ ...variables, seed: made.seed })).data?.simulateRoute).toEqual(made);
    expect(calls()).toBe(before);
  });

  test('conditions see the call, and what is unset does not raise', async () => {
    const { first, second: other } = await pair();
    const when = {
      branches: [{ if: 'request.tags.plan == "pro" && request.inputTokens > 0', then: target(first) }],
      otherwise: target(other),
    };
    const chosen = async (fields: object) => {
      const answer = await simulate({ input: input('whatever', fields), definition: { when } });
      const decision = answer.data?.simulateRoute as { candidates: { chosen: boolean; deployment: { slug: string } }[] };
      return decision.candidates.find((one) => one.chosen)?.deployment.slug;
    };
    expect(await chosen({})).toBe(other);
    expect(await chosen({ tags: [{ key: 'plan', value: 'pro' }] })).toBe(first);
  });

  test('an unpublished tree needs CONFIG_WRITE', async () => {
    const { first } = await pair();
    const { secret } = await product.createKey({ permissions: ['INFERENCE'] });
    const client = product.clientWith(secret);
    const answer = await client.query(SIMULATE_ROUTE, { input: input('whatever'), definition: target(first) });
    expect(answer.errors?.[0]?.extensions).toMatchObject({ code: 'FORBIDDEN' });
  });

  test('deploymentHealthChanged tells when a target opens', async () => {
    const { first, route } = await failOver(product, await pair());
    const changes = socket.subscribe<{ deploymentHealthChanged: { slug: string } }>(
      'subscription { deploymentHealthChanged { slug health { state } } }',
    );
    const told = (async () => {
      for await (const { data } of changes) if (data?.deploymentHealthChanged.slug === first) return data.deploymentHealthChanged;
      return null;
    })();
    // The server has begun to listen once a later operation of the same socket has been answered.
    await socket.collect('{ viewer { organization { slug } } }');
    product.upstream.respond(({ json }) => json(404, { error: {} }));
    await complete(route);
    expect(await told).toEqual({ slug: first, health: { state: 'OPEN' } });
  });
});
