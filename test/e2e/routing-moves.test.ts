import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { bookedRow } from '../kit/books.js';
import { COMPLETE, COMPLETION, CREATE_DEPLOYMENT, CREATE_MODEL, CREATE_PROVIDER } from '../kit/operations.js';
import { mutate, startProduct } from '../kit/product.js';
import type { TestProduct } from '../kit/product.js';
import { failOver, PUBLISH_ROUTE, serveTwo } from '../kit/routing.js';
import type { Pair } from '../kit/routing.js';
import { chatBody, chatError, startScriptedUpstream } from '../kit/scripted-upstream.js';
import type { ScriptedUpstream, UpstreamHandler } from '../kit/scripted-upstream.js';

let product: TestProduct;
let second: ScriptedUpstream;
let pairs = 0;

beforeAll(async () => {
  product = await startProduct();
  second = await startScriptedUpstream();
});

const plainly: UpstreamHandler = ({ json }) => json(200, chatBody());

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
  readonly inference?: { readonly id: string; readonly status: string };
  readonly id?: string;
}

/** A fresh model on both upstreams, so that no test inherits another's breakers. */
async function pair(): Promise<Pair> {
  pairs += 1;
  return serveTwo(product, { name: `moves${pairs}`, first: product.upstream, second });
}

async function complete(model: string, fields: object = {}): Promise<Answer> {
  const input = { model, messages: [{ role: 'USER', text: 'hello' }], ...fields };
  const answer = await product.client.query<{ complete: Answer }>(COMPLETE, { input });
  if (!answer.data) throw new Error(JSON.stringify(answer));
  return answer.data.complete;
}

const publish = (slug: string, definition: object) => mutate(product.client, PUBLISH_ROUTE, { slug, definition });
const target = (deployment: string, terms: object = {}) => ({ target: { deployment, ...terms } });

/** How many requests each upstream had while it ran. */
async function asked(run: () => Promise<unknown>): Promise<readonly [number, number]> {
  const before = [product.upstream.requests.length, second.requests.length] as const;
  await run();
  return [product.upstream.requests.length - before[0], second.requests.length - before[1]];
}

const everywhere = (handler: UpstreamHandler) => {
  for (const upstream of [product.upstream, second]) upstream.respond(handler);
};

describe('nothing loops', () => {
  test('F1 a target that several named routes lead to is left once and not come back to', async () => {
    const { first, second: other, name } = await pair();
    await publish(`${name}-inner`, { fallback: { nodes: [target(other), target(first)] } });
    await publish(`${name}-middle`, { fallback: { nodes: [target(first), { target: { route: `${name}-inner` } }] } });
    const nodes = [target(first), { target: { route: `${name}-middle` } }, { target: { route: `${name}-inner` } }];
    await publish(`${name}-outer`, { fallback: { nodes } });
    everywhere(({ json }) => json(401, chatError('no')));
    let answer: Answer | null = null;
    expect(await asked(async () => (answer = await complete(`${name}-outer`)))).toEqual([1, 1]);
    expect(answer).toMatchObject({ code: 'PROVIDER_AUTH_FAILED' });
  });

  test('F1 the call’s own time is over everything: attempts, retries and the way to the next target', async () => {
    const { first, second: other, name } = await pair();
    await publish(`${name}-slow`, { fallback: { nodes: [target(first, { timeoutMs: 250, maxAttempts: 2 }), target(other)] } });
    everywhere(({ stall }) => stall());
    let answer: Answer | null = null;
    const startedMs = performance.now();
    const calls = await asked(async () => (answer = await complete(`${name}-slow`, { timeoutMs: 2_000 })));
    expect(answer).toMatchObject({ __typename: 'GatewayFailed', code: 'DEADLINE_EXCEEDED' });
    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(1_999);
    expect(calls[0]).toBe(1);
    expect(calls[1]).toBe(1);
  });
});

