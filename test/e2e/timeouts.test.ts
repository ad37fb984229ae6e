import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { bookedRow } from '../kit/books.js';
import { chatBody, chatFrame, chatStream, createGate, finishFrame, sse, DONE } from '../kit/scripted-upstream.js';
import type { RecordedRequest, UpstreamHandler } from '../kit/scripted-upstream.js';
import { COMPLETE, STREAM_COMPLETION } from '../kit/operations.js';
import { startProduct } from '../kit/product.js';
import type { TestProduct } from '../kit/product.js';
import { createSkippingClock } from '../kit/skipping-clock.js';
import { terminalOf, textOf } from '../kit/streams.js';
import type { StreamEvent } from '../kit/streams.js';

const clock = createSkippingClock();
let product: TestProduct;
let keys = 0;

beforeAll(async () => {
  product = await startProduct({ clock });
  await product.serve({ slug: 'words', rates: { INPUT: '1', OUTPUT: '2' } });
});

afterAll(() => product.stop());

const input = (fields: object = {}) => ({ model: 'words', messages: [{ role: 'USER', text: 'hello' }], ...fields });

/** A stream on its way, with what has come of it. */
interface Watched {
  readonly events: readonly StreamEvent[];
  /** Resolves with the first event of that type. */
  first(type: string): Promise<StreamEvent>;
  readonly ended: Promise<StreamEvent>;
}

function watch(fields: object = {}): Watched {
  const variables = { input: input(fields), key: `timeout-${(keys += 1)}` };
  // Over SSE: a socket whose peer has no time to answer pings, because it is skipped, would be cut.
  const reading = product.client.events<{ streamCompletion: StreamEvent }>(STREAM_COMPLETION, variables);
  const events: StreamEvent[] = [];
  const waiting = new Map<string, (event: StreamEvent) => void>();
  const ended = (async () => {
    for await (const { data } of reading) {
      if (!data) continue;
      const event = data.streamCompletion;
      events.push(event);
      waiting.get(event.__typename)?.(event);
    }
    return terminalOf(events);
  })();
  const first = (type: string) =>
    new Promise<StreamEvent>((resolve) => {
      const known = events.find(({ __typename }) => __typename === type);
      if (known) resolve(known);
      else waiting.set(type, resolve);
    });
  return { events, first, ended };
}

/** The next upstream request, as it arrives. */
function upstreamDoes(handler: UpstreamHandler): Promise<RecordedRequest> {
  return new Promise((resolve) => {
    product.upstream.respondOnce((exchange) => {
      resolve(exchange.request);
      return handler(exchange);
    });
  });
}

const idOf = ({ completionId }: StreamEvent) => completionId;
const stall: UpstreamHandler = (exchange) => exchange.stall();

describe('first token', () => {
  test('60 s without content end the attempt, one more is made, then it is PROVIDER_TIMEOUT and costs nothing', async () => {
    const first = upstreamDoes(stall);
    const second = upstreamDoes(stall);
    const stream = watch();
    const [request] = await Promise.all([first, stream.first('CompletionStarted')]);
    await clock.skip(59_000);
    expect(stream.events.map(({ __typename }) => __typename)).toEqual(['CompletionStarted']);
    await clock.skip(1_000);
    await request.socketClosed;
    await stream.first('CompletionRerouted');
    await clock.skip(1_000);
    await second;
    await clock.skip(60_000);
    expect(await stream.ended).toMatchObject({
      __typename: 'CompletionFailed',
      error: { code: 'PROVIDER_TIMEOUT' },
      completion: { status: 'FAILED', finishReason: null, usage: { source: 'NONE' }, cost: { total: { amount: '0' } } },
    });
    const row = await bookedRow(product.database.url, idOf(await stream.ended));
    expect(row).toMatchObject({
      status: 'FAILED',
      error_code: 'PROVIDER_TIMEOUT',
      attempts: [{ failure: 'TIMEOUT' }, { failure: 'TIMEOUT' }],
    });
    expect(Number(row['cost'])).toBe(0);
  });

  test('comments and empty deltas are no content', async () => {
    const gate = createGate();
    const asked = upstreamDoes(async ({ send }) => {
      await send(chatFrame({ role: 'assistant', content: '' }));
      await gate.opened;
      await send(': still here\n\n');
    });
    void upstreamDoes(({ stream }) => stream(chatStream(['Hi'])));
    const stream = watch();
    const request = await asked;
    await clock.skip(50_000);
    gate.open();
    await clock.skip(10_000);
    await request.aborted;
    await stream.first('CompletionRerouted');
    await clock.skip(1_000);
    expect(await stream.ended).toMatchObject({ completion: { status: 'SUCCEEDED', text: 'Hi' } });
  });

  test('a unary call may be silent for longer: only its whole time counts', async () => {
    const gate = createGate();
    const asked = upstreamDoes(async ({ json }) => {
      await gate.opened;
      json(200, chatBody());
    });
    const answer = product.client.query<{ complete: object }>(COMPLETE, { input: input() });
    await asked;
    await clock.skip(120_000);
    gate.open();
    expect((await answer).data?.complete).toMatchObject({ status: 'SUCCEEDED', text: 'Hello there.' });
  });
});

