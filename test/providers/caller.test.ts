import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { EMPTY_ANSWER, reduceAnswer } from '../../src/core/answer.js';
import type { AnswerDelta } from '../../src/core/answer.js';
import { systemClock } from '../../src/core/clock.js';
import type { Clock } from '../../src/core/clock.js';
import { Secret } from '../../src/core/secret.js';
import { WIRE_FORMAT_ADAPTERS } from '../../src/providers/adapters.js';
import { createUpstreamCaller } from '../../src/providers/caller.js';
import { createHttpClient } from '../../src/providers/client.js';
import type { ChatCallOptions, ProviderTarget, UpstreamCaller } from '../../src/providers/contract.js';
import { createManualClock, settled } from '../kit/manual-clock.js';
import {
  DONE,
  chatBody,
  chatError,
  chatFrame,
  chatStream,
  createGate,
  finishFrame,
  sse,
  startScriptedUpstream,
  usageFrame,
} from '../kit/scripted-upstream.js';
import type { ScriptedUpstream } from '../kit/scripted-upstream.js';
import { withRoom } from '../kit/room.js';
import { callOptions, makeCall, makeTarget } from './support.js';

const KEY = 'canary-key-0123456789abcdef';

let upstream: ScriptedUpstream;
let caller: UpstreamCaller;

beforeEach(async () => {
  upstream = await startScriptedUpstream();
  caller = newCaller();
});

afterEach(async () => {
  await caller.close();
  await upstream.close();
});

function newCaller(clock: Clock = systemClock): UpstreamCaller {
  return createUpstreamCaller({ clock, adapters: WIRE_FORMAT_ADAPTERS });
}

function target(changes: Partial<ProviderTarget> = {}): ProviderTarget {
  return makeTarget({ baseUrl: upstream.baseUrl, apiKey: new Secret(KEY), ...changes });
}

function chat(options: Partial<ChatCallOptions> = {}, changes: Partial<ProviderTarget> = {}) {
  return caller.chat(makeCall(), target(changes), callOptions(options));
}

/** Collects deltas, and says when the first content is there. */
function createEar() {
  const deltas: AnswerDelta[] = [];
  const content = createGate();
  return {
    deltas,
    content: content.opened,
    onDeltas: (more: readonly AnswerDelta[]) => {
      deltas.push(...more);
      if (more.some((delta) => delta.type === 'text')) content.open();
    },
  };
}

