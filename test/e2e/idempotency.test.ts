import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { CANCEL_COMPLETION, COMPLETE, COMPLETION, START_COMPLETION, STREAM_COMPLETION } from '../kit/operations.js';
import { startProduct } from '../kit/product.js';
import type { TestProduct } from '../kit/product.js';
import { chatBody, createGate } from '../kit/scripted-upstream.js';
import { startTcpProxy } from '../kit/tcp-proxy.js';
import type { TcpProxy } from '../kit/tcp-proxy.js';

let first: TestProduct;
let second: TestProduct;
let proxy: TcpProxy;
let database: pg.Client;
let keys = 0;

beforeAll(async () => {
  first = await startProduct();
  proxy = await startTcpProxy(first.database.url);
  second = await startProduct({ replicaOf: first, env: { DATABASE_URL: proxy.url } });
  await first.serve({ slug: 'words', rates: { INPUT: '1', OUTPUT: '2' } });
  database = new pg.Client({ connectionString: first.database.url });
  await database.connect();
  // A model is seen before its deployment is: each is a change of its own.
  const deployments = '{ deployments(filter: { models: ["words"] }) { nodes { slug } } }';
  await until(async () => JSON.stringify((await second.client.query(deployments)).data).includes('test.words'));
});

afterAll(async () => {
  await database.end();
  await second.stop();
  await proxy.close();
  await first.stop();
});

const input = { model: 'words', messages: [{ role: 'USER', text: 'hello' }] };
const newKey = () => `key-${(keys += 1)}`;