test('connect: a server that takes no connection is left after 5 s, twice; nothing was sent, so nothing is owed', async () => {
  const open = new Set<Socket>();
  // It accepts TCP and then says nothing, so that TLS never begins.
  const mute = createServer((socket) => void open.add(socket));
  await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve));
  const connected = () => new Promise<Socket>((resolve) => mute.once('connection', resolve));
  await product.serve({
    slug: 'mute',
    rates: { INPUT: '1', OUTPUT: '2' },
    baseUrl: `https://127.0.0.1:${(mute.address() as AddressInfo).port}/v1`,
  });
  const first = connected();
  const answer = product.client.query<{ complete: { inference: { id: string } } }>(COMPLETE, { input: input({ model: 'mute' }) });
  await first;
  await clock.skip(5_000);
  await clock.skip(1_000);
  await clock.skip(5_000);
  const failed = (await answer).data?.complete;
  expect(failed).toMatchObject({ __typename: 'ProvidersFailed', code: 'PROVIDER_TIMEOUT' });
  const row = await bookedRow(product.database.url, failed?.inference.id ?? '');
  expect(row).toMatchObject({ status: 'FAILED', attempts: [{ failure: 'TIMEOUT' }, { failure: 'TIMEOUT' }] });
  expect(Number(row['cost'])).toBe(0);
  for (const socket of open) socket.destroy();
  await new Promise((resolve) => mute.close(resolve));
});

test('S23 a first token, then silence: ended at the idle limit, socket closed, the row has the partial usage', async () => {
  const asked = upstreamDoes(async (exchange) => {
    await exchange.send(chatFrame({ content: 'Only these few words' }));
    await exchange.stall();
  });
  const before = product.upstream.requests.length;
  const stream = watch();
  const request = await asked;
  await stream.first('TextDelta');
  await clock.skip(29_000);
  expect(stream.events.at(-1)?.__typename).toBe('TextDelta');
  await clock.skip(1_000);
  await request.aborted;
  await request.socketClosed;
  const failed = await stream.ended;
  expect(failed).toMatchObject({
    __typename: 'CompletionFailed',
    error: { code: 'PROVIDER_TIMEOUT' },
    completion: { status: 'FAILED', text: 'Only these few words', finishReason: 'INCOMPLETE', usage: { source: 'ESTIMATED', output: 5 } },
  });
  // Nothing is restarted in silence once the reader has words.
  expect(product.upstream.requests).toHaveLength(before + 1);
  const row = await bookedRow(product.database.url, idOf(failed));
  expect(row).toMatchObject({ status: 'FAILED', error_code: 'PROVIDER_TIMEOUT', output: '5', attempts: [{ failure: 'TIMEOUT' }] });
  expect(Number(row['cost'])).toBeGreaterThan(0);
});

