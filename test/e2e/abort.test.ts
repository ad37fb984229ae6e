import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { bookedRow } from '../kit/books.js';
import { COMPLETE, COMPLETION, STREAM_COMPLETION } from '../kit/operations.js';
import { createManualClock } from '../kit/manual-clock.js';
import { startProduct } from '../kit/product.js';
import type { TestProduct } from '../kit/product.js';
import { chatFrame } from '../kit/scripted-upstream.js';
import type { RecordedRequest, UpstreamHandler } from '../kit/scripted-upstream.js';
import { terminalOf } from '../kit/streams.js';
import type { StreamEvent } from '../kit/streams.js';
import { openRawSocket, subscribeMessage } from '../http/raw-socket.js';

const KEEP_ALIVE_MS = 12_000;
const GRACE_MS = 2_000;

// Time stands still but where a test moves it: what happens meanwhile waits for no timer, let alone for the provider.
const clock = createManualClock();
let product: TestProduct;
let keys = 0;

beforeAll(async () => {
  product = await startProduct({ clock });
  await product.serve({ slug: 'words', rates: { INPUT: '1', OUTPUT: '2' } });
});

afterAll(() => passing(product.stop()));

const variables = () => ({
  input: { model: 'words', messages: [{ role: 'USER', text: 'hello' }], onDisconnect: 'CANCEL' },
  key: `abort-${(keys += 1)}`,
});
const authorization = () => ({ authorization: `Bearer ${product.adminKey}` });

/** Silent from the start, or after its first words; never ends by itself. */
const silence: Readonly<Record<string, UpstreamHandler>> = {
  'before the first word': ({ stall }) => stall(),
  'after the first word': async ({ send, stall }) => {
    await send(chatFrame({ content: 'Hello' }));
    await stall();
  },
};

function upstreamIs(silent: UpstreamHandler): Promise<RecordedRequest> {
  return new Promise((resolve) => {
    product.upstream.respondOnce((exchange) => {
      resolve(exchange.request);
      return silent(exchange);
    });
  });
}

/** Moves time on, in small steps, until it is done. */
async function passing<T>(work: Promise<T>): Promise<T> {
  const waiting = new Set([work]);
  const end = () => waiting.clear();
  work.then(end, end);
  while (waiting.size > 0) {
    await new Promise((resolve) => setTimeout(resolve, 2));
    await clock.advance(10);
  }
  return work;
}

const booked = (id: string) => passing(bookedRow(product.database.url, id));

type Leave = () => unknown;

/** Each opens a stream, tells its first event, and how to leave it. */
const doors: Readonly<Record<string, () => Promise<{ readonly first: StreamEvent; readonly leave: Leave }>>> = {
  unsubscribes: async () => {
    const reading = product.client.openSocket().subscribe<{ streamCompletion: StreamEvent }>(STREAM_COMPLETION, variables());
    const { value } = await reading.next();
    return { first: eventOf(value), leave: () => void reading.return?.() };
  },
  'closes its socket': async () => {
    const { socket, first } = await openRaw();
    return { first, leave: () => socket.close(1000) };
  },
  'drops its connection': async () => {
    const { socket, first } = await openRaw();
    return { first, leave: () => socket.terminate() };
  },
  'leaves an event stream': async () => {
    const reading = product.client.events<{ streamCompletion: StreamEvent }>(STREAM_COMPLETION, variables());
    const { value } = await reading.next();
    return { first: eventOf(value), leave: () => void reading.return?.() };
  },
  'answers no ping': async () => {
    const { socket, first } = await openRaw({ autoPong: false });
    const pinged = new Promise((resolve) => socket.once('ping', resolve));
    return {
      first,
      leave: async () => {
        await clock.advance(KEEP_ALIVE_MS);
        await pinged;
        await clock.advance(KEEP_ALIVE_MS);
      },
    };
  },
};

async function openRaw(options: { readonly autoPong?: boolean } = {}) {
  const raw = await openRawSocket(`${product.url.replace('http', 'ws')}/graphql`, options);
  raw.send({ type: 'connection_init', payload: authorization() });
  await raw.next('connection_ack');
  raw.send(subscribeMessage('1', STREAM_COMPLETION, variables()));
  const { payload } = await raw.next('next');
  return { socket: raw.socket, first: eventOf(payload) };
}

function eventOf(result: unknown): StreamEvent {
  return (result as { data: { streamCompletion: StreamEvent } }).data.streamCompletion;
}

const cells = Object.keys(silence).flatMap((when) => Object.keys(doors).map((how) => ({ when, how })));

describe('G1 S24 S25 a provider that is silent', () => {
  test.each(cells)('$when: a client that $how has its upstream’s connection closed at once', async ({ when, how }) => {
    const asked = upstreamIs(silence[when]!);
    const { first, leave } = await doors[how]!();
    const request = await asked;
    await leave();
    const leftMs = clock.monotonicMs();
    await request.aborted;
    await request.socketClosed;
    expect(clock.monotonicMs()).toBe(leftMs);
    const { data } = await product.client.query<{ completion: object }>(COMPLETION, { id: first.completionId });
    expect(data?.completion).toMatchObject({ status: 'CANCELLED', error: { code: 'CANCELLED' } });
    expect(await booked(first.completionId)).toMatchObject({ status: 'CANCELLED', usage_source: 'ESTIMATED' });
  });

  test.each(Object.keys(silence))('%s: a caller of `complete` who leaves has it closed at once', async (when) => {
    const asked = upstreamIs(silence[when]!);
    const leaving = new AbortController();
    const call = fetch(`${product.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...authorization() },
      body: JSON.stringify({ query: COMPLETE, variables: { input: variables().input } }),
      signal: leaving.signal,
    });
    const request = await asked;
    leaving.abort();
    await expect(call).rejects.toThrow();
    await request.aborted;
    await request.socketClosed;
  });

  test.each(Object.keys(silence))('%s: a stop closes it as its grace ends, tells the reader, and books the row', async (when) => {
    const replica = await startProduct({ replicaOf: product, clock, env: { SHUTDOWN_GRACE_MS: String(GRACE_MS) } });
    const asked = upstreamIs(silence[when]!);
    const reading = replica.client.events<{ streamCompletion: StreamEvent }>(STREAM_COMPLETION, variables());
    const events = [eventOf((await reading.next()).value)];
    const request = await asked;
    const stopping = replica.stop();
    await clock.advance(GRACE_MS);
    await request.aborted;
    await request.socketClosed;
    for await (const { data } of reading) if (data) events.push(data.streamCompletion);
    expect(terminalOf(events)).toMatchObject({ error: { code: 'INTERRUPTED' }, completion: { status: 'FAILED' } });
    await passing(stopping);
    expect(await booked(events[0]!.completionId)).toMatchObject({ status: 'FAILED', error_code: 'INTERRUPTED' });
  });
});
