import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { bookedRow } from '../kit/books.js';
import type { OperationCase } from '../kit/operation-cases.js';
import { INFERENCE_ROW, OPERATION_CASES, operationDocument } from '../kit/operation-cases.js';
import { CREATE_DEPLOYMENT, CREATE_MODEL, CREATE_PROVIDER } from '../kit/operations.js';
import { mutate, startProduct } from '../kit/product.js';
import type { TestProduct } from '../kit/product.js';
import { PUBLISH_ROUTE } from '../kit/routing.js';
import { createGate } from '../kit/scripted-upstream.js';
import type { RecordedRequest } from '../kit/scripted-upstream.js';

let product: TestProduct;
let replica: TestProduct;

/** The setting up is many changes, and each is in force before the next. */
const LIMIT_MS = 240_000;

beforeAll(async () => {
  product = await startProduct();
  for (const provider of ['first', 'second'])
    await mutate(product.client, CREATE_PROVIDER, {
      ...{ slug: provider, wireFormat: 'OPENAI_CHAT', baseUrl: product.upstream.baseUrl, allowPrivateNetwork: true },
      credential: { apiKey: 'sk-upstream-secret-0123456789' },
    });
  await Promise.all(OPERATION_CASES.map((one) => serveCase(one)));
  await product.serve({ slug: 'chat', rates: { INPUT: '1', OUTPUT: '1' } });
  replica = await startProduct({ replicaOf: product });
}, LIMIT_MS);

/** A model of its own on two providers, and routes that try both, or the first alone. */
async function serveCase({ operation, rates }: OperationCase): Promise<void> {
  const slug = slugOf(operation);
  const price = { effectiveFrom: '2020-01-01T00:00:00Z', tiers: [{ rates }] };
  await mutate(product.client, CREATE_MODEL, { slug, vendor: 'test', operations: [operation], capabilities: [], price });
  for (const provider of ['first', 'second'])
    await mutate(product.client, CREATE_DEPLOYMENT, { provider, model: slug, slug: `${slug}.${provider}` });
  const once = (name: string) => ({ target: { deployment: `${slug}.${name}`, maxAttempts: 1 } });
  await mutate(product.client, PUBLISH_ROUTE, {
    slug: `${slug}-both`,
    definition: { fallback: { nodes: [once('first'), once('second')] } },
  });
  const alone = { fallback: { nodes: [once('first')], whenAllOpen: 'TRY_SOONEST' } };
  await mutate(product.client, PUBLISH_ROUTE, { slug: `${slug}-alone`, definition: alone });
}

afterAll(async () => {
  await replica.stop();
  await product.stop();
});

const AT_ONCE = 50;
const slugOf = (operation: string) => operation.toLowerCase();

interface Answered {
  readonly __typename: string;
  readonly id: string;
  readonly code?: string;
  readonly message?: string;
  readonly problems?: readonly { readonly path: string }[];
  readonly inference?: Readonly<Record<string, unknown>> & { readonly id: string };
}