describe('a call', () => {
  test('sends one POST with the key in a header only, and configured headers', async () => {
    await chat({}, { headers: { 'X-Team': 'blue', Host: 'evil.test' } });
    const { method, path, headers, body } = await upstream.nextRequest();
    expect([method, path]).toEqual(['POST', '/v1/chat/completions']);
    expect(headers).toMatchObject({
      authorization: `Bearer ${KEY}`,
      'x-team': 'blue',
      'content-type': 'application/json',
      host: new URL(upstream.url).host,
    });
    expect(body).not.toContain(KEY);
    expect(path).not.toContain(KEY);
  });

  test('the base URL’s own query is kept', async () => {
    await chat({}, { baseUrl: `${upstream.url}/openai/v1/?api-version=preview` });
    expect((await upstream.nextRequest()).path).toBe('/openai/v1/chat/completions?api-version=preview');
  });

  test('S12 streamed and unary give an identical answer', async () => {
    const streamed = await chat({ stream: true });
    const unary = await chat({ stream: false });
    expect(unary.answer).toEqual(streamed.answer);
    expect(streamed).toMatchObject({ status: 'succeeded', failure: null, accepted: true, firstTokenMs: expect.any(Number) });
    expect(unary).toMatchObject({ status: 'succeeded', failure: null, accepted: true, firstTokenMs: null });
  });

  test('the deltas that were told make the answer', async () => {
    const ear = createEar();
    const outcome = await chat({ onDeltas: ear.onDeltas });
    expect(ear.deltas.reduce(reduceAnswer, EMPTY_ANSWER)).toEqual(outcome.answer);
  });

  test('S16 each delta is told before the upstream sends the next', async () => {
    const told: string[] = [];
    let heard = createGate();
    upstream.respond(async ({ send, end }) => {
      for (const text of ['a', 'b', 'c']) {
        heard = createGate();
        await send(chatFrame({ content: text }));
        await heard.opened;
      }
      await send(finishFrame('stop') + DONE);
      end();
    });
    await chat({
      onDeltas: (deltas) => {
        told.push(...deltas.flatMap((delta) => (delta.type === 'text' ? [delta.text] : [])));
        heard.open();
      },
    });
    expect(told).toEqual(['a', 'b', 'c']);
  });

  test('S1 bytes that drip one by one are the same answer', async () => {
    upstream.respond(({ drip }) => drip(chatStream(['안녕 🌍', ' 漢']).join('')));
    expect((await chat()).answer.message.parts).toEqual([{ kind: 'text', text: '안녕 🌍 漢', signature: null }]);
  });

  test('a body where a stream was asked, and a stream where a body was asked, are read all the same', async () => {
    upstream.respondOnce(({ json }) => json(200, chatBody()));
    upstream.respondOnce(({ stream }) => stream(chatStream(['Hello', ' there.'])));
    expect((await chat({ stream: true })).answer.message.parts).toMatchObject([{ text: 'Hello there.' }]);
    expect((await chat({ stream: false })).answer.message.parts).toMatchObject([{ text: 'Hello there.' }]);
  });

  test('the outcome comes with the terminal event, though the server lingers', async () => {
    upstream.respond(async ({ send, stall }) => {
      await send(chatStream(['x']).join(''));
      await stall();
    });
    expect(await chat()).toMatchObject({ status: 'succeeded', answer: { ended: true } });
  });

  test('a wire format that is not built is a value too', async () => {
    const without = createUpstreamCaller({ clock: systemClock, adapters: new Map() });
    expect(await without.chat(makeCall(), target(), callOptions())).toMatchObject({
      status: 'failed',
      accepted: false,
      failure: { class: 'TARGET_NOT_FOUND' },
    });
    expect(upstream.requests).toHaveLength(0);
  });

  test('what the format can’t say is refused before anything is sent', async () => {
    const media = { url: 'https://x.test/a.mp3', base64: null, mimeType: null, name: null };
    const messages = [{ role: 'USER', parts: [{ kind: 'audio', media }], toolCallId: null, isError: false }] as const;
    const outcome = await caller.chat(makeCall({ messages }), target(), callOptions());
    expect(outcome).toMatchObject({
      status: 'failed',
      accepted: false,
      failure: { class: 'CALLER', detail: expect.stringContaining('base64') },
    });
    expect(upstream.requests).toHaveLength(0);
  });
});

describe('S8 usage of streams', () => {
  const refuse = chatError('Unknown parameter: stream_options', { code: 'unknown_parameter', param: 'stream_options' });

  test('is asked for though the caller asked nothing', async () => {
    const { answer } = await chat();
    expect((await upstream.nextRequest()).json).toMatchObject({ stream: true, stream_options: { include_usage: true } });
    expect(answer.usage).toMatchObject({ input: 11, output: 7, source: 'REPORTED' });
  });

  test('where the option is refused: one retry without it, remembered for the deployment, usage absent', async () => {
    upstream.respond(({ request, json, stream }) =>
      request.json?.['stream_options'] === undefined ? stream([chatFrame({ content: 'x' }), finishFrame('stop'), DONE]) : json(400, refuse),
    );
    expect(await chat()).toMatchObject({ status: 'succeeded', answer: { usage: null }, warnings: [] });
    expect(await chat()).toMatchObject({ status: 'succeeded' });
    expect(upstream.requests.map(({ json }) => 'stream_options' in (json ?? {}))).toEqual([true, false, false]);
    await chat({}, { deploymentId: 'another' });
    expect(upstream.requests.map(({ json }) => 'stream_options' in (json ?? {}))).toEqual([true, false, false, true, false]);
  });

  test('an upstream that refuses it for ever is not asked for ever', async () => {
    upstream.respond(({ json }) => json(400, refuse));
    expect(await chat()).toMatchObject({ status: 'failed', failure: { class: 'UNSUPPORTED_PARAMETER' } });
    expect(upstream.requests).toHaveLength(2);
  });
});

