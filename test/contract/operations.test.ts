import { LLMock } from '@copilotkit/aimock';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { systemClock } from '../../src/core/clock.js';
import type { OperationName } from '../../src/core/operations.js';
import { Secret } from '../../src/core/secret.js';
import { WIRE_FORMAT_ADAPTERS } from '../../src/providers/adapters.js';
import { createUpstreamCaller } from '../../src/providers/caller.js';
import type { ProviderTarget, UpstreamCaller } from '../../src/providers/contract.js';
import type { Preset } from '../../src/providers/preset.js';
import { PRESETS } from '../../src/providers/presets.js';
import { createGate, startScriptedUpstream } from '../kit/scripted-upstream.js';
import type { ScriptedUpstream } from '../kit/scripted-upstream.js';
import { callOptions, makeTarget } from '../providers/support.js';
import { OPERATION_CALLS, operationUnderTest } from './operations-under-test.js';
import { basePathOf } from './own-paths.js';

const KEY = 'sk-operations-0123456789';

const promised = PRESETS.flatMap((preset) =>
  (preset.operations ?? []).flatMap((operation) => (operation === 'COMPLETION' ? [] : [[preset.name, operation, preset] as const])),
);

let caller: UpstreamCaller;

beforeEach(() => {
  caller = createUpstreamCaller({ clock: systemClock, adapters: WIRE_FORMAT_ADAPTERS });
});

afterEach(() => caller.close());

function targetOf(preset: Preset, origin: string, upstreamModel: string | undefined): ProviderTarget {
  const { name, wireFormat } = preset;
  const place = { preset: name, wireFormat, baseUrl: origin + basePathOf(preset), apiKey: new Secret(KEY) };
  return makeTarget(upstreamModel === undefined ? place : { ...place, upstreamModel, model: upstreamModel });
}

test('every wire format’s operations are promised by a preset', () => {
  for (const { wireFormat, operations = {} } of WIRE_FORMAT_ADAPTERS.values())
    for (const operation of Object.keys(operations))
      expect(promised.some(([, name, preset]) => name === operation && preset.wireFormat.slice(0, 6) === wireFormat.slice(0, 6))).toBe(
        true,
      );
});

describe.each(promised)('%s %s', (_, operation, preset) => {
  const { call, answer, upstreamModel } = operationUnderTest(preset, operation);
  let upstream: ScriptedUpstream;

  beforeEach(async () => {
    upstream = await startScriptedUpstream();
  });

  afterEach(() => upstream.close());

  const ask = (signal?: AbortSignal) =>
    caller.ask(call, targetOf(preset, upstream.url, upstreamModel), callOptions({ stream: false, ...(signal && { signal }) }));

  test('is asked below its own path, with the key in a header, and answered', async () => {
    upstream.respond(answer);
    const outcome = await ask();
    expect(outcome).toMatchObject({ status: 'succeeded', failure: null, accepted: true, answer: { ended: true, result: { operation } } });
    const { path, headers } = await upstream.nextRequest();
    expect(path.startsWith(preset.quirks?.besideChat?.paths[operation] ?? basePathOf(preset))).toBe(true);
    expect(path).not.toContain(KEY);
    expect(Object.values(headers).some((value) => String(value).includes(KEY))).toBe(true);
  });

  test('S20 S24 fails whole where it is refused, unreadable or cut, and leaves the provider where the caller does', async () => {
    upstream.respondOnce(({ json }) => json(429, { error: { message: 'Slow down.' }, message: 'Slow down.' }, { 'retry-after': '7' }));
    upstream.respondOnce(({ text }) => text(200, '<html>maintenance</html>', { 'content-type': 'text/html' }));
    upstream.respondOnce(({ cut }) => cut());
    expect(await ask()).toMatchObject({ status: 'failed', accepted: true, failure: { class: 'RATE_LIMITED', retryAfterMs: 7_000 } });
    expect(await ask()).toMatchObject({ status: 'failed', failure: { class: 'BAD_RESPONSE' }, answer: { ended: false } });
    expect(await ask()).toMatchObject({ status: 'failed', answer: { ended: false } });

    const left = createGate();
    const controller = new AbortController();
    upstream.respondOnce(async ({ stall }) => {
      controller.abort();
      await stall();
      left.open();
    });
    expect(await ask(controller.signal)).toMatchObject({ status: 'cancelled', failure: null });
    await left.opened;
  });
});

describe('against an upstream of other make', () => {
  const mock = new LLMock({ port: 0, host: '127.0.0.1', logLevel: 'silent' });

  beforeAll(async () => {
    mock.onEmbedding(/.*/, { embedding: [0.5, -1] });
    mock.onImage(/.*/, { image: { b64Json: 'aGVyb24=' } });
    mock.onSpeech(/.*/, { audio: Buffer.from('RIFF spoken').toString('base64'), format: 'wav' });
    mock.onTranscription({ transcription: { text: 'Good morning.', duration: 12.4 } });
    mock.onModerate(/.*/, { flagged: true, categories: { hate: true }, category_scores: { hate: 0.9 } });
    mock.onRerank(/.*/, [{ index: 1, relevance_score: 0.9 }]);
    await mock.start();
  });

  afterAll(() => mock.stop());

  const RESULTS: Readonly<Record<OperationName, object>> = {
    EMBEDDING: { vectors: [[0.5, -1]] },
    IMAGE: { images: [{ base64: 'aGVyb24=' }] },
    SPEECH: { base64: Buffer.from('RIFF spoken').toString('base64') },
    TRANSCRIPTION: { text: 'Good morning.' },
    MODERATION: { verdicts: [{ flagged: true, categories: [{ name: 'hate', score: 0.9 }] }] },
    RERANK: { rankings: [{ index: 1, score: 0.9 }] },
  };
  /** It speaks these nowhere, or with an answer that is no vendor's. */
  const unspoken = new Set(['bedrock', 'gemini', 'vertex']);
  const spoken = promised.filter(([name, operation]) => !unspoken.has(name) && (operation !== 'RERANK' || name === 'cohere'));

  test.each(spoken)('%s %s', async (_, operation, preset) => {
    const outcome = await caller.ask(OPERATION_CALLS[operation], targetOf(preset, mock.url, undefined), callOptions({ stream: false }));
    expect(outcome).toMatchObject({ status: 'succeeded', failure: null, answer: { ended: true, result: RESULTS[operation] } });
  });
});
