import { LLMock } from '@copilotkit/aimock';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { systemClock } from '../../src/core/clock.js';
import type { OperationCall } from '../../src/core/operations.js';
import { WIRE_FORMAT_ADAPTERS } from '../../src/providers/adapters.js';
import { createUpstreamCaller } from '../../src/providers/caller.js';
import type { ChatCallOutcome, UpstreamCaller } from '../../src/providers/contract.js';
import { createGate, startScriptedUpstream } from '../kit/scripted-upstream.js';
import type { ScriptedUpstream } from '../kit/scripted-upstream.js';
import { recorded } from '../providers/gemini/recorded.js';
import { embedding, image, speech, transcription } from '../providers/operations-support.js';
import { callOptions, makeTarget } from '../providers/support.js';
import { GEMINI_UNDER_TEST } from './gemini.js';

interface OperationUnderTest {
  readonly name: string;
  readonly call: OperationCall;
  readonly preset: 'gemini' | 'vertex';
  readonly model: string;
  readonly method: string;
  /** The recorded answer. */
  readonly answer: string;
  readonly usage: object;
}

const UNDER_TEST: readonly OperationUnderTest[] = [
  {
    ...{ name: 'pictures', preset: 'gemini', model: 'gemini-3.1-flash-image', method: 'generateContent', answer: 'image' },
    ...{ call: image(), usage: { input: 8, reasoning: 170, imageOutput: 1_120, units: { IMAGE: 1 } } },
  },
  {
    ...{ name: 'speech', preset: 'vertex', model: 'gemini-3.8-flash-tts', method: 'generateContent', answer: 'speech-wav' },
    ...{ call: speech({ format: 'WAV' }), usage: { input: 9, audioOutput: 13, units: { CHARACTER: 12 } } },
  },
  {
    ...{ name: 'transcripts', preset: 'gemini', model: 'gemini-3.5-transcribe', method: 'generateContent', answer: 'transcript-words' },
    ...{ call: transcription({ timestamps: true }), usage: { audioInput: 64, output: 22 } },
  },
  {
    ...{ name: 'predicted vectors', preset: 'vertex', model: 'gemini-embedding-001', method: 'predict', answer: 'vectors-predict' },
    ...{ call: embedding(), usage: { input: 11, units: { CHARACTER: 35 } } },
  },
  {
    ...{ name: 'a vector of one content', preset: 'vertex', model: 'gemini-embedding-2', method: 'embedContent' },
    ...{ answer: 'vectors-embed-content', call: embedding({ texts: ['one'] }), usage: { input: 4 } },
  },
];