test('P10 a refused parameter is told once, and the next call of the deployment is corrected', async () => {
  upstream.respond(({ request, json }) =>
    request.json?.['max_tokens'] === undefined
      ? json(200, chatBody())
      : json(
          400,
          chatError("Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens'.", {
            code: 'unsupported_parameter',
            param: 'max_tokens',
          }),
        ),
  );
  const call = makeCall({ maxOutputTokens: 20 });
  const once = () => caller.chat(call, target(), callOptions({ stream: false }));
  expect(await once()).toMatchObject({ status: 'failed', failure: { class: 'UNSUPPORTED_PARAMETER', parameter: 'max_tokens' } });
  expect(await once()).toMatchObject({ status: 'succeeded' });
  expect(upstream.requests.at(-1)?.json).toMatchObject({ max_completion_tokens: 20 });
});

test('P10 of a word that was refused only that word is left out from then on', async () => {
  upstream.respond(({ request, json }) =>
    request.json?.['reasoning_effort'] === 'minimal'
      ? json(
          400,
          chatError("Unsupported value: 'reasoning_effort' does not support 'minimal' with this model.", {
            code: 'unsupported_value',
            param: 'reasoning_effort',
          }),
        )
      : json(200, chatBody()),
  );
  const ask = (effort: 'MINIMAL' | 'HIGH') =>
    caller.chat(makeCall({ reasoning: { effort, maxTokens: null } }), target(), callOptions({ stream: false }));
  expect(await ask('MINIMAL')).toMatchObject({ status: 'failed', failure: { class: 'UNSUPPORTED_PARAMETER' } });
  expect(await ask('MINIMAL')).toMatchObject({ status: 'succeeded', warnings: [expect.stringContaining('reasoning_effort')] });
  expect(await ask('HIGH')).toMatchObject({ status: 'succeeded', warnings: [] });
  expect(upstream.requests.at(-1)?.json).toMatchObject({ reasoning_effort: 'high' });
});

describe('S20 streams that break', () => {
  test.each([
    ['closed in order', 'end'],
    ['cut', 'cut'],
    ['reset', 'reset'],
  ] as const)('%s without a terminal event: failure, INCOMPLETE, never STOP', async (_, how) => {
    const heard = createGate();
    upstream.respond(async (exchange) => {
      await exchange.send(chatFrame({ content: 'half' }) + usageFrame());
      await heard.opened;
      exchange[how]();
    });
    const outcome = await chat({ onDeltas: () => heard.open() });
    expect(outcome).toMatchObject({
      status: 'failed',
      failure: { class: 'BAD_RESPONSE' },
      accepted: true,
      answer: { finishReason: 'INCOMPLETE', ended: false, usage: { output: 7 }, message: { parts: [{ text: 'half' }] } },
    });
  });

  test('before any content there is a failure and nothing else', async () => {
    upstream.respond(({ startStream, end }) => {
      startStream();
      end();
    });
    const ear = createEar();
    expect(await chat({ onDeltas: ear.onDeltas })).toMatchObject({
      status: 'failed',
      failure: { class: 'BAD_RESPONSE' },
      answer: { finishReason: null },
    });
    expect(ear.deltas.map((delta) => delta.type)).toEqual(['failure']);
  });

  test('a finish reason stands for a missing [DONE]', async () => {
    upstream.respond(({ stream }) => stream([chatFrame({ content: 'x' }), finishFrame('stop')]));
    expect(await chat()).toMatchObject({ status: 'succeeded', answer: { finishReason: 'STOP', ended: true } });
  });

  test('S1 a character torn at the end is told', async () => {
    upstream.respond(({ stream }) => stream([chatFrame({ content: 'x' }), Buffer.from('data: {"a":"🌍').subarray(0, -2)]));
    expect(await chat()).toMatchObject({ status: 'failed', failure: { class: 'BAD_RESPONSE', detail: expect.stringContaining('UTF-8') } });
  });

  test('S6 an error event as the first event of a 200', async () => {
    upstream.respond(({ stream }) => stream([`event: error\n${sse({ error: { message: 'Overloaded', code: 529 } })}`]));
    expect(await chat()).toMatchObject({ status: 'failed', failure: { class: 'OVERLOADED', httpStatus: 529 } });
  });

  test('an error after content keeps what was said, and its usage', async () => {
    upstream.respond(({ stream }) =>
      stream([chatFrame({ content: 'half' }), usageFrame(), sse({ error: { message: 'Boom', code: 500 } })]),
    );
    expect(await chat()).toMatchObject({
      status: 'failed',
      failure: { class: 'SERVER_ERROR', httpStatus: 500 },
      answer: { finishReason: 'INCOMPLETE', usage: { input: 11 }, failure: { class: 'SERVER_ERROR' } },
    });
  });
});

