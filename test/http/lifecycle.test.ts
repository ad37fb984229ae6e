import { describe, expect, test } from '@jest/globals';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { systemClock } from '../../src/core/clock.js';
import type { Clock } from '../../src/core/clock.js';
import { createManualClock, settled } from '../kit/manual-clock.js';
import { GOOD_KEY, startFixture, type Fixture } from './fixture.js';
import { openRawSocket, openReadySocket, subscribeMessage } from './raw-socket.js';

const KEY = { authorization: `Bearer ${GOOD_KEY}` };

/** Work that does not end while a test lasts. */
const ENDLESS = new Promise<never>(() => undefined);
const LAST_WORDS_MS = 2_000;
/** How much longer the window for the ends of sockets is with each of them. */
const MS_PER_HOLDER = 5;

async function withFixture(run: (fixture: Fixture) => Promise<void>, clock: Clock = systemClock): Promise<void> {
  const fixture = await startFixture({ clock });
  try {
    await run(fixture);
  } finally {
    await fixture.server.close();
  }
}

describe('G7 a drain', () => {
  test('refuses new work at every door, and lets probes see why', async () => {
    await withFixture(async (fixture) => {
      const busy = await openReadySocket(fixture.socketUrl, KEY);
      busy.send(subscribeMessage('s', 'subscription { silent }'));
      await fixture.api.nextSilent();
      const draining = fixture.server.drain(ENDLESS);
      const http = await fixture.post('{"query":"{ hello }"}');
      expect(http.status).toBe(503);
      expect(http.headers.get('retry-after')).toBeTruthy();
      expect(http.body.errors?.[0]?.extensions.code).toBe('SERVICE_UNAVAILABLE');
      expect(fixture.logger.messages('error')).toEqual([]);
      await expect(openRawSocket(fixture.socketUrl)).rejects.toThrow('503');
      busy.send(subscribeMessage('late', '{ hello }'));
      expect(await busy.next()).toMatchObject({ id: 'late', type: 'error', payload: [{ extensions: { code: 'SERVICE_UNAVAILABLE' } }] });
      expect((await fetch(`${fixture.url}/healthz`)).status).toBe(200);
      expect((await fetch(`${fixture.url}/readyz`)).status).toBe(503);
      busy.send({ id: 's', type: 'complete' });
      expect(await draining).toBe(0);
      expect((await busy.closed).code).toBe(1001);
    });
  });

  test('lets what runs come to its end: a stream completes before its socket closes with 1001', async () => {
    await withFixture(async (fixture) => {
      const socket = await openReadySocket(fixture.socketUrl, KEY);
      socket.send(subscribeMessage('w', 'mutation { waiting }'));
      const waiting = await fixture.api.nextWaiting();
      const idle = await openReadySocket(fixture.socketUrl, KEY);
      const draining = fixture.server.drain(ENDLESS);
      expect((await idle.closed).code).toBe(1001);
      expect(waiting.signal.aborted).toBe(false);
      socket.send({ id: 'w', type: 'complete' });
      expect(await draining).toBe(0);
      expect((await socket.closed).code).toBe(1001);
    });
  });

  test('an event stream that is left is told why it ends', async () => {
    const clock = createManualClock();
    await withFixture(async (fixture) => {
      const events = await fetch(fixture.graphqlUrl, {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'text/event-stream', ...KEY },
        body: '{"query":"subscription { silent }"}',
      });
      const stream = await fixture.api.nextSilent();
      const draining = fixture.server.drain(Promise.resolve());
      await settled();
      await clock.advance(LAST_WORDS_MS);
      expect(stream.signal.aborted).toBe(false);
      await clock.advance(MS_PER_HOLDER);
      expect(await draining).toBe(1);
      await stream.returned;
      expect(stream.signal.reason).toMatchObject({ reason: 'shutdown' });
      const text = await events.text();
      expect(text).toContain('SERVICE_UNAVAILABLE');
      expect(text).toMatch(/event: complete\ndata:\n\n$/);
    }, clock);
  });

  test('what never ends holds it up for a moment only: it is ended with 1001, and told of', async () => {
    const clock = createManualClock();
    await withFixture(async (fixture) => {
      const socket = await openReadySocket(fixture.socketUrl, KEY);
      socket.send(subscribeMessage('a', 'subscription { silent }'));
      socket.send(subscribeMessage('b', 'subscription { silent }'));
      const streams = [await fixture.api.nextSilent(), await fixture.api.nextSilent()];
      let drained = false;
      let workIsDone: () => void = () => undefined;
      const work = new Promise<void>((resolve) => {
        workIsDone = resolve;
      });
      const draining = fixture.server.drain(work).finally(() => {
        drained = true;
      });
      await clock.advance(10_000);
      expect(drained).toBe(false);
      workIsDone();
      await clock.advance(LAST_WORDS_MS - 1);
      expect(drained).toBe(false);
      await clock.advance(1 + MS_PER_HOLDER);
      expect(await draining).toBe(2);
      expect((await socket.closed).code).toBe(1001);
      await Promise.all(streams.map(({ returned }) => returned));
      for (const { signal } of streams) expect(signal.reason).toMatchObject({ reason: 'shutdown' });
    }, clock);
  });

  test('of which nothing runs lets each socket go at a moment of its own, and is done with the last', async () => {
    const clock = createManualClock();
    const shares = [0.1, 0.5, 0.9];
    let next = 0;
    const fixture = await startFixture({ clock, random: () => shares[next++ % shares.length] ?? 0 });
    const sockets = await Promise.all(shares.map(() => openReadySocket(fixture.socketUrl, KEY)));
    const isOpen = () => sockets.filter(({ socket }) => socket.readyState === socket.OPEN).length;
    let drained = false;
    const draining = fixture.server.drain(ENDLESS).finally(() => {
      drained = true;
    });
    const tenthMs = (shares.length * MS_PER_HOLDER) / 10;
    for (const left of [2, 1, 0]) {
      expect(drained).toBe(false);
      await clock.advance(4 * tenthMs);
      while (isOpen() > left) await settled();
      expect(isOpen()).toBe(left);
    }
    expect(await draining).toBe(0);
    for (const { closed } of sockets) expect((await closed).code).toBe(1001);
    await fixture.server.close();
  });

  test('of an idle server is done at once', async () => {
    await withFixture(async (fixture) => {
      const started = Date.now();
      expect(await fixture.server.drain(ENDLESS)).toBe(0);
      await fixture.server.close();
      expect(Date.now() - started).toBeLessThan(20_000);
    });
  });
});

