import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { systemClock } from '../../src/core/clock.js';
import { WIRE_FORMAT_ADAPTERS } from '../../src/providers/adapters.js';
import { createUpstreamCaller } from '../../src/providers/caller.js';
import type { ChatCallOptions, UpstreamCaller } from '../../src/providers/contract.js';
import { startSandbox } from '../../src/providers/sandbox.js';
import type { Sandbox } from '../../src/providers/sandbox.js';
import { createGate, startScriptedUpstream } from '../kit/scripted-upstream.js';
import type { ScriptedUpstream, UpstreamExchange } from '../kit/scripted-upstream.js';
import { callOptions, makeCall, makeTarget } from '../providers/support.js';
import { CONTRACT_CASES } from './format.js';
import { ANTHROPIC_UNDER_TEST } from './anthropic.js';
import { BEDROCK_UNDER_TEST } from './bedrock.js';
import type { FormatUnderTest } from './format.js';
import { GEMINI_UNDER_TEST } from './gemini.js';
import { OPENAI_CHAT_UNDER_TEST } from './openai-chat.js';
import { OPENAI_RESPONSES_UNDER_TEST } from './openai-responses.js';

/** A further wire format joins with a line here and a file of data beside openai-chat.ts. */
const FORMATS: readonly FormatUnderTest[] = [
  OPENAI_CHAT_UNDER_TEST,
  ANTHROPIC_UNDER_TEST,
  GEMINI_UNDER_TEST,
  OPENAI_RESPONSES_UNDER_TEST,
  BEDROCK_UNDER_TEST,
];

test('every wire format that is built takes part', () => {
  expect(FORMATS.map(({ wireFormat }) => wireFormat).sort()).toEqual([...WIRE_FORMAT_ADAPTERS.keys()].sort());
});