describe('S24 leaving', () => {
  test('in the middle of a stream closes the socket and keeps what was said', async () => {
    const controller = new AbortController();
    const ear = createEar();
    upstream.respond(async ({ send, stall }) => {
      for (let chunk = 0; chunk < 6; chunk += 1) await send(chatFrame({ content: 'x' }));
      await stall();
    });
    const outcome = chat({ signal: controller.signal, onDeltas: ear.onDeltas });
    const request = await upstream.nextRequest();
    await ear.content;
    const leftAt = performance.now();
    controller.abort();
    expect(await outcome).toMatchObject({
      status: 'cancelled',
      failure: null,
      accepted: true,
      answer: { message: { parts: [{ kind: 'text' }] } },
    });
    await Promise.all([request.aborted, request.socketClosed]);
    expect(performance.now() - leftAt).toBeLessThan(withRoom(100));
  });

  test.each([
    ['before the status line', false],
    ['before the first token', true],
  ])('S25 %s, while the upstream is silent, closes the socket', async (_, withHeaders) => {
    const controller = new AbortController();
    upstream.respond(({ startStream, stall }) => {
      if (withHeaders) startStream();
      return stall();
    });
    const outcome = chat({ signal: controller.signal });
    const request = await upstream.nextRequest();
    controller.abort();
    expect(await outcome).toMatchObject({ status: 'cancelled', accepted: true, firstTokenMs: null });
    await request.socketClosed;
    expect(await request.ended).toBe('aborted');
  });

  test('S24 a unary call closes its socket too', async () => {
    const controller = new AbortController();
    upstream.respond(({ stall }) => stall());
    const outcome = chat({ stream: false, signal: controller.signal });
    const request = await upstream.nextRequest();
    controller.abort();
    expect(await outcome).toMatchObject({ status: 'cancelled' });
    await request.socketClosed;
  });

  test('before the call begins sends nothing', async () => {
    expect(await chat({ signal: AbortSignal.abort() })).toMatchObject({ status: 'cancelled', accepted: false });
    expect(upstream.requests).toHaveLength(0);
  });

  test('a finished call leaves no listener behind', async () => {
    const controller = new AbortController();
    await chat({ signal: controller.signal });
    controller.abort();
    await chat();
    expect(await Promise.all(upstream.requests.map(({ ended }) => ended))).toEqual(['complete', 'complete']);
  });
});

describe('timeouts', () => {
  const timeouts = { connectMs: 5_000, firstTokenMs: 60_000, idleMs: 30_000 };

  test('no content in time: TIMEOUT, socket closed, though events and comments come', async () => {
    const clock = createManualClock();
    await caller.close();
    caller = newCaller(clock);
    upstream.respond(async ({ send, stall }) => {
      await send(`: ping\n\n${chatFrame({ role: 'assistant', content: '' })}`);
      await stall();
    });
    const outcome = chat({ timeouts });
    const request = await upstream.nextRequest();
    await advanceUntil(clock, outcome, 60_000);
    expect(await outcome).toMatchObject({ status: 'failed', failure: { class: 'TIMEOUT' }, accepted: true });
    await request.socketClosed;
  });

  test('S23 silence after content: TIMEOUT at the idle limit with what was said, socket closed', async () => {
    const clock = createManualClock();
    await caller.close();
    caller = newCaller(clock);
    const ear = createEar();
    upstream.respond(async ({ send, stall }) => {
      await send(chatFrame({ content: 'x' }));
      await stall();
    });
    const outcome = chat({ timeouts, onDeltas: ear.onDeltas });
    const request = await upstream.nextRequest();
    await ear.content;
    await clock.advance(29_999);
    expect(await Promise.race([outcome, settled().then(() => 'still running')])).toBe('still running');
    await clock.advance(1);
    expect(await outcome).toMatchObject({ status: 'failed', failure: { class: 'TIMEOUT' }, answer: { finishReason: 'INCOMPLETE' } });
    await request.socketClosed;
  });

  test('a unary call has no first-token limit', async () => {
    const clock = createManualClock();
    await caller.close();
    caller = newCaller(clock);
    const gate = createGate();
    upstream.respond(async ({ json }) => {
      await gate.opened;
      json(200, chatBody());
    });
    const outcome = chat({ stream: false, timeouts });
    await upstream.nextRequest();
    await clock.advance(600_000);
    gate.open();
    expect(await outcome).toMatchObject({ status: 'succeeded', durationMs: 600_000 });
  });

  test('no connection in time: TIMEOUT, not accepted', async () => {
    const clock = createManualClock();
    const silent = createHttpClient({ lookup: () => undefined });
    const slow = createUpstreamCaller({ clock, adapters: WIRE_FORMAT_ADAPTERS, client: silent });
    const outcome = slow.chat(
      makeCall(),
      makeTarget({ baseUrl: 'https://never.test/v1', allowPrivateNetwork: false }),
      callOptions({ timeouts }),
    );
    await clock.advance(5_000);
    expect(await outcome).toMatchObject({ status: 'failed', failure: { class: 'TIMEOUT' }, accepted: false });
    await slow.close();
  });
});