test('G1 disposing of the server reaches a silent stream at once, though its peer answers nothing', async () => {
  await withFixture(async (fixture) => {
    const socket = await openReadySocket(fixture.socketUrl, KEY);
    socket.send(subscribeMessage('s', 'subscription { silent }'));
    const stream = await fixture.api.nextSilent();
    socket.socket.pause();
    const closing = fixture.server.close();
    await stream.returned;
    socket.socket.terminate();
    await closing;
  });
});

test('G1 a peer that answers no ping is cut, and its streams end', async () => {
  const clock = createManualClock();
  const fixture = await startFixture({ clock });
  const socket = await openRawSocket(fixture.socketUrl, { autoPong: false });
  socket.send({ type: 'connection_init', payload: KEY });
  await socket.next('connection_ack');
  socket.send(subscribeMessage('s', 'subscription { silent }'));
  const stream = await fixture.api.nextSilent();
  const pinged = new Promise<void>((resolve) => {
    socket.socket.once('ping', () => {
      resolve();
    });
  });
  await clock.advance(12_000);
  await pinged;
  expect(stream.signal.aborted).toBe(false);
  await clock.advance(12_000);
  expect((await socket.closed).code).toBe(1006);
  await stream.returned;
  await fixture.server.close();
});

test('S22 keep-alives go out every 12 s from the start, before any result', async () => {
  const clock = createManualClock();
  const fixture = await startFixture({ clock });
  const events = await fetch(fixture.graphqlUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'text/event-stream', ...KEY },
    body: '{"query":"mutation { waiting }"}',
  });
  await fixture.api.nextWaiting();
  const reader = events.body?.getReader();
  const read = async () => Buffer.from((await reader?.read())?.value ?? '').toString('utf8');
  expect(await read()).toBe(':\n\n');
  for (let round = 0; round < 7; round += 1) {
    await clock.advance(12_000);
    expect(await read()).toBe(':\n\n');
  }
  await reader?.cancel();
  await fixture.server.close();
});

test('a socket that answers pings stays open for as long as it likes', async () => {
  const clock = createManualClock();
  const fixture = await startFixture({ clock });
  const socket = await openReadySocket(fixture.socketUrl, KEY);
  for (let round = 0; round < 5; round += 1) {
    const pinged = new Promise<void>((resolve) => {
      socket.socket.once('ping', () => {
        resolve();
      });
    });
    await clock.advance(12_000);
    await pinged;
    socket.send({ type: 'ping' });
    await socket.next('pong');
  }
  expect(socket.socket.readyState).toBe(socket.socket.OPEN);
  socket.socket.close();
  await socket.closed;
  await fixture.server.close();
});

/** What may stand unsent in front of a reader, and some room. */
const MOST_HELD_BYTES = 12 << 20;

/** Without what is garbage already. */
function heldBytes(): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

test('G4 a reader that stops is closed with 4013, its stream ends as slow, and memory stays bounded', async () => {
  const clock = createManualClock();
  const fixture = await startFixture({ clock });
  const socket = await openReadySocket(fixture.socketUrl, KEY);
  socket.socket.pause();
  const before = heldBytes();
  socket.send(subscribeMessage('f', 'subscription { flood(count: 20000, bytes: 1000) }'));
  // The clock moves only while the server can't write: until the kernel's own buffers are full nobody waits.
  const closed = socket.closed;
  let code: number | null = null;
  void closed.then((end) => {
    code = end.code;
  });
  while ((await fixture.metrics.text()).includes('glidepath_sockets_open 1')) {
    await new Promise((resolve) => setTimeout(resolve, 10));
    await clock.advance(500);
  }
  expect(heldBytes() - before).toBeLessThan(MOST_HELD_BYTES);
  socket.socket.resume();
  await closed;
  // The close frame is behind what was not read; a peer that reads late may find the connection cut instead.
  expect([4013, 1006]).toContain(code);
  expect(await fixture.metrics.text()).toContain('glidepath_sockets_closed_total{code="4013"} 1');
  await fixture.server.close();
});
