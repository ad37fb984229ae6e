import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { chatFrame, chatStream, createGate, DONE, finishFrame, usageFrame } from '../kit/scripted-upstream.js';
import type { RecordedRequest, UpstreamHandler } from '../kit/scripted-upstream.js';
import { bookedRow, rowsNow } from '../kit/books.js';
import { COMPLETION_STREAM, STREAM_COMPLETION } from '../kit/operations.js';
import { mutate, startProduct } from '../kit/product.js';
import type { TestProduct } from '../kit/product.js';
import { createSkippingClock } from '../kit/skipping-clock.js';
import { gapsOf, streamAll, terminalOf, textOf } from '../kit/streams.js';
import type { StreamEvent } from '../kit/streams.js';
import { withRoom } from '../kit/room.js';
import { openRawSocket, openReadySocket, subscribeMessage } from '../http/raw-socket.js';
import type { Message, RawSocket } from '../http/raw-socket.js';

const KEEP_ALIVE_MS = 12_000;
const SOCKETS_PER_KEY = 50;
const clock = createSkippingClock();
let product: TestProduct;
let keys = 0;

beforeAll(async () => {
  // A thinking pause of 90 s is what keep-alives are for: the first token may take longer than by default.
  product = await startProduct({ clock, timeouts: { connectMs: 5_000, firstTokenMs: 600_000, idleMs: 600_000 } });
  await product.serve({ slug: 'words', rates: { INPUT: '1', OUTPUT: '2' } });
});

afterAll(() => product.stop());

const input = { model: 'words', messages: [{ role: 'USER', text: 'hello' }] };
const socketUrl = (of = product) => `${of.url.replace('http', 'ws')}/graphql`;
const authorization = (key: string) => ({ authorization: `Bearer ${key}` });
const openSocket = (key = product.adminKey) => openReadySocket(socketUrl(), authorization(key));

function upstreamDoes(handler: UpstreamHandler): Promise<RecordedRequest> {
  return new Promise((resolve) => {
    product.upstream.respondOnce((exchange) => {
      resolve(exchange.request);
      return handler(exchange);
    });
  });
}

function begin(socket: RawSocket): { readonly id: string; readonly variables: { input: object; key: string } } {
  const variables = { input, key: `socket-${(keys += 1)}` };
  const id = variables.key;
  socket.send(subscribeMessage(id, STREAM_COMPLETION, variables));
  return { id, variables };
}

function eventOf(message: Message): StreamEvent {
  const { data } = message.payload as { data: { streamCompletion?: StreamEvent } };
  if (!data.streamCompletion) throw new Error(JSON.stringify(message));
  return data.streamCompletion;
}

async function nextEvent(socket: RawSocket): Promise<StreamEvent> {
  return eventOf(await socket.next('next'));
}

/** What a reader sees, without what differs from one completion to the next. */
function shapeOf(events: readonly StreamEvent[]): unknown {
  return events.map(({ __typename, sequence, text }) => ({ __typename, sequence, text }));
}

