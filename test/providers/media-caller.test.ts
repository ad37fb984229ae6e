import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { systemClock } from '../../src/core/clock.js';
import type { Clock } from '../../src/core/clock.js';
import type { CompletionCall, Part } from '../../src/core/completion.js';
import { Secret } from '../../src/core/secret.js';
import { WIRE_FORMAT_ADAPTERS } from '../../src/providers/adapters.js';
import { createUpstreamCaller } from '../../src/providers/caller.js';
import { createHttpClient } from '../../src/providers/client.js';
import type { HttpClient, OutgoingRequest } from '../../src/providers/client.js';
import type { ChatCallOptions, UpstreamCaller } from '../../src/providers/contract.js';
import { createMediaCaller } from '../../src/providers/media-caller.js';
import { createManualClock } from '../kit/manual-clock.js';
import { startScriptedUpstream } from '../kit/scripted-upstream.js';
import type { ScriptedUpstream } from '../kit/scripted-upstream.js';
import { callOptions, makeCall, makeTarget, message, textPart } from './support.js';

const KEY = 'canary-key-0123456789abcdef';
const PNG = Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), Buffer.from('the rest of it')]);
const PATH = 'messages.0.parts.1.image.url';
const MIB = 1024 * 1024;

let upstream: ScriptedUpstream;
let files: ScriptedUpstream;
let caller: UpstreamCaller;
/** What the client was asked for, before the way to the stand-in. */
let asked: OutgoingRequest[];

beforeEach(async () => {
  upstream = await startScriptedUpstream();
  files = await startScriptedUpstream();
  files.respond(({ startStream, send, end }) => {
    startStream({ 'content-type': 'image/png' });
    return send(PNG).then(end);
  });
  asked = [];
  caller = newCaller();
});

afterEach(async () => {
  await caller.close();
  await Promise.all([upstream.close(), files.close()]);
});

/** The real client, for which files.test is this machine; every other name resolves to a private address. */
function mediaClient(): HttpClient {
  const client = createHttpClient({ lookup: (_, __, callback) => callback(null, [{ address: '10.0.0.1', family: 4 }]) });
  const toStandIn = (request: OutgoingRequest): OutgoingRequest => {
    asked.push(request);
    return request.baseUrl === 'https://files.test' ? { ...request, baseUrl: files.url, allowPrivateNetwork: true } : request;
  };
  return { ...client, post: (request, listener) => client.post(toStandIn(request), listener) };
}

function newCaller(clock: Clock = systemClock): UpstreamCaller {
  const plain = createUpstreamCaller({ clock, adapters: WIRE_FORMAT_ADAPTERS });
  return createMediaCaller(plain, { client: mediaClient(), clock });
}

function callWith(...urls: readonly string[]): CompletionCall {
  const image = (url: string): Part => ({ kind: 'image', media: { url, base64: null, mimeType: null, name: null } });
  return makeCall({ messages: [message('USER', [textPart('Look'), ...urls.map(image)])] });
}

function ask(call: CompletionCall, options: Partial<ChatCallOptions> = {}, preset: string | null = 'ollama') {
  const target = makeTarget({ baseUrl: upstream.baseUrl, preset, apiKey: new Secret(KEY), headers: { 'x-team': 'blue' } });
  return caller.chat(call, target, callOptions({ stream: false, ...options }));
}

const refused = (reason: string) => ({
  status: 'failed',
  accepted: false,
  failure: { class: 'CALLER', callerProblems: [{ path: PATH, message: expect.stringContaining(reason) }] },
});