/** From the bytes of an upstream to the outcome, as the contract of every wire format has it for completions. */
describe.each(UNDER_TEST.map((one) => [one.name, one] as const))('%s', (_name, { call, preset, model, method, answer, usage }) => {
  let upstream: ScriptedUpstream;
  let caller: UpstreamCaller;
  const body = JSON.stringify(recorded(answer));

  beforeEach(async () => {
    upstream = await startScriptedUpstream();
    caller = createUpstreamCaller({ clock: systemClock, adapters: WIRE_FORMAT_ADAPTERS });
  });

  afterEach(async () => {
    await caller.close();
    await upstream.close();
  });

  const ask = (options: Parameters<typeof callOptions>[0] = {}): Promise<ChatCallOutcome> =>
    caller.ask(call, makeTarget({ wireFormat: 'GEMINI', preset, baseUrl: `${upstream.url}/v1beta`, upstreamModel: model }), {
      ...callOptions(options),
      stream: false,
    });
  const failureOf = async () => (await ask()).failure;

  test('K4 are asked for in one request, and come with what they took', async () => {
    upstream.respond(({ text }) => text(200, body, { 'content-type': 'application/json; charset=UTF-8' }));
    const outcome = await ask();
    const request = upstream.requests[0];
    expect([request?.method, request?.path]).toEqual(['POST', `/v1beta/models/${model}:${method}`]);
    expect(outcome).toMatchObject({ status: 'succeeded', failure: null, accepted: true, warnings: [] });
    expect(outcome.answer).toMatchObject({ ended: true, result: { operation: call.operation }, usage: { source: 'REPORTED', ...usage } });
    expect(upstream.requests).toHaveLength(1);
  });

  test('are the same where their bytes come one by one', async () => {
    upstream.respondOnce(({ text }) => text(200, body, { 'content-type': 'application/json' }));
    const whole = await ask();
    upstream.respondOnce(({ startStream, drip }) => {
      startStream({ 'content-type': 'application/json' });
      return drip(body);
    });
    const { status, answer: answered } = await ask();
    expect([status, answered]).toEqual(['succeeded', whole.answer]);
  });

  test.each(GEMINI_UNDER_TEST.errors.map((error) => [error.name, error] as const))(
    'an error’s class is told: %s',
    async (_error, error) => {
      upstream.respond(({ text }) => text(error.status, error.body, { 'content-type': 'application/json' }));
      expect(await failureOf()).toMatchObject({ class: error.failureClass, httpStatus: error.status });
    },
  );

  test.each([
    ['cut in the middle', body.slice(0, -20), 'BAD_RESPONSE'],
    ['empty', '', 'BAD_RESPONSE'],
    ['a page', '<html>', 'BAD_RESPONSE'],
    ['of another kind', '{"data":[]}', 'BAD_RESPONSE'],
    ['an error', '{"error":{"code":503,"message":"The model is overloaded.","status":"UNAVAILABLE"}}', 'OVERLOADED'],
    ['an error in a list', '[{"error":{"code":429,"message":"Quota exceeded.","status":"RESOURCE_EXHAUSTED"}}]', 'BAD_RESPONSE'],
  ])('S6 a good status does not make an answer of what is %s', async (_what, text, failureClass) => {
    upstream.respond((exchange) => exchange.text(200, text, { 'content-type': 'application/json' }));
    const { status, failure, answer: answered } = await ask();
    expect([status, failure?.class, answered.result]).toEqual(['failed', failureClass, undefined]);
  });

  test('a connection that ends before its body is a failure, and one that is left is closed', async () => {
    upstream.respondOnce(async ({ startStream, send, cut }) => {
      startStream({ 'content-type': 'application/json' });
      await send(body.slice(0, 30));
      cut();
    });
    expect((await ask()).status).toBe('failed');
    const gate = createGate();
    const controller = new AbortController();
    upstream.respondOnce(() => gate.opened);
    const asked = ask({ signal: controller.signal });
    const arrived = await upstream.nextRequest();
    controller.abort();
    expect((await asked).status).toBe('cancelled');
    await arrived.socketClosed;
    gate.open();
  });
});

describe('against an upstream of other make', () => {
  const mock = new LLMock({ port: 0, host: '127.0.0.1', logLevel: 'silent' });
  const spoken = Buffer.alloc(8, 1).toString('base64');
  let caller: UpstreamCaller;

  beforeAll(async () => {
    mock.onEmbedding(/.*/, { embedding: [0.5, -1] });
    mock.onMessage(/^Good morning$/, { audio: { b64Json: spoken, contentType: 'audio/L16;rate=24000' } });
    mock.onMessage(/^Transcribe/, { content: 'Good morning.' });
    await mock.start();
    caller = createUpstreamCaller({ clock: systemClock, adapters: WIRE_FORMAT_ADAPTERS });
  });

  afterAll(async () => {
    await caller.close();
    await mock.stop();
  });

  test.each([
    ['a vector', 'gemini-embedding-2', embedding({ texts: ['one'] }), { vectors: [[0.5, -1]] }],
    ['speech', 'gemini-2.5-flash-tts', speech({ format: 'PCM' }), { mimeType: 'audio/pcm', base64: spoken }],
    ['a transcript', 'gemini-3.8-flash', transcription(), { text: 'Good morning.' }],
  ])('%s comes', async (_what, upstreamModel, call, result) => {
    const target = makeTarget({ wireFormat: 'GEMINI', preset: 'vertex', baseUrl: `${mock.url}/v1beta`, upstreamModel });
    const outcome = await caller.ask(call, target, callOptions({ stream: false }));
    expect(outcome).toMatchObject({ status: 'succeeded', failure: null, answer: { ended: true, result } });
  });
});