describe.each(FORMATS.map((format) => [format.wireFormat, format] as const))('%s', (wireFormat, format) => {
  let upstream: ScriptedUpstream;
  let caller: UpstreamCaller;

  beforeEach(async () => {
    upstream = await startScriptedUpstream();
    caller = createUpstreamCaller({ clock: systemClock, adapters: WIRE_FORMAT_ADAPTERS });
  });

  afterEach(async () => {
    await caller.close();
    await upstream.close();
  });

  const target = (url = upstream.url) => makeTarget({ wireFormat, baseUrl: url + format.basePath });
  const begin = ({ startStream }: UpstreamExchange) =>
    startStream(format.contentType === undefined ? {} : { 'content-type': format.contentType });
  const play = (exchange: UpstreamExchange, pieces: readonly (string | Uint8Array)[]) => {
    begin(exchange);
    return exchange.stream(pieces);
  };
  const chat = (options: Partial<ChatCallOptions>, call = makeCall()) => caller.chat(call, target(), callOptions(options));

  test('answers every case, or says why not', () => {
    const answered = format.answers.map(({ name }) => name);
    for (const name of CONTRACT_CASES) expect(answered.includes(name)).toBe(format.skipped[name] === undefined);
  });

  describe.each(format.answers.map((answer) => [answer.name, answer] as const))('%s', (_, answer) => {
    test.each([
      ['unary', false],
      ['streamed', true],
    ])('%s', async (__, stream) => {
      upstream.respond((exchange) => (stream ? play(exchange, answer.stream) : exchange.json(200, answer.body)));
      const outcome = await chat({ stream }, makeCall(answer.call));
      const request = await upstream.nextRequest();
      expect(request.path).toBe(stream ? format.path.stream : format.path.unary);
      expect(request.json).toMatchObject(answer.sent);
      expect(outcome).toMatchObject({ status: 'succeeded', failure: null, accepted: true });
      expect(outcome.answer).toMatchObject({ finishReason: answer.finishReason, ended: true, failure: null });
      expect(outcome.answer.message.parts).toEqual(answer.parts);
      if (answer.usage === null) expect(outcome.answer.usage).toBeNull();
      else expect(outcome.answer.usage).toMatchObject({ ...answer.usage, source: 'REPORTED' });
    });

    test('S12 both forms give one answer', async () => {
      upstream.respondOnce((exchange) => play(exchange, answer.stream));
      upstream.respondOnce((exchange) => exchange.json(200, answer.body));
      const streamed = await chat({ stream: true }, makeCall(answer.call));
      expect((await chat({ stream: false }, makeCall(answer.call))).answer).toEqual(streamed.answer);
    });

    test('S2 bytes one by one give the same answer', async () => {
      upstream.respondOnce((exchange) => play(exchange, answer.stream));
      upstream.respondOnce((exchange) => exchange.drip(Buffer.concat(answer.stream.map((piece) => Buffer.from(piece)))));
      const atOnce = await chat({ stream: true }, makeCall(answer.call));
      expect((await chat({ stream: true }, makeCall(answer.call))).answer).toEqual(atOnce.answer);
    });
  });

  describe.each(format.errors.map((error) => [error.name, error] as const))('%s', (_, error) => {
    test.each([
      ['unary', false],
      ['streamed', true],
    ])('%s', async (__, stream) => {
      upstream.respond((exchange) => exchange.text(error.status, error.body, { 'content-type': 'application/json', ...error.headers }));
      const outcome = await chat({ stream });
      expect(outcome).toMatchObject({ status: 'failed', accepted: true, answer: { message: { parts: [] }, ended: false } });
      expect(outcome.failure).toMatchObject({
        class: error.failureClass,
        httpStatus: error.status,
        retryAfterMs: error.retryAfterMs ?? null,
      });
    });
  });

  test.each([
    ['unary', false],
    ['streamed', true],
  ])('an unreadable 200, %s', async (_, stream) => {
    upstream.respond((exchange) => exchange.text(200, '<html>maintenance</html>', { 'content-type': 'text/html' }));
    expect((await chat({ stream })).failure?.class).toBe('BAD_RESPONSE');
  });

  test('S20 cut in the middle', async () => {
    const heard = createGate();
    upstream.respond(async ({ send, cut }) => {
      await send(format.halves.first);
      await heard.opened;
      cut();
    });
    const outcome = await chat({ stream: true, onDeltas: () => heard.open() });
    expect(outcome).toMatchObject({
      status: 'failed',
      failure: { class: 'BAD_RESPONSE' },
      answer: { finishReason: 'INCOMPLETE', ended: false },
    });
    expect(outcome.answer.message.parts).toHaveLength(1);
  });

  test('S24 cancelled in the middle', async () => {
    const controller = new AbortController();
    const heard = createGate();
    upstream.respond(async ({ send, stall }) => {
      await send(format.halves.first);
      await stall();
    });
    const outcome = chat({ stream: true, signal: controller.signal, onDeltas: () => heard.open() });
    const request = await upstream.nextRequest();
    await heard.opened;
    controller.abort();
    expect(await outcome).toMatchObject({ status: 'cancelled', failure: null });
    await request.socketClosed;
  });

  test('a pause in the middle changes nothing', async () => {
    const heard = createGate();
    upstream.respond(async ({ send, end }) => {
      await send(format.halves.first);
      await heard.opened;
      await send(format.halves.rest);
      end();
    });
    expect(await chat({ stream: true, onDeltas: () => heard.open() })).toMatchObject({
      status: 'succeeded',
      answer: { finishReason: 'STOP' },
    });
  });

  describe('against an upstream of other make', () => {
    let sandbox: Sandbox;

    beforeEach(async () => {
      sandbox = await startSandbox({ paceMs: 0 });
    });

    afterEach(() => sandbox.close());

    const spoken = format.answers.filter(({ name }) => name === 'plain' || name === 'tools' || name === 'schema');

    test.each(spoken.map((answer) => [answer.name, answer] as const))('%s, in both forms', async (_, { call, finishReason }) => {
      const answers = [];
      for (const stream of [true, false]) {
        const url = new URL(sandbox.baseUrl).origin;
        const outcome = await caller.chat(makeCall(call), target(url), callOptions({ stream }));
        expect(outcome).toMatchObject({ status: 'succeeded', answer: { finishReason, ended: true, usage: { source: 'REPORTED' } } });
        const { usage, message } = outcome.answer;
        // Its two forms differ in which zeros the usage object names; ids are made anew each time.
        answers.push({ ...outcome.answer, usage: { ...usage, raw: null }, message: message.parts.map((part) => ({ ...part, id: null })) });
      }
      expect(answers[1]).toEqual(answers[0]);
    });
  });
});