describe('media that a target takes, but not by address', () => {
  test('is fetched and sent in its bytes, and the caller is told', async () => {
    const outcome = await ask(callWith('https://files.test/a.png?sig=1#page'));
    expect(outcome).toMatchObject({ status: 'succeeded', warnings: [expect.stringContaining(PATH)], fetchMs: expect.any(Number) });
    expect((await files.nextRequest()).path).toBe('/a.png?sig=1');
    const { json } = await upstream.nextRequest();
    const url = `data:image/png;base64,${PNG.toString('base64')}`;
    expect(json).toMatchObject({ messages: [{ content: [{ text: 'Look' }, { image_url: { url } }] }] });
  });

  test('K4 no credential and no header of a provider goes there', async () => {
    await ask(callWith('https://files.test/a.png'));
    const { method, headers, body } = await files.nextRequest();
    expect([method, body]).toEqual(['GET', '']);
    expect(Object.keys(headers).toSorted()).toEqual(['accept', 'accept-encoding', 'connection', 'host', 'user-agent']);
    expect(JSON.stringify(asked)).not.toContain(KEY);
    expect(asked).toMatchObject([{ allowPrivateNetwork: false }]);
  });

  test('is left to a vendor that fetches for itself', async () => {
    expect(await ask(callWith('https://files.test/a.png'), {}, null)).toMatchObject({ status: 'succeeded', warnings: [] });
    expect(JSON.stringify((await upstream.nextRequest()).json)).toContain('https://files.test/a.png');
    expect(asked).toEqual([]);
  });

  test('is fetched once for all attempts of a call, and again for another call', async () => {
    const call = callWith('https://files.test/a.png');
    await Promise.all([ask(call), ask(call)]);
    await ask(call);
    expect(files.requests).toHaveLength(1);
    expect(upstream.requests).toHaveLength(3);
    await ask(callWith('https://files.test/a.png'));
    expect(files.requests).toHaveLength(2);
  });
});

describe('K3 what is not fetched', () => {
  test.each([
    'http://files.test/a.png',
    'https://127.0.0.1/a.png',
    'https://2130706433/a.png',
    'https://0x7f.1/a.png',
    'https://[::ffff:169.254.169.254]/latest/meta-data',
    'https://[64:ff9b::a9fe:a9fe]/latest/meta-data',
    'https://metadata.google.internal/computeMetadata/v1',
    'https://localhost./a.png',
    'https://user:password@files.test/a.png',
  ])('%s, before anything is sent to anyone', async (url) => {
    expect(await ask(callWith(url))).toMatchObject(refused('public https address'));
    expect(asked).toEqual([]);
    expect(upstream.requests).toHaveLength(0);
  });

  test('a name that leads to a private address, in the words of one that leads nowhere', async () => {
    const outcome = await ask(callWith('https://inside.test/a.png?token=canary'));
    expect(outcome).toMatchObject(refused('no public https server answered there'));
    expect(outcome.failure?.detail).toMatch(/inside\.test: BLOCKED_ADDRESS/);
    expect(JSON.stringify(outcome)).not.toContain('canary');
    const gone = await files.close().then(() => ask(callWith('https://files.test/a.png')));
    expect(gone.failure?.callerProblems).toEqual(outcome.failure?.callerProblems);
  });

  test('behind a proxy, a name that this machine knows to lead inside', async () => {
    const known: string[] = [];
    const leadsInside = (hostname: string) => Promise.resolve(known.push(hostname) > 0 && hostname === 'files.test');
    await caller.close();
    const plain = createUpstreamCaller({ clock: systemClock, adapters: WIRE_FORMAT_ADAPTERS });
    caller = createMediaCaller(plain, { client: mediaClient(), clock: systemClock, leadsInside });
    expect(await ask(callWith('https://files.test/a.png'))).toMatchObject(refused('no public https server answered there'));
    expect(known).toEqual(['files.test']);
    expect(asked).toEqual([]);
  });

  test.each(['https://169.254.169.254/', 'http://files.test/b.png', 'file:///etc/passwd', 'https://metadata.google.internal/'])(
    'a redirect to %s',
    async (location) => {
      files.respond(({ text }) => text(302, '', { location }));
      expect(await ask(callWith('https://files.test/a.png'))).toMatchObject(refused('public https address'));
      expect(files.requests).toHaveLength(1);
      expect(asked).toHaveLength(1);
    },
  );

  test('a redirect to a public address is followed, three times at most, each through the guard', async () => {
    files.respondOnce(({ text }) => text(302, '', { location: '/b.png' }));
    expect(await ask(callWith('https://files.test/a.png'))).toMatchObject({ status: 'succeeded' });
    expect(files.requests.map(({ path }) => path)).toEqual(['/a.png', '/b.png']);
    files.respond(({ text }) => text(307, '', { location: 'https://files.test/again.png' }));
    expect(await ask(callWith('https://files.test/a.png'))).toMatchObject(refused('more than 3 times'));
    expect(files.requests).toHaveLength(6);
  });
});