interface Answered {
  readonly __typename: string;
  readonly id: string;
  readonly status: string;
  readonly text: string | null;
  readonly code?: string;
  readonly inference?: { readonly id: string; readonly status: string };
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 20_000; !(await holds());) {
    if (Date.now() > end) throw new Error('it never came to that');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function complete(product: TestProduct, key: string, fields: object = {}): Promise<Answered> {
  const { data, errors } = await product.client.query<{ complete: Answered }>(COMPLETE, { input: { ...input, ...fields }, key });
  if (!data) throw new Error(errors?.[0]?.extensions['code'] as string);
  return data.complete;
}

async function start(product: TestProduct, key: string | null): Promise<Answered> {
  const { data, errors } = await product.client.query<{ startCompletion: Answered }>(START_COMPLETION, { input, key });
  if (!data) throw new Error(errors?.[0]?.extensions['code'] as string);
  return data.startCompletion;
}

async function find(product: TestProduct, id: string): Promise<Record<string, unknown> | null> {
  return (await product.client.query<{ completion: Record<string, unknown> | null }>(COMPLETION, { id })).data?.completion ?? null;
}

/** Holds the next upstream answer until it is told to go. */
function holdUpstream(text: string) {
  const gate = createGate();
  first.upstream.respondOnce(async (exchange) => {
    await gate.opened;
    exchange.json(200, chatBody({ message: { content: text } }));
  });
  return gate;
}

const stored = (id: string) =>
  until(
    async () =>
      (await database.query('SELECT 1 FROM idempotency_key WHERE ended_at IS NOT NULL AND inference_id = $1', [uuidOf(id)])).rowCount === 1,
  );

/** The UUID of a TypeID: 26 characters of Crockford’s base 32. */
function uuidOf(id: string): string {
  const digits = '0123456789abcdefghjkmnpqrstvwxyz';
  let value = 0n;
  for (const letter of id.split('_')[1] ?? '') value = value * 32n + BigInt(digits.indexOf(letter));
  return value
    .toString(16)
    .padStart(32, '0')
    .replace(/(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

describe('one key on two replicas', () => {
  test('50 at once make one upstream call, one row, and all get its words', async () => {
    const before = first.upstream.requests.length;
    const key = newKey();
    const gate = holdUpstream('once for all');
    const calls = Array.from({ length: 50 }, (_, index) => complete(index % 2 === 0 ? first : second, key));
    await until(() => Promise.resolve(first.upstream.requests.length > before));
    gate.open();
    const answers = await Promise.all(calls);
    expect(new Set(answers.map(({ id, code }) => code ?? id)).size).toBe(1);
    expect(answers.every(({ text }) => text === 'once for all')).toBe(true);
    expect(first.upstream.requests.length).toBe(before + 1);
    const { rows } = await database.query<{ count: string }>('SELECT count(*) FROM inference WHERE id = $1', [uuidOf(answers[0]!.id)]);
    expect(rows).toEqual([{ count: '1' }]);
  });

  test('another input is a mismatch there too; timeoutMs and onDisconnect are none', async () => {
    const key = newKey();
    const { id } = await complete(first, key);
    await stored(id);
    expect(await complete(second, key, { temperature: 1 })).toMatchObject({ code: 'IDEMPOTENCY_MISMATCH' });
    expect(await complete(second, key, { timeoutMs: 99_999, onDisconnect: 'CONTINUE' })).toMatchObject({ id });
  });

  test('while it runs elsewhere: complete waits, startCompletion tells RUNNING, a stream is told EVENTS_ELSEWHERE', async () => {
    const key = newKey();
    const gate = holdUpstream('from the first');
    const running = complete(first, key);
    await until(async () => (await database.query('SELECT 1 FROM idempotency_key WHERE key = $1', [key])).rowCount === 1);
    const waiting = complete(second, key);
    expect(await start(second, key)).toMatchObject({ status: 'RUNNING' });
    const socket = second.client.openSocket();
    const streamed = await socket.collect(STREAM_COMPLETION, { input, key });
    expect(streamed.errors).toMatchObject([{ extensions: { code: 'EVENTS_ELSEWHERE' } }]);
    gate.open();
    const [there, here] = await Promise.all([running, waiting]);
    expect(here).toMatchObject({ id: there.id, text: 'from the first', status: 'SUCCEEDED' });
  });

  test('a caller’s own deadline ends its waiting, not the call', async () => {
    const key = newKey();
    const gate = holdUpstream('late');
    const running = complete(first, key);
    await until(async () => (await database.query('SELECT 1 FROM idempotency_key WHERE key = $1', [key])).rowCount === 1);
    expect(await complete(second, key, { timeoutMs: 150 })).toMatchObject({ code: 'DEADLINE_EXCEEDED', inference: { status: 'RUNNING' } });
    gate.open();
    expect(await running).toMatchObject({ text: 'late' });
  });

  test('a failure keeps its outcome, a refusal frees its key', async () => {
    const key = newKey();
    first.upstream.respondOnce((exchange) => exchange.json(400, { error: { message: 'no' } }));
    const failed = await complete(first, key);
    expect(failed).toMatchObject({ code: 'INVALID_REQUEST' });
    const before = first.upstream.requests.length;
    expect(await complete(second, key)).toEqual(failed);
    expect(first.upstream.requests.length).toBe(before);
    const refused = newKey();
    expect(await complete(first, refused, { model: 'nope' })).toMatchObject({ code: 'MODEL_NOT_FOUND' });
    expect(await complete(second, refused)).toMatchObject({ status: 'SUCCEEDED' });
  });
});

test('what startCompletion began without a key is RUNNING on every replica, with its words when it has ended', async () => {
  const gate = createGate();
  first.upstream.respondOnce(async (exchange) => {
    await gate.opened;
    await exchange.stream(['data: {"choices":[{"delta":{"content":"seen everywhere"},"finish_reason":"stop"}]}\n\n', 'data: [DONE]\n\n']);
  });
  const { id } = await start(first, null);
  expect(await find(second, id)).toMatchObject({ status: 'RUNNING', text: null, usage: null, cost: null });
  gate.open();
  await until(async () => (await find(second, id))?.['content'] === 'AVAILABLE');
  expect(await find(second, id)).toMatchObject({ status: 'SUCCEEDED', text: 'seen everywhere' });
});

test('cancelled on the replica that does not run it: it ends where it runs, its provider is left, and both tell so', async () => {
  const left = new Promise<void>((resolve) => {
    first.upstream.respondOnce(async (exchange) => {
      await exchange.send('data: {"choices":[{"delta":{"content":"and so on"}}]}\n\n');
      await exchange.request.aborted;
      resolve();
    });
  });
  const { id } = await start(first, null);
  const { data } = await second.client.query(CANCEL_COMPLETION, { id });
  expect(data).toMatchObject({ cancelCompletion: { id, status: 'CANCELLED' } });
  await left;
  expect(await find(first, id)).toMatchObject({ status: 'CANCELLED' });
});

test('a lost owner: the next caller settles it as INTERRUPTED, nobody is asked again, and the truth replaces it when it comes', async () => {
  const key = newKey();
  const gate = holdUpstream('after all');
  const before = first.upstream.requests.length + 1;
  const running = complete(first, key);
  // The key is claimed before the upstream is asked.
  await until(() => Promise.resolve(first.upstream.requests.length === before));
  const lose = `UPDATE idempotency_key SET owner = $2, owner_expires_at = now() - interval '1 s' WHERE key = $1`;
  await database.query(lose, [key, randomUUID()]);
  const settled = await complete(second, key);
  expect(settled).toMatchObject({ code: 'INTERRUPTED', inference: { status: 'FAILED' } });
  expect(await complete(second, key)).toEqual(settled);
  expect(first.upstream.requests.length).toBe(before);
  const row = () =>
    database.query<{ status: string; cost: string; provisional: boolean }>(
      'SELECT status, cost, provisional FROM inference WHERE id = $1',
      [uuidOf(settled.inference!.id)],
    );
  expect((await row()).rows).toEqual([{ status: 'FAILED', cost: '0', provisional: true }]);
  gate.open();
  const { id } = await running;
  await until(async () => (await row()).rows[0]?.provisional === false);
  expect((await row()).rows).toMatchObject([{ status: 'SUCCEEDED' }]);
  await until(async () => (await find(second, id))?.['content'] === 'AVAILABLE');
  expect(await complete(second, key)).toMatchObject({ id, text: 'after all' });
  expect(first.upstream.requests.length).toBe(before);
});

test('a key outlives its process', async () => {
  const third = await startProduct({ replicaOf: first });
  const key = newKey();
  const begun = await complete(third, key);
  await third.stop();
  const fourth = await startProduct({ replicaOf: first });
  try {
    const before = first.upstream.requests.length;
    expect(await complete(fourth, key)).toMatchObject({ id: begun.id, text: begun.text });
    expect(first.upstream.requests.length).toBe(before);
  } finally {
    await fourth.stop();
  }
});

test('while the database is away: keys and startCompletion are SERVICE_UNAVAILABLE, what is in memory attaches, the rest runs', async () => {
  const known = newKey();
  const { id } = await complete(second, known);
  proxy.cut();
  try {
    await expect(complete(second, newKey())).rejects.toThrow('SERVICE_UNAVAILABLE');
    await expect(start(second, null)).rejects.toThrow('SERVICE_UNAVAILABLE');
    const unkeyed = await second.client.query(COMPLETE, { input });
    expect(unkeyed.data).toMatchObject({ complete: { status: 'SUCCEEDED' } });
    expect(await complete(second, known)).toMatchObject({ id });
  } finally {
    proxy.heal();
  }
  await until(async () => (await complete(second, newKey()).catch(() => null))?.status === 'SUCCEEDED');
});

test('D2 a network that swallows everything: known keys are served all the while, and the rest is back when it is', async () => {
  await complete(second, newKey());
  proxy.silence();
  try {
    for (let call = 0; call < 3; call += 1)
      expect((await second.client.query(COMPLETE, { input })).data).toMatchObject({ complete: { status: 'SUCCEEDED' } });
  } finally {
    proxy.heal();
  }
  await until(async () => (await complete(second, newKey()).catch(() => null))?.status === 'SUCCEEDED');
});