describe.each(OPERATION_CASES.map((one) => [one.field, one] as const))('%s', (field, one) => {
  const document = operationDocument(one);
  const slug = slugOf(one.operation);

  async function ask(fields: object = {}, key?: string, on = product): Promise<Answered> {
    const { data, errors } = await on.client.query<Record<string, Answered>>(document, {
      input: { model: slug, ...one.asked, ...fields },
      key,
    });
    const answered = data?.[field];
    if (!answered) throw new Error(JSON.stringify(errors));
    return answered;
  }

  test('answers, with its exact usage and cost, and a row in the books', async () => {
    product.upstream.respondOnce(one.answer);
    const answered = await ask({ user: 'ann', tags: [{ key: 'team', value: 'a' }] });
    expect(answered).toMatchObject({
      ...{ __typename: one.type, operation: one.operation, status: 'SUCCEEDED', servedModel: { slug }, error: null },
      ...{ user: 'ann', tags: [{ key: 'team', value: 'a' }], usage: one.usage, ...one.result },
      cost: { total: { amount: one.cost }, quality: 'EXACT' },
    });
    const request = product.upstream.requests.at(-1);
    expect(request?.path).toBe(one.path);
    expect(request?.headers.authorization).toBe('Bearer sk-upstream-secret-0123456789');
    const row = await bookedRow(product.database.url, answered.id);
    expect(row).toMatchObject({ operation: one.operation, status: 'SUCCEEDED', finish_reason: null, streamed: false, attempt_count: 1 });
    expect(Number(row['cost'])).toBe(Number(one.cost));
    const found = await product.client.query<Record<string, Answered>>(
      `query ($id: ID!) { inference(id: $id) { ...Row } completion(id: $id) { id } } ${INFERENCE_ROW}`,
      { id: answered.id },
    );
    expect(found.data).toMatchObject({ inference: { __typename: one.type, id: answered.id, usage: one.usage }, completion: null });
  });

  test('is in the reports, and in the live log', async () => {
    const live = product.client
      .openSocket()
      .subscribe<{ inferenceSettled: Answered }>(
        `subscription { inferenceSettled(filter: { operations: [${one.operation}], users: ["${field}-log"] }) { ...Row } } ${INFERENCE_ROW}`,
      );
    const next = live[Symbol.asyncIterator]().next();
    let answered: Answered | null = null;
    // The log tells of what is booked from now on, and when now is, only its first event tells.
    const settled = next.then(({ value }) => value as { data?: { inferenceSettled: Answered } });
    for (let known = false; !known; known = await Promise.race([settled.then(() => true), pause().then(() => false)])) {
      product.upstream.respondOnce(one.answer);
      answered = await ask({ user: `${field}-log` });
    }
    expect((await settled).data?.inferenceSettled).toMatchObject({ __typename: one.type, operation: one.operation });
    await bookedRow(product.database.url, answered?.id ?? '');
    const range = 'range: { from: "2020-01-01T00:00:00Z", to: "2100-01-01T00:00:00Z" }';
    const filter = `filter: { operations: [${one.operation}], users: ["${field}-log"] }`;
    const { data } = await product.client.query<{
      inferences: { nodes: Answered[] };
      usage: { rows: { metrics: { requests: number; cost: { amount: string } } }[] };
    }>(`{
      inferences(${filter}) { nodes { __typename id } }
      usage(${range}, groupBy: [OPERATION], ${filter}) { rows { dimensions { value } metrics { requests succeeded tokens { totalInput } cost { amount } } } }
    }`);
    expect(data?.inferences.nodes[0]).toEqual({ __typename: one.type, id: answered?.id });
    const [row] = data?.usage.rows ?? [];
    expect(row).toMatchObject({ dimensions: [{ value: one.operation }] });
    expect(Number(row?.metrics.cost.amount)).toBeCloseTo((row?.metrics.requests ?? 0) * Number(one.cost), 12);
  });

  test('under one key: many at once are one upstream call; another input is a mismatch; a replica answers the same', async () => {
    const gate = createGate();
    const before = product.upstream.requests.length;
    const arrived = new Promise<void>((resolve) => {
      product.upstream.respondOnce(async (exchange) => {
        resolve();
        await gate.opened;
        await one.answer(exchange);
      });
    });
    const all = Array.from({ length: AT_ONCE }, () => ask({}, `${field}-key`));
    await arrived;
    gate.open();
    const answers = await Promise.all(all);
    expect(new Set(answers.map(({ id }) => id)).size).toBe(1);
    expect(answers.at(-1)).toMatchObject(one.result);
    expect(await ask(one.askedElse, `${field}-key`)).toMatchObject({ __typename: 'InvalidRequest', code: 'IDEMPOTENCY_MISMATCH' });
    const id = answers[0]?.id;
    await bookedRow(product.database.url, id ?? '');
    expect(await ask({}, `${field}-key`, replica)).toMatchObject({ __typename: one.type, id, ...one.result });
    expect(product.upstream.requests).toHaveLength(before + 1);
  });

  test('moves on to the next target, and counts both attempts', async () => {
    product.upstream.respondOnce(({ json }) => json(503, { error: { message: 'overloaded' } }));
    product.upstream.respondOnce(one.answer);
    expect(await ask({ model: `${slug}-both` })).toMatchObject({
      ...{ status: 'SUCCEEDED', ...one.result },
      routing: {
        attempts: [
          { status: 'FAILED', failure: 'OVERLOADED', deployment: { slug: `${slug}.first` } },
          { status: 'SUCCEEDED', failure: null, deployment: { slug: `${slug}.second` } },
        ],
      },
    });
  });

  test.each([
    [400, 'INVALID_REQUEST', 'CALLER'],
    [401, 'PROVIDER_AUTH_FAILED', 'AUTH'],
    [404, 'PROVIDER_FAILED', 'TARGET_NOT_FOUND'],
    [429, 'PROVIDER_OVERLOADED', 'RATE_LIMITED'],
    [500, 'PROVIDER_FAILED', 'SERVER_ERROR'],
  ])('an upstream’s %d is %s, in words of our own', async (status, code, failure) => {
    product.upstream.respondOnce(({ json }) => json(status, { error: { message: 'vendor words sk-upstream-secret-0123456789' } }));
    const answered = await ask({ model: `${slug}-alone` });
    expect(answered.code).toBe(code);
    expect(answered.message).not.toContain('vendor words');
    expect(answered.inference).toMatchObject({
      ...{ __typename: one.type, status: 'FAILED', usage: { totalInput: 0, source: 'NONE' }, cost: { total: { amount: '0' } } },
      routing: { attempts: [{ failure, detail: expect.stringContaining('vendor words') }] },
    });
    expect(JSON.stringify(answered)).not.toContain('sk-upstream-secret');
  });

  test('what is no answer to the call is a failure of the provider', async () => {
    product.upstream.respondOnce(({ json }) => json(200, {}));
    expect(await ask({ model: `${slug}-alone` })).toMatchObject({
      code: 'PROVIDER_FAILED',
      inference: { routing: { attempts: [{ failure: 'BAD_RESPONSE' }] } },
    });
  });

  test('whose caller leaves closes the upstream, and is billed what was sent, as an estimate', async () => {
    const leaving = new AbortController();
    const arrived = new Promise<RecordedRequest>((resolve) => {
      product.upstream.respondOnce(({ request, stall }) => {
        resolve(request);
        return stall();
      });
    });
    const gone = fetch(`${product.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${product.adminKey}` },
      body: JSON.stringify({ query: document, variables: { input: { model: slug, ...one.asked, user: `${field}-gone` } } }),
      signal: leaving.signal,
    });
    const request = await arrived;
    leaving.abort();
    await expect(gone).rejects.toThrow();
    await request.aborted;
    const { data } = await waitFor(
      () =>
        product.client.query<{ inferences: { nodes: Answered[] } }>(
          `{ inferences(filter: { users: ["${field}-gone"] }) { nodes { ...Row } } } ${INFERENCE_ROW}`,
        ),
      (answer) => answer.data?.inferences.nodes.length === 1,
    );
    expect(data?.inferences.nodes[0]).toMatchObject({ __typename: one.type, status: 'CANCELLED', usage: { source: 'ESTIMATED' } });
  });

  test('whose time is over is a failure of the gateway', async () => {
    // A slow machine may be past the time before anybody is called: what stalls must not wait for the next test.
    product.upstream.respond(({ stall }) => stall());
    try {
      expect(await ask({ timeoutMs: 100 })).toMatchObject({ __typename: 'GatewayFailed', code: 'DEADLINE_EXCEEDED' });
    } finally {
      product.upstream.respond(one.answer);
    }
  });

  test('is refused before any call, with a row, where it must not be made', async () => {
    const before = product.upstream.requests.length;
    for (const [fields, paths] of one.wrong) {
      const { code, problems, inference } = await ask(fields);
      expect({ code, paths: problems?.map(({ path }) => path) }).toEqual({ code: 'INVALID_REQUEST', paths });
      expect(inference).toMatchObject({ __typename: one.type, operation: one.operation, status: 'BLOCKED' });
    }
    expect(await ask({ maxCost: '0.000000000001' })).toMatchObject({ code: 'COST_LIMIT_EXCEEDED' });
    expect(await ask({ model: 'chat' })).toMatchObject({ __typename: 'ModelUnavailable', code: 'MODEL_NOT_FOUND' });
    expect(product.upstream.requests).toHaveLength(before);
  });
});

const pause = () => new Promise((resolve) => setTimeout(resolve, 100));

async function waitFor<T>(read: () => Promise<T>, holds: (value: T) => boolean): Promise<T> {
  for (const end = Date.now() + 30_000; ; await pause()) {
    const value = await read();
    if (holds(value)) return value;
    if (Date.now() > end) throw new Error('it never came to that');
  }
}