describe('a fetch that fails is told at its field, and nothing is sent to the provider', () => {
  afterEach(() => {
    expect(upstream.requests).toHaveLength(0);
  });

  test.each([
    ['HTTP 404', 404, 'not here', {}],
    ['HTTP 403', 403, '', {}],
    ['something else than a PNG', 200, '<html>Log in</html>', { 'content-type': 'image/png' }],
    ['compressed', 200, 'x', { 'content-encoding': 'gzip' }],
    ['larger than 20 MB', 200, 'x', { 'content-length': String(21 * MIB) }],
  ] as const)('%s', async (reason, status, body, headers) => {
    files.respond(({ text }) => text(status, body, headers));
    expect(await ask(callWith('https://files.test/a.png'))).toMatchObject(refused(reason));
  });

  test('a file without end is read to a limit only, and its socket closed', async () => {
    const piece = Buffer.alloc(4 * MIB);
    files.respond(async ({ startStream, send, request }) => {
      startStream({ 'content-type': 'image/png' });
      const gone = request.aborted.then(() => true);
      while (!(await Promise.race([gone, send(piece).then(() => false)])));
    });
    expect(await ask(callWith('https://files.test/a.png'))).toMatchObject(refused('larger than 20 MB'));
    await (
      await files.nextRequest()
    ).socketClosed;
  });

  test('files that are too large only together', async () => {
    const file = Buffer.concat([PNG, Buffer.alloc(13 * MIB)]);
    files.respond(({ stream }) => stream([file]));
    const outcome = await ask(callWith('https://files.test/a.png', 'https://files.test/b.png'));
    expect(outcome.failure?.callerProblems).toContainEqual({
      path: expect.any(String),
      message: expect.stringContaining('left of the call'),
    });
  });

  test('more than 20 of them, before the first is fetched', async () => {
    const outcome = await ask(callWith(...Array.from({ length: 21 }, (_, index) => `https://files.test/${index}.png`)));
    expect(outcome.failure?.callerProblems).toEqual([
      { path: 'messages.0.parts.21.image.url', message: expect.stringContaining('20 files') },
    ]);
    expect(asked).toEqual([]);
  });

  test('20 seconds, and its socket is closed', async () => {
    const clock = createManualClock();
    await caller.close();
    caller = newCaller(clock);
    files.respond(({ stall }) => stall());
    const outcome = ask(callWith('https://files.test/a.png'));
    const request = await files.nextRequest();
    await clock.advance(20_000);
    expect(await outcome).toMatchObject(refused('within 20 seconds'));
    await request.socketClosed;
  });

  test('S24 leaving closes its socket, and is a cancel', async () => {
    const controller = new AbortController();
    files.respond(({ stall }) => stall());
    const outcome = ask(callWith('https://files.test/a.png'), { signal: controller.signal });
    const request = await files.nextRequest();
    controller.abort();
    expect(await outcome).toMatchObject({ status: 'cancelled', failure: null, accepted: false });
    await request.socketClosed;
  });

  test('one attempt that leaves does not end the fetch that another one waits for', async () => {
    const [staying, leaving] = [new AbortController(), new AbortController()];
    files.respond(({ stall }) => stall());
    const call = callWith('https://files.test/a.png');
    const stays = ask(call, { signal: staying.signal });
    const leaves = ask(call, { signal: leaving.signal });
    const request = await files.nextRequest();
    leaving.abort();
    expect(await leaves).toMatchObject({ status: 'cancelled' });
    const over = request.aborted.then(() => 'closed');
    expect(await Promise.race([over, new Promise((resolve) => setImmediate(resolve, 'open'))])).toBe('open');
    staying.abort();
    expect(await stays).toMatchObject({ status: 'cancelled' });
    await request.socketClosed;
    expect(files.requests).toHaveLength(1);
  });
});