describe('the whole time', () => {
  test('S23 is a limit of its own: an upstream that is never idle is ended by the deadline', async () => {
    let more = createGate();
    const asked = upstreamDoes(async ({ send, request }) => {
      void request.ended.then(() => more.open());
      for (let tick = 0; tick < 100; tick += 1) {
        await send(chatFrame({ content: `tick ${tick} ` }));
        await more.opened;
      }
    });
    const stream = watch({ timeoutMs: 90_000 });
    const request = await asked;
    let seen = 0;
    for (let tick = 0; tick < 4; tick += 1) {
      while (textOf(stream.events).split('tick').length - 1 <= tick) await new Promise((resolve) => setTimeout(resolve, 5));
      seen += 1;
      await clock.skip(20_000);
      const gate = more;
      more = createGate();
      gate.open();
    }
    expect(seen).toBe(4);
    await clock.skip(10_000);
    await request.aborted;
    const failed = await stream.ended;
    expect(failed).toMatchObject({
      error: { code: 'DEADLINE_EXCEEDED' },
      completion: { status: 'FAILED', finishReason: 'INCOMPLETE', usage: { source: 'ESTIMATED' } },
    });
    expect(textOf(stream.events)).toMatch(/^tick 0 tick 1 tick 2 tick 3 /);
    const row = await bookedRow(product.database.url, idOf(failed));
    expect(row).toMatchObject({ status: 'FAILED', error_code: 'DEADLINE_EXCEEDED' });
    expect(Number(row['output'])).toBeGreaterThan(4);
  });

  test('DEADLINE_EXCEEDED of a unary call is GatewayFailed, and its row has the estimate of the prompt', async () => {
    const asked = upstreamDoes(stall);
    const answer = product.client.query<{ complete: { inference: { id: string } } }>(COMPLETE, { input: input({ timeoutMs: 5_000 }) });
    const request = await asked;
    await clock.skip(5_000);
    await request.socketClosed;
    const failed = (await answer).data?.complete;
    expect(failed).toMatchObject({ __typename: 'GatewayFailed', code: 'DEADLINE_EXCEEDED' });
    const row = await bookedRow(product.database.url, failed?.inference.id ?? '');
    expect(row).toMatchObject({ status: 'FAILED', error_code: 'DEADLINE_EXCEEDED', usage_source: 'ESTIMATED', input: '8', output: '0' });
  });

  test('is 600 s where the caller says nothing', async () => {
    const asked = upstreamDoes(stall);
    const answer = product.client.query<{ complete: object }>(COMPLETE, { input: input() });
    const request = await asked;
    let closed = false;
    void request.socketClosed.then(() => (closed = true));
    await clock.skip(599_000);
    expect(closed).toBe(false);
    await clock.skip(1_000);
    expect((await answer).data?.complete).toMatchObject({ code: 'DEADLINE_EXCEEDED' });
  });

  test.each([0, 600_001])('timeoutMs: %d is refused', async (timeoutMs) => {
    const answer = await product.client.query<{ complete: object }>(COMPLETE, { input: input({ timeoutMs }) });
    expect(answer.data?.complete).toMatchObject({ code: 'INVALID_REQUEST', problems: [{ path: 'timeoutMs' }] });
  });
});

test('S30 an error after three deltas: no restart, a typed event with the partial usage and cost', async () => {
  const before = product.upstream.requests.length;
  void upstreamDoes(async ({ send, end }) => {
    for (const word of ['one', ' two', ' three']) await send(chatFrame({ content: word }));
    await send(sse({ error: { message: 'The server had an error', type: 'server_error', code: 503 } }));
    await send(finishFrame('stop'));
    await send(DONE);
    end();
  });
  const stream = watch();
  const failed = await stream.ended;
  expect(textOf(stream.events)).toBe('one two three');
  expect(stream.events.filter(({ __typename }) => __typename === 'CompletionRerouted')).toEqual([]);
  expect(failed).toMatchObject({
    __typename: 'CompletionFailed',
    error: { code: expect.stringMatching(/^PROVIDER_(FAILED|OVERLOADED)$/) },
    completion: {
      status: 'FAILED',
      text: 'one two three',
      finishReason: 'INCOMPLETE',
      usage: { source: 'ESTIMATED', input: 8, output: 4 },
      cost: { total: { amount: '0.000016' }, quality: 'ESTIMATED' },
      routing: { attempts: [{ status: 'FAILED', httpStatus: 503 }] },
    },
  });
  expect(product.upstream.requests).toHaveLength(before + 1);
  const row = await bookedRow(product.database.url, idOf(failed));
  expect(Number(row['cost'])).toBe(0.000016);
});