/** The request may reach the socket a little after the test knows of it; its timer starts only then. */
async function advanceUntil(clock: ReturnType<typeof createManualClock>, outcome: Promise<unknown>, ms: number): Promise<void> {
  const done = outcome.then(() => true);
  for (let round = 0; round < 50; round += 1) if (await Promise.race([done, clock.advance(ms).then(() => false)])) return;
}

describe('failures', () => {
  test.each([
    [401, 'AUTH'],
    [404, 'TARGET_NOT_FOUND'],
    [500, 'SERVER_ERROR'],
    [503, 'OVERLOADED'],
  ] as const)('a %d is %s, streamed or not', async (status, failureClass) => {
    upstream.respond(({ json }) => json(status, chatError('No.')));
    for (const stream of [true, false])
      expect(await chat({ stream })).toMatchObject({
        status: 'failed',
        accepted: true,
        failure: { class: failureClass, httpStatus: status },
      });
  });

  test('R10 a 429 carries its Retry-After', async () => {
    upstream.respond(({ json }) => json(429, chatError('Slow down.'), { 'retry-after': '7' }));
    expect((await chat()).failure).toMatchObject({ class: 'RATE_LIMITED', retryAfterMs: 7_000 });
  });

  test('nobody listens: CONNECTION, not accepted', async () => {
    const gone = await startScriptedUpstream();
    await gone.close();
    expect(await chat({}, { baseUrl: gone.baseUrl })).toMatchObject({
      status: 'failed',
      failure: { class: 'CONNECTION' },
      accepted: false,
    });
  });

  test('a connection reset before the status line is CONNECTION', async () => {
    upstream.respond(({ reset }) => reset());
    expect(await chat()).toMatchObject({ status: 'failed', failure: { class: 'CONNECTION' }, accepted: true });
  });

  test('TLS to a server without it is CONNECTION', async () => {
    const outcome = await chat({}, { baseUrl: upstream.baseUrl.replace('http:', 'https:') });
    expect(outcome).toMatchObject({ status: 'failed', failure: { class: 'CONNECTION' }, accepted: false });
  });

  test.each([
    ['not JSON', '<html>hello</html>'],
    ['JSON of another kind', '{"hello":1}'],
    ['empty', ''],
  ])('an unreadable 200 (%s) is BAD_RESPONSE', async (_, body) => {
    upstream.respond(({ text }) => text(200, body, { 'content-type': 'application/json' }));
    for (const stream of [true, false]) expect((await chat({ stream })).failure).toMatchObject({ class: 'BAD_RESPONSE', httpStatus: 200 });
  });

  test('a unary body that is cut is BAD_RESPONSE', async () => {
    upstream.respond(async ({ startStream, send, cut }) => {
      startStream({ 'content-type': 'application/json', 'content-length': '1000' });
      await send('{"choices":');
      cut();
    });
    expect((await chat({ stream: false })).failure).toMatchObject({ class: 'BAD_RESPONSE' });
  });

  test('a body that never ends is read to a limit only', async () => {
    const piece = 'x'.repeat(4 * 1024 * 1024);
    upstream.respond(async ({ startStream, send, request }) => {
      startStream({ 'content-type': 'application/json' });
      const gone = request.aborted.then(() => true);
      while (!(await Promise.race([gone, send(piece).then(() => false)])));
    });
    expect((await chat({ stream: false })).failure).toMatchObject({ class: 'BAD_RESPONSE', detail: expect.stringContaining('too large') });
    await (
      await upstream.nextRequest()
    ).socketClosed;
  });

  test('an error page without end is read as far as it can tell something', async () => {
    upstream.respond(async ({ text, request }) => {
      text(500, 'y'.repeat(10_000_000));
      await request.ended;
    });
    const { failure } = await chat();
    expect(failure).toMatchObject({ class: 'SERVER_ERROR', httpStatus: 500 });
    expect(failure?.detail.length).toBeLessThanOrEqual(500);
  });
});