describe('S22 while the upstream thinks for 96 s', () => {
  const ROUNDS = 8;

  async function quick(): Promise<readonly StreamEvent[]> {
    product.upstream.respondOnce(({ stream }) => stream(chatStream(['Hello there.'])));
    return streamAll(product.client.openSocket(), { input, key: `socket-${(keys += 1)}` });
  }

  test('a WebSocket is pinged every 12 s from the start, and its messages are those of a quick answer', async () => {
    const gate = createGate();
    const asked = upstreamDoes(async ({ stream }) => {
      await gate.opened;
      await stream(chatStream(['Hello there.']));
    });
    const socket = await openSocket();
    const events: StreamEvent[] = [];
    begin(socket);
    events.push(await nextEvent(socket));
    await asked;
    for (let round = 0; round < ROUNDS; round += 1) {
      const pinged = new Promise<void>((resolve) => void socket.socket.once('ping', () => resolve()));
      await clock.skip(KEEP_ALIVE_MS);
      await pinged;
      // The server has read our pong once it answers what came behind it.
      socket.send({ type: 'ping' });
      await socket.next('pong');
    }
    gate.open();
    while (!events.at(-1)?.__typename.match(/Finished|Failed/)) events.push(await nextEvent(socket));
    expect(shapeOf(events)).toEqual(shapeOf(await quick()));
    socket.socket.close();
  });

  test('an event stream gets a comment every 12 s from the start, never inside a frame', async () => {
    const gate = createGate();
    const asked = upstreamDoes(async ({ stream }) => {
      await gate.opened;
      await stream(chatStream(['Hello there.']));
    });
    const response = await fetch(`${product.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'text/event-stream', ...authorization(product.adminKey) },
      body: JSON.stringify({ query: STREAM_COMPLETION, variables: { input, key: `socket-${(keys += 1)}` } }),
    });
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    let body = '';
    const readUntil = async (enough: () => boolean) => {
      while (!enough()) body += (await reader?.read())?.value ?? '';
    };
    await readUntil(() => body.includes('CompletionStarted'));
    await asked;
    const comments = () => body.split('\n\n').filter((frame) => frame === ':').length;
    for (let round = 0; round < ROUNDS; round += 1) {
      const before = comments();
      await clock.skip(KEEP_ALIVE_MS);
      await readUntil(() => comments() > before);
    }
    gate.open();
    await readUntil(() => body.includes('event: complete'));
    const frames = body.split('\n\n').filter((frame) => frame !== '' && frame !== ':');
    const payloads = frames
      .filter((frame) => frame.startsWith('event: next\ndata: '))
      .map((frame) => frame.slice('event: next\ndata: '.length));
    expect(frames.length - payloads.length).toBe(1);
    const events = payloads.map((payload) => (JSON.parse(payload) as { data: { streamCompletion: StreamEvent } }).data.streamCompletion);
    expect(shapeOf(events)).toEqual(shapeOf(await quick()));
  });
});

/** Until this process has next to nothing to do. */
async function idle(): Promise<void> {
  for (;;) {
    const start = performance.eventLoopUtilization();
    await new Promise((resolve) => setTimeout(resolve, 100));
    if (performance.eventLoopUtilization(start).utilization < 0.2) return;
  }
}

test('G4 a reader that stops is closed with 4013; the upstream goes on, and the rest is read by position', async () => {
  // More than the kernel's buffers on both sides take.
  const COUNT = 16_000;
  const piece = (index: number) => `${String(index).padStart(6, '0')} ${'x'.repeat(1_016)}\n`;
  const asked = upstreamDoes(async ({ send, end }) => {
    for (let index = 0; index < COUNT; index += 1) await send(chatFrame({ content: piece(index) }));
    for (const frame of [finishFrame('stop'), usageFrame(), DONE]) await send(frame);
    end();
  });
  const socket = await openSocket();
  const { variables } = begin(socket);
  const first = await nextEvent(socket);
  socket.socket.pause();
  const request = await asked;
  expect(await request.ended).toBe('complete');
  // The clock moves only once the kernel takes no more: until then nobody waits for the reader.
  await idle();
  const closings = async () =>
    (await (await fetch(`${product.url}/metrics`)).text()).match(/sockets_closed_total\{code="\d+"\} \d+/g) ?? [];
  const before = await closings();
  while ((await closings()).length === before.length) await clock.skip(500);
  expect((await closings()).join()).toContain('4013');
  socket.socket.resume();
  expect([4013, 1006]).toContain((await socket.closed).code);
  const seen = [first, ...socket.rest('next').map((message) => eventOf(message))];
  const after = seen.at(-1)?.sequence ?? -1;
  const rest = await streamAll(product.client.openSocket(), { ...variables, after });
  expect(rest[0]?.firstSequence).toBe(after + 1);
  expect(gapsOf([...seen, ...rest])).toEqual([]);
  expect(textOf([...seen, ...rest])).toBe(Array.from({ length: COUNT }, (_, index) => piece(index)).join(''));
  expect(terminalOf(rest)).toMatchObject({ completion: { status: 'SUCCEEDED' } });
  expect(await bookedRow(product.database.url, first.completionId)).toMatchObject({ status: 'SUCCEEDED', usage_source: 'REPORTED' });
}, 60_000);

describe('G5 a key that is revoked in the middle of a stream', () => {
  const REVOKE = 'mutation ($input: RevokeApiKeyInput!) { revokeApiKey(input: $input) { __typename } }';
  const ROTATE = 'mutation ($input: RotateApiKeyInput!) { rotateApiKey(input: $input) { __typename ... on CreatedApiKey { secret } } }';

  async function streaming(secret: string) {
    const gate = createGate();
    const asked = upstreamDoes(async ({ send, end }) => {
      await send(chatFrame({ content: 'Hello' }));
      await gate.opened;
      for (const frame of [chatFrame({ content: ' there.' }), finishFrame('stop'), usageFrame(), DONE]) await send(frame);
      end();
    });
    const socket = await openSocket(secret);
    const { variables } = begin(socket);
    const events = [await nextEvent(socket), await nextEvent(socket)];
    return { gate, request: await asked, socket, variables, events };
  }

  test('closes its socket with 4403 within 2 s; the completion goes on, and a fresh secret of the key resumes it', async () => {
    const { secret, id } = await product.createKey();
    const { gate, request, socket, variables, events } = await streaming(secret);
    const started = Date.now();
    const { secret: fresh } = await mutate(product.client, ROTATE, { id, graceSeconds: 0 });
    expect((await socket.closed).code).toBe(4403);
    expect(Date.now() - started).toBeLessThan(withRoom(2_000));
    expect((await product.clientWith(secret).query('{ viewer { permissions } }')).status).toBe(401);
    const again = streamAll(product.clientWith(String(fresh)).openSocket(), { ...variables, after: events.at(-1)?.sequence ?? -1 });
    gate.open();
    expect(textOf([...events, ...(await again)])).toBe('Hello there.');
    expect(await request.ended).toBe('complete');
  });

  test('one that expires closes its socket with 4403, too, and its completion goes on', async () => {
    const { secret } = await product.createKey({ expiresAt: new Date(clock.now().getTime() + 60_000).toISOString() });
    const { gate, request, socket } = await streaming(secret);
    for (let round = 0; round < 5; round += 1) {
      await clock.skip(11_000);
      // The server has read our answer to its own ping once it answers what came behind it.
      socket.send({ type: 'ping' });
      await socket.next('pong');
    }
    await clock.skip(5_000);
    expect((await socket.closed).code).toBe(4403);
    expect((await product.clientWith(secret).query('{ viewer { permissions } }')).status).toBe(401);
    gate.open();
    expect(await request.ended).toBe('complete');
  });

  test('K9 on another replica, too: its sockets and event streams end, those of other keys stay', async () => {
    const replica = await startProduct({ replicaOf: product });
    const { secret, id } = await product.createKey();
    const gate = createGate();
    const requests = [0, 1].map(() => upstreamDoes(({ stream }) => gate.opened.then(() => stream(chatStream(['Hi'])))));
    const [quiet, other] = await Promise.all(
      [secret, product.adminKey].map((key) => openReadySocket(socketUrl(replica), authorization(key))),
    );
    const busy = await openReadySocket(socketUrl(replica), authorization(secret));
    begin(busy);
    await nextEvent(busy);
    const events = replica
      .clientWith(secret)
      .events<{ streamCompletion: StreamEvent }>(STREAM_COMPLETION, { input, key: `socket-${(keys += 1)}` });
    await events.next();
    await mutate(product.client, REVOKE, { id });
    expect([(await quiet!.closed).code, (await busy.closed).code]).toEqual([4403, 4403]);
    expect((await events.next()).value).toMatchObject({ errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] });
    expect((await events.next()).done).toBe(true);
    expect((await replica.clientWith(secret).query('{ viewer { permissions } }')).status).toBe(401);
    other!.send(subscribeMessage('still here', '{ viewer { permissions } }'));
    expect(await other!.next('next')).toMatchObject({ id: 'still here' });
    gate.open();
    for (const request of requests) expect(await (await request).ended).toBe('complete');
    other!.socket.close();
    await replica.stop();
  });

  test('another key resumes it by its id where it may read others’ words', async () => {
    const { secret, id } = await product.createKey();
    const { gate, socket, events } = await streaming(secret);
    await mutate(product.client, REVOKE, { id });
    expect((await socket.closed).code).toBe(4403);
    gate.open();
    const reader = await product.createKey({ permissions: ['PAYLOAD_READ'] });
    const { data } = await product
      .clientWith(reader.secret)
      .openSocket()
      .collect<{ completionStream: StreamEvent }>(COMPLETION_STREAM, { id: events[0]?.completionId, after: events.at(-1)?.sequence });
    expect(textOf([...events, ...data.map(({ completionStream }) => completionStream)])).toBe('Hello there.');
  });
});

describe('G6', () => {
  test('a frame over 10 MB closes with 1009, and nothing of it is kept', async () => {
    const socket = await openSocket();
    const before = process.memoryUsage().heapUsed;
    socket.send(
      subscribeMessage('big', STREAM_COMPLETION, {
        input: { ...input, messages: [{ role: 'USER', text: 'x'.repeat(11 << 20) }] },
        key: 'big',
      }),
    );
    expect((await socket.closed).code).toBe(1009);
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(64 << 20);
  });

  test('no init within 3 s closes with 4408, a second one with 4429', async () => {
    const mute = await openRawSocket(socketUrl());
    await clock.skip(3_000);
    expect((await mute.closed).code).toBe(4408);
    const twice = await openSocket();
    twice.send({ type: 'connection_init', payload: {} });
    expect((await twice.closed).code).toBe(4429);
  });

  test('the 101st operation on a socket is refused, and asks no upstream', async () => {
    const gate = createGate();
    product.upstream.respond(async ({ stream }) => {
      await gate.opened;
      await stream(chatStream(['Hi']));
    });
    const socket = await openSocket();
    for (let index = 0; index < 100; index += 1) begin(socket);
    for (let index = 0; index < 100; index += 1) expect((await nextEvent(socket)).__typename).toBe('CompletionStarted');
    const { id } = begin(socket);
    expect(await socket.next('error')).toMatchObject({ id, payload: [{ extensions: { code: 'OPERATION_TOO_COSTLY' } }] });
    gate.open();
    for (let index = 0; index < 100; index += 1) await socket.next('complete');
    product.upstream.respond(({ stream }) => stream(chatStream(['Hi'])));
    begin(socket);
    expect(await socket.next('complete')).toBeDefined();
    socket.socket.close();
  });

  test('the 51st socket of one key is closed with 4429, and another key’s is not', async () => {
    const { secret } = await product.createKey();
    const sockets = await Promise.all(Array.from({ length: SOCKETS_PER_KEY }, () => openSocket(secret)));
    const refused = await openRawSocket(socketUrl());
    refused.send({ type: 'connection_init', payload: authorization(secret) });
    expect((await refused.closed).code).toBe(4429);
    const other = await openSocket();
    for (const { socket } of [...sockets, other]) socket.close();
  });
});

test('G7 a stop with two hundred open streams: no new work, what runs comes to its end, then 1001, and no row is lost', async () => {
  const replica = await startProduct({ replicaOf: product, env: { SHUTDOWN_GRACE_MS: '60000' } });
  const gate = createGate();
  const STREAMS = 200;
  const secrets = await Promise.all(Array.from({ length: STREAMS / SOCKETS_PER_KEY }, () => product.createKey()));
  product.upstream.respond(async ({ send, end }) => {
    await send(chatFrame({ content: 'Hello' }));
    await gate.opened;
    for (const frame of [chatFrame({ content: ' there.' }), finishFrame('stop'), usageFrame(), DONE]) await send(frame);
    end();
  });
  const open = async (index: number) => {
    const secret = secrets[Math.floor(index / SOCKETS_PER_KEY)]?.secret ?? '';
    const socket = await openReadySocket(socketUrl(replica), authorization(secret));
    begin(socket);
    return { socket, events: [await nextEvent(socket), await nextEvent(socket)] };
  };
  // A few at a time: all at once, a slow machine is not through their handshakes within the 3 s that each has.
  const sockets: Awaited<ReturnType<typeof open>>[] = [];
  while (sockets.length < STREAMS) {
    const from = sockets.length;
    sockets.push(...(await Promise.all(Array.from({ length: 10 }, (_, index) => open(from + index)))));
  }
  const stopping = replica.stop();
  const [busy] = sockets;
  const late = await replica.client.query('{ viewer { permissions } }');
  expect([late.status, late.errors?.[0]?.extensions['code']]).toEqual([503, 'SERVICE_UNAVAILABLE']);
  const refused = begin(busy!.socket);
  expect(await busy!.socket.next('error')).toMatchObject({ id: refused.id, payload: [{ extensions: { code: 'SERVICE_UNAVAILABLE' } }] });
  gate.open();
  for (const { socket, events } of sockets) {
    while (!events.at(-1)?.__typename.match(/Finished|Failed/)) events.push(await nextEvent(socket));
    expect(textOf(events)).toBe('Hello there.');
    expect((await socket.closed).code).toBe(1001);
  }
  await stopping;
  // Booked before the stop was over: nothing is waited for.
  const ids = sockets.map(({ events }) => events[0]?.completionId ?? '');
  const rows = await rowsNow(product.database.url, ids);
  expect(rows.map((row) => [row['status'], row['usage_source']])).toEqual(ids.map(() => ['SUCCEEDED', 'REPORTED']));
}, 60_000);