describe('content and length', () => {
  const refusal: UpstreamHandler = ({ json }) => json(400, chatError('filtered', { code: 'content_filter' }));

  test('what a provider’s filter refuses goes elsewhere only where the route says so', async () => {
    const { first, second: other, name, route } = await failOver(product, await pair());
    const nodes = [target(first), target(other)];
    await publish(`${name}-filter`, { fallback: { nodes, on: ['CONTENT_FILTER'] } });
    product.upstream.respond(refusal);
    expect(await complete(route)).toMatchObject({ __typename: 'ProvidersFailed', code: 'PROVIDER_CONTENT_FILTER' });
    expect((await complete(`${name}-filter`)).__typename).toBe('Completion');
    // Who asks for this one class moves on for no other.
    product.upstream.respond(({ json }) => json(401, chatError('no')));
    expect(await complete(`${name}-filter`)).toMatchObject({ code: 'PROVIDER_AUTH_FAILED' });
  });

  async function windows(sizes: readonly [number, number]): Promise<string> {
    pairs += 1;
    const name = `window${pairs}`;
    const upstreams = [product.upstream, second];
    for (const [index, contextWindow] of sizes.entries()) {
      const slug = `${name}-${index}`;
      const credential = { apiKey: 'sk-upstream-secret-0123456789' };
      const at = { baseUrl: upstreams[index]!.baseUrl, allowPrivateNetwork: true, wireFormat: 'OPENAI_CHAT' };
      await mutate(product.client, CREATE_PROVIDER, { slug, credential, ...at });
      await mutate(product.client, CREATE_MODEL, { slug, vendor: 'test', capabilities: ['STREAMING'], contextWindow });
      await mutate(product.client, CREATE_DEPLOYMENT, { provider: slug, model: slug, slug: `${slug}.x` });
    }
    await publish(name, { fallback: { nodes: [target(`${name}-0.x`), target(`${name}-1.x`)] } });
    return name;
  }

  const long = { messages: [{ role: 'USER', text: 'many words '.repeat(2_000) }] };

  test('F6 a prompt that is too long by its size is not sent to a small window', async () => {
    const route = await windows([1_000, 100_000]);
    expect(await asked(() => complete(route, long))).toEqual([0, 1]);
    expect(await asked(() => complete(route))).toEqual([1, 0]);
  });

  test('F6 a prompt that the provider finds too long goes to a larger window, and never to one as small', async () => {
    const tooLong: UpstreamHandler = ({ json }) => json(400, chatError('too long', { code: 'context_length_exceeded' }));
    const [upwards, level] = [await windows([8_000, 100_000]), await windows([8_000, 8_000])];
    product.upstream.respond(tooLong);
    expect(await asked(() => complete(upwards))).toEqual([1, 1]);
    let answer: Answer | null = null;
    expect(await asked(async () => (answer = await complete(level)))).toEqual([1, 0]);
    expect(answer).toMatchObject({ code: 'CONTEXT_LENGTH_EXCEEDED' });
  });
});

test('S30 disableFallbacks holds for a model’s deployments and for routes within routes', async () => {
  const { model, name, first, second: other } = await pair();
  await publish(`${name}-inner`, { fallback: { nodes: [target(first), target(other)] } });
  await publish(`${name}-outer`, { fallback: { nodes: [{ target: { route: `${name}-inner` } }, { target: { model } }] } });
  everywhere(({ json }) => json(400, chatError('filtered', { code: 'content_filter' })));
  for (const slug of [model, `${name}-outer`]) {
    const calls = await asked(() => complete(slug, { routing: { disableFallbacks: true } }));
    expect(calls[0] + calls[1]).toBe(1);
  }
  everywhere(({ json }) => json(404, chatError('no')));
  const calls = await asked(() => complete(`${name}-outer`, { routing: { disableFallbacks: true } }));
  expect(calls).toEqual([1, 0]);
});

test('F5 F9 a call that is refused while all are cooling explains itself, and health counts the failures', async () => {
  const { route, first } = await failOver(product, await pair());
  everywhere(({ json }) => json(404, chatError('no such model')));
  await complete(route);
  const refused = await complete(route);
  expect(refused).toMatchObject({ code: 'ALL_TARGETS_COOLING', inference: { status: 'BLOCKED' } });
  const row = await bookedRow(product.database.url, refused.inference!.id);
  expect(row).toMatchObject({
    status: 'BLOCKED',
    attempts: [],
    routing: { route, routeVersion: 1, inputs: { inputTokens: expect.any(Number) } },
  });
  const { data } = await product.client.query<{ completion: { routing: { candidates: object[]; steps: object[] } } }>(COMPLETION, {
    id: refused.inference!.id,
  });
  expect(data?.completion.routing.candidates).toMatchObject([
    { deployment: { slug: first }, chosen: false, excluded: 'open: TARGET_NOT_FOUND: the provider does not know the model' },
    { chosen: false, excluded: expect.stringContaining('open') },
  ]);
  const health = await product.client.query<{ deployment: unknown; deployments: { nodes: { slug: string; health: object }[] } }>(
    '{ deployments(first: 100, filter: { states: [OPEN] }) { nodes { slug health { state reason since until failures } } } }',
  );
  expect(health.data?.deployments.nodes.find(({ slug }) => slug === first)?.health).toMatchObject({ state: 'OPEN', failures: 1 });
});
