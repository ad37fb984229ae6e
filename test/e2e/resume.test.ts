import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import pg from 'pg';
import { CANCEL_COMPLETION, COMPLETE, COMPLETION_STREAM, START_COMPLETION, STREAM_COMPLETION } from '../kit/operations.js';
import { mutate, startProduct } from '../kit/product.js';
import type { TestProduct } from '../kit/product.js';
import { chatFrame, chatStream, createGate } from '../kit/scripted-upstream.js';
import { streamAll, terminalOf, textOf } from '../kit/streams.js';
import type { StreamEvent } from '../kit/streams.js';

let first: TestProduct;
let second: TestProduct;
let database: pg.Client;
let keys = 0;

beforeAll(async () => {
  first = await startProduct();
  second = await startProduct({ replicaOf: first });
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
  await first.stop();
});

const input = { model: 'words', messages: [{ role: 'USER', text: 'hello' }] };
/** How long a completion with a key goes on without a reader. */
const GRACE_MS = 30_000;
const newKey = () => `key-${(keys += 1)}`;

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 20_000; !(await holds());) {
    if (Date.now() > end) throw new Error('it never came to that');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function read(product: TestProduct, id: string, after: number): Promise<{ events: StreamEvent[]; code: unknown }> {
  const socket = product.client.openSocket();
  try {
    const { data, errors } = await socket.collect<{ completionStream: StreamEvent }>(COMPLETION_STREAM, { id, after });
    return { events: data.map(({ completionStream }) => completionStream), code: errors?.[0]?.extensions['code'] };
  } finally {
    await socket.dispose();
  }
}

const completionOn = async (product: TestProduct, id: string): Promise<Record<string, unknown>> => {
  const document =
    'query ($id: ID!) { completion(id: $id) { status content contentExpiresAt endedAt text prompt usage { totalInput } cost { total { amount } } } }';
  return (await product.client.query<{ completion: Record<string, unknown> }>(document, { id })).data?.completion ?? {};
};

const stored = (id: string) => until(async () => (await completionOn(second, id))['content'] === 'AVAILABLE');

/** What can be read of it without a key: as it stands, and inflated from any place on. */
function readable(envelope: Buffer): string {
  const inflated = Array.from(envelope, (_, place) => {
    try {
      return inflateRawSync(envelope.subarray(place)).toString('latin1');
    } catch {
      return '';
    }
  });
  return [envelope.toString('latin1'), ...inflated].join('\n');
}

describe('a stream that has ended', () => {
  test('is replayed by another replica as it was live, from every position, by id and by key', async () => {
    first.upstream.respondOnce((exchange) => exchange.stream(chatStream(['one ', 'two ', 'three '.repeat(30), 'four'])));
    const key = newKey();
    const live = await streamAll(first.client.openSocket(), { input, key });
    const id = live[0]!.completionId;
    await stored(id);
    for (let after = -1; after <= live.length; after += 1) {
      expect((await read(second, id, after)).events).toEqual(live.slice(after + 1));
      expect(await streamAll(second.client.openSocket(), { input, key, after })).toEqual(live.slice(after + 1));
    }
    const before = first.upstream.requests.length;
    expect(terminalOf(await streamAll(second.client.openSocket(), { input, key })).completion?.text).toContain('one two three');
    expect(first.upstream.requests.length).toBe(before);
  });

  test('outlives both processes’ memory: a third process replays it', async () => {
    const key = newKey();
    const live = await streamAll(first.client.openSocket(), { input, key });
    await stored(live[0]!.completionId);
    const third = await startProduct({ replicaOf: first });
    try {
      expect((await read(third, live[0]!.completionId, 0)).events).toEqual(live.slice(1));
      expect(await completionOn(third, live[0]!.completionId)).toMatchObject({ status: 'SUCCEEDED', text: textOf(live) });
    } finally {
      await third.stop();
    }
  });

  test('past its time: EVENTS_EXPIRED, while status, usage and cost are told', async () => {
    const key = newKey();
    const live = await streamAll(first.client.openSocket(), { input, key });
    const id = live[0]!.completionId;
    await stored(id);
    await database.query(`UPDATE completion_content SET expires_at = now() - interval '1 s' WHERE organization_id IS NOT NULL`);
    await database.query(`UPDATE inference SET content_expires_at = now() - interval '1 s' WHERE content_state = 'AVAILABLE'`);
    expect((await read(second, id, -1)).code).toBe('EVENTS_EXPIRED');
    expect(await completionOn(second, id)).toMatchObject({
      status: 'SUCCEEDED',
      content: 'EXPIRED',
      text: null,
      usage: { totalInput: 11 },
    });
    const resumed = await second.client.openSocket().collect(STREAM_COMPLETION, { input, key });
    expect(resumed.errors).toMatchObject([{ extensions: { code: 'EVENTS_EXPIRED' } }]);
  });

  test('its words lie encrypted', async () => {
    first.upstream.respondOnce((exchange) => exchange.stream(chatStream(['unmistakable words'])));
    const [started] = await streamAll(first.client.openSocket(), { input, key: newKey() });
    await stored(started!.completionId);
    const { rows } = await database.query<{ envelope: Buffer }>('SELECT envelope FROM completion_content ORDER BY created_at DESC LIMIT 3');
    expect(rows.map(({ envelope }) => readable(envelope)).join('')).not.toContain('unmistakable');
    // What is only compressed would be found.
    expect(readable(Buffer.concat([Buffer.alloc(29), deflateRawSync('unmistakable words')]))).toContain('unmistakable');
  });
});

test('contents are kept 24 h with a key, 10 min for what was started without, and not at all for a plain call', async () => {
  const keyed = await first.client.query<{ complete: { id: string } }>(COMPLETE, { input, key: newKey() });
  const started = await first.client.query<{ startCompletion: { id: string } }>(START_COMPLETION, { input });
  const plain = await first.client.query<{ complete: { id: string } }>(COMPLETE, { input });
  const kept = async (id: string | undefined) => {
    await until(async () => (await completionOn(second, id ?? ''))['endedAt'] != null);
    const { contentExpiresAt, endedAt } = await completionOn(second, id ?? '');
    return contentExpiresAt === null ? null : Date.parse(contentExpiresAt as string) - Date.parse(endedAt as string);
  };
  await stored(keyed.data?.complete.id ?? '');
  await stored(started.data?.startCompletion.id ?? '');
  expect(await kept(keyed.data?.complete.id)).toBe(86_400_000);
  expect(await kept(started.data?.startCompletion.id)).toBe(600_000);
  expect(await kept(plain.data?.complete.id)).toBeNull();
  expect(await completionOn(second, plain.data?.complete.id ?? '')).toMatchObject({ content: 'NOT_STORED', text: null });
});

test('while it runs elsewhere its events are EVENTS_ELSEWHERE, by id and by key; then they are there', async () => {
  const gate = createGate();
  first.upstream.respondOnce(async (exchange) => {
    await exchange.send(chatFrame({ content: 'begun ' }));
    await gate.opened;
    await exchange.stream(chatStream(['done']));
  });
  const { data } = await first.client.query<{ startCompletion: { id: string } }>(START_COMPLETION, { input, key: newKey() });
  const id = data?.startCompletion.id ?? '';
  expect((await read(second, id, -1)).code).toBe('EVENTS_ELSEWHERE');
  gate.open();
  await stored(id);
  expect(textOf((await read(second, id, -1)).events)).toBe('begun done');
});

describe('payload storage', () => {
  const UPDATE =
    'mutation ($input: UpdatePayloadStorageInput!) { updatePayloadStorage(input: $input) { __typename ... on Organization { payloadStorage { mode retentionDays } } ... on UserError { code message } } }';
  const secretive = {
    model: 'words',
    messages: [{ role: 'USER', text: 'Write to ada@example.com, card 4111 1111 1111 1111, key sk-abcdefghijklmnop1234.' }],
  };

  async function run(): Promise<string> {
    first.upstream.respondOnce((exchange) =>
      exchange.json(200, { choices: [{ message: { role: 'assistant', content: 'Wrote to ada@example.com.' }, finish_reason: 'stop' }] }),
    );
    const { data } = await first.client.query<{ complete: { id: string } }>(COMPLETE, { input: secretive });
    await stored(data?.complete.id ?? '');
    return data?.complete.id ?? '';
  }

  test('FULL keeps prompt and answer of a plain call; REDACTED masks them; NONE keeps nothing', async () => {
    expect(await mutate(first.client, UPDATE, { mode: 'FULL', retentionDays: 7 })).toMatchObject({
      payloadStorage: { mode: 'FULL', retentionDays: 7 },
    });
    const full = await completionOn(second, await run());
    expect(full).toMatchObject({ text: 'Wrote to ada@example.com.', content: 'AVAILABLE' });
    expect(JSON.stringify(full['prompt'])).toContain('4111 1111 1111 1111');
    expect(Date.parse(full['contentExpiresAt'] as string) - Date.parse(full['endedAt'] as string)).toBe(7 * 86_400_000);
    await mutate(first.client, UPDATE, { mode: 'REDACTED' });
    const redacted = await completionOn(second, await run());
    expect(redacted).toMatchObject({ text: 'Wrote to [email].' });
    expect(redacted['prompt']).toMatchObject([{ role: 'USER', parts: [{ text: 'Write to [email], card [card], key [key].' }] }]);
    await mutate(first.client, UPDATE, { mode: 'NONE' });
    const { data } = await first.client.query<{ complete: { id: string } }>(COMPLETE, { input: secretive });
    expect(await completionOn(first, data?.complete.id ?? '')).toMatchObject({ content: 'NOT_STORED', prompt: null });
  });

  test('a stored prompt is read only with PAYLOAD_READ, and the change is audited', async () => {
    await mutate(first.client, UPDATE, { mode: 'FULL' });
    const own = await first.createKey({ permissions: ['INFERENCE'] });
    const { data } = await first.clientWith(own.secret).query<{ complete: { id: string } }>(COMPLETE, { input: secretive });
    const id = data?.complete.id ?? '';
    await stored(id);
    const ask = async (key: string) =>
      (await first.clientWith(key).query<{ completion: object }>('query ($id: ID!) { completion(id: $id) { text prompt } }', { id })).data
        ?.completion;
    const accountant = await first.createKey({ permissions: ['USAGE_READ'] });
    const reader = await first.createKey({ permissions: ['USAGE_READ', 'PAYLOAD_READ'] });
    expect(await ask(own.secret)).toMatchObject({ prompt: null, text: expect.any(String) });
    expect(await ask(accountant.secret)).toEqual({ prompt: null, text: null });
    expect(await ask(reader.secret)).toMatchObject({ prompt: [{ role: 'USER' }], text: expect.any(String) });
    const { rows } = await database.query(`SELECT after FROM audit_entry WHERE action = 'updatePayloadStorage' ORDER BY id DESC LIMIT 1`);
    expect(rows).toEqual([{ after: { mode: 'FULL', retentionDays: 7 } }]);
    await mutate(first.client, UPDATE, { mode: 'NONE' });
  });

  test.each([0, -1, 3_651])('%d days are refused', async (retentionDays) => {
    const { data } = await first.client.query(UPDATE, { input: { mode: 'FULL', retentionDays } });
    expect(data?.['updatePayloadStorage']).toMatchObject({ code: 'INVALID_REQUEST' });
  });
});

describe('who leaves', () => {
  const openStream = async (onDisconnect: string | null, key = newKey()) => {
    first.upstream.respondOnce(async (exchange) => {
      await exchange.send(chatFrame({ content: 'first ' }));
      await exchange.stall();
    });
    const socket = first.client.openSocket();
    const events = socket.subscribe<{ streamCompletion: StreamEvent }>(STREAM_COMPLETION, {
      input: { ...input, ...(onDisconnect ? { onDisconnect } : {}) },
      key,
    });
    const begun = await events.next();
    await events.next();
    const request = await first.upstream.nextRequest();
    const id = (begun.value as { data: { streamCompletion: StreamEvent } }).data.streamCompletion.completionId;
    return { socket, events, request, key, id };
  };

  beforeAll(async () => {
    // What earlier tests asked for is none of these.
    for (let seen = 0; seen < first.upstream.requests.length; seen += 1) await first.upstream.nextRequest();
  });

  test.each(['unsubscribe', 'closed socket'] as const)(
    'an explicit CANCEL acts at once, also with a key, whose grace is 30 s (%s)',
    async (how) => {
      const { socket, events, request } = await openStream('CANCEL');
      const left = performance.now();
      if (how === 'unsubscribe') await events.return?.();
      else socket.terminate();
      await request.aborted;
      expect(performance.now() - left).toBeLessThan(GRACE_MS / 2);
    },
  );

  test('CONTINUE: nobody reads it, and it goes on until it is cancelled', async () => {
    const { socket, request, id } = await openStream('CONTINUE');
    await socket.dispose();
    expect(await completionOn(first, id)).toMatchObject({ status: 'RUNNING' });
    await first.client.query(CANCEL_COMPLETION, { id });
    await request.aborted;
    expect(await completionOn(first, id)).toMatchObject({ status: 'CANCELLED' });
  });

  test('unset, with a key: whoever comes back within the grace reads every event once', async () => {
    const { socket, id, key } = await openStream(null);
    socket.terminate();
    const again = first.client.openSocket().subscribe<{ streamCompletion: StreamEvent }>(STREAM_COMPLETION, { input, key, after: 0 });
    expect((await again.next()).value).toMatchObject({ data: { streamCompletion: { sequence: 1, text: 'first ', completionId: id } } });
    await first.client.query(CANCEL_COMPLETION, { id });
    const rest: string[] = [];
    for await (const result of again) if (result.data) rest.push(result.data.streamCompletion.__typename);
    expect(rest).toEqual(['UsageUpdated', 'CompletionFailed']);
  });
});