describe('K3 the network guard', () => {
  test('a private address is not reached unless permitted', async () => {
    const outcome = await chat({}, { allowPrivateNetwork: false });
    expect(outcome).toMatchObject({
      status: 'failed',
      accepted: false,
      failure: { class: 'TARGET_NOT_FOUND', detail: expect.stringContaining('private') },
    });
    expect(upstream.requests).toHaveLength(0);
  });

  test('a name that resolves to a private address is not reached (DNS rebinding)', async () => {
    const answers = [[{ address: '127.0.0.1', family: 4 }]];
    const client = createHttpClient({ lookup: (_, __, callback) => callback(null, answers[0] ?? []) });
    const guarded = createUpstreamCaller({ clock: systemClock, adapters: WIRE_FORMAT_ADAPTERS, client });
    const baseUrl = upstream.baseUrl.replace('127.0.0.1', 'rebinding.example.com');
    const outcome = await guarded.chat(makeCall(), target({ baseUrl, allowPrivateNetwork: false }), callOptions());
    expect(outcome).toMatchObject({ status: 'failed', accepted: false, failure: { class: 'TARGET_NOT_FOUND' } });
    expect(upstream.requests).toHaveLength(0);
    await guarded.close();
  });

  test('a redirect is a failure, and is not followed', async () => {
    const elsewhere = await startScriptedUpstream();
    upstream.respond(({ text }) => text(307, '', { location: elsewhere.baseUrl }));
    expect(await chat()).toMatchObject({ status: 'failed', failure: { class: 'BAD_RESPONSE', httpStatus: 307 } });
    expect(elsewhere.requests).toHaveLength(0);
    await elsewhere.close();
  });
});

describe('K4 the key reaches no failure', () => {
  const leaky = chatError(`Incorrect API key provided: ${KEY}. Header: Bearer ${KEY}; other sk-proj-abcdefghijklmnop`);

  test.each([401, 404, 429, 500])('echoed in a %d', async (status) => {
    upstream.respond(({ json }) => json(status, leaky));
    const outcome = await chat();
    expect(outcome.failure?.detail).toContain('[secret]');
    expect(JSON.stringify(outcome)).not.toMatch(/canary-key|sk-proj-abc/);
  });

  test('echoed inside a stream, in the deltas too', async () => {
    upstream.respond(({ stream }) => stream([chatFrame({ content: 'x' }), sse(leaky)]));
    const ear = createEar();
    const outcome = await chat({ onDeltas: ear.onDeltas });
    expect(outcome.status).toBe('failed');
    expect(JSON.stringify([outcome, ear.deltas])).not.toContain('canary-key');
  });

  test('in connection failures, and a second key in a configured header', async () => {
    const outcome = await chat({}, { baseUrl: 'http://127.0.0.1:1/v1' });
    expect(JSON.stringify(outcome)).not.toContain(KEY);
    upstream.respond(({ json }) => json(403, chatError('bad x-other: second-secret-value')));
    expect((await chat({}, { headers: { 'x-other': 'second-secret-value' } })).failure?.detail).not.toContain('second-secret');
  });
});

test('close ends open calls and the connections', async () => {
  upstream.respond(({ stall }) => stall());
  const outcome = chat();
  const request = await upstream.nextRequest();
  await caller.close();
  expect(await outcome).toMatchObject({ status: 'failed', failure: { class: 'CONNECTION' } });
  await request.socketClosed;
});
