import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { AnswerDelta } from '../../src/core/answer.js';
import { systemClock } from '../../src/core/clock.js';
import type { Clock } from '../../src/core/clock.js';
import { Secret } from '../../src/core/secret.js';
import type { WireFormat } from '../../src/core/vocabulary.js';
import { WIRE_FORMAT_ADAPTERS } from '../../src/providers/adapters.js';
import { createUpstreamCaller } from '../../src/providers/caller.js';
import type { ProviderTarget, UpstreamCaller } from '../../src/providers/contract.js';
import { createManualClock } from '../kit/manual-clock.js';
import { startScriptedUpstream } from '../kit/scripted-upstream.js';
import type { ScriptedUpstream } from '../kit/scripted-upstream.js';
import { callOptions, makeCall, makeTarget } from './support.js';

const KEY = 'canary-key-0123456789abcdef';
const SECOND = 'canary-header-fedcba987654';
const MODELS: Partial<Record<WireFormat, string>> = { BEDROCK_CONVERSE: 'anthropic.claude-sonnet-4-6-v1:0', GEMINI: 'gemini-2.5-flash' };

const forms = [...WIRE_FORMAT_ADAPTERS.keys()].flatMap((format) => [true, false].map((stream) => ({ format, stream })));

let upstream: ScriptedUpstream;
let callers: UpstreamCaller[];

beforeEach(async () => {
  upstream = await startScriptedUpstream();
  callers = [];
});

afterEach(async () => {
  await Promise.all(callers.map((caller) => caller.close()));
  await upstream.close();
});

interface Form {
  readonly format: WireFormat;
  readonly stream: boolean;
}

/** The outcome, and every word that was told on the way to it. */
async function ask({ format, stream }: Form, changes: Partial<ProviderTarget> = {}, clock: Clock = systemClock) {
  const caller = createUpstreamCaller({ clock, adapters: WIRE_FORMAT_ADAPTERS });
  callers.push(caller);
  const upstreamModel = MODELS[format] ?? 'model';
  const where = { wireFormat: format, baseUrl: upstream.baseUrl, upstreamModel, model: upstreamModel };
  const target = makeTarget({ ...where, apiKey: new Secret(KEY), headers: { 'x-second': SECOND }, ...changes });
  const told: AnswerDelta[] = [];
  const options = { baseUrl: 'http://127.0.0.1:1/v1', base_url: 'http://127.0.0.1:1/v1', allowPrivateNetwork: true };
  const providerOptions = changes.providerSlug === undefined ? null : { [changes.providerSlug]: options };
  const outcome = await caller.chat(
    makeCall({ providerOptions }),
    target,
    callOptions({ stream, onDeltas: (deltas) => told.push(...deltas) }),
  );
  return { outcome, words: JSON.stringify([outcome, told]) };
}

describe.each(forms)('$format, streamed: $stream', (form) => {
  test.each([
    [404, 'TARGET_NOT_FOUND'],
    [500, 'SERVER_ERROR'],
  ] as const)('K4 keys that a %i echoes are in no failure', async (status, failureClass) => {
    const words = `Bad key ${KEY}, header x-second: ${SECOND}, Authorization: Bearer ${KEY}, https://vendor.test/v1?key=${KEY}`;
    const body = { message: words, error: { message: words, type: 'error', status: words }, type: 'error', __type: words };
    upstream.respond(({ json }) => json(status, body, { 'x-echo': KEY, 'x-amzn-errortype': KEY }));
    const { outcome, words: told } = await ask(form);
    expect(outcome).toMatchObject({ status: 'failed', failure: { class: failureClass, httpStatus: status } });
    expect(told).not.toContain('canary');
  });

  test('K4 the key travels in a header, and neither in the address nor in the body', async () => {
    await ask(form);
    const { path, body, headers } = await upstream.nextRequest();
    expect(`${path} ${body}`).not.toContain('canary');
    expect(JSON.stringify(headers)).toContain(KEY);
  });

  test('K4 a key is in no failure of the connection: TLS, and nobody there', async () => {
    const tls = await ask(form, { baseUrl: upstream.baseUrl.replace('http:', 'https:') });
    expect(tls.outcome).toMatchObject({ status: 'failed', accepted: false, failure: { class: 'CONNECTION' } });
    const nobody = await ask(form, { baseUrl: 'http://127.0.0.1:1/v1' });
    expect(nobody.outcome).toMatchObject({ status: 'failed', accepted: false, failure: { class: 'CONNECTION' } });
    expect(tls.words + nobody.words).not.toContain('canary');
  });

  test.each([301, 302, 303, 307, 308])('K3 K4 a %i is not followed, and no credential goes where it leads', async (status) => {
    const elsewhere = await startScriptedUpstream();
    upstream.respond(({ text }) => text(status, KEY, { location: `${elsewhere.baseUrl}?key=${KEY}` }));
    const { outcome, words } = await ask(form);
    expect(outcome).toMatchObject({ status: 'failed', failure: { httpStatus: status } });
    expect(words).not.toContain('canary');
    expect(elsewhere.requests).toHaveLength(0);
    expect(upstream.requests).toHaveLength(1);
    await elsewhere.close();
  });

  test('K3 a private address is reached only where the provider allows it', async () => {
    const { outcome, words } = await ask(form, { allowPrivateNetwork: false });
    expect(outcome).toMatchObject({ status: 'failed', accepted: false, failure: { class: 'TARGET_NOT_FOUND' } });
    expect(words).not.toContain('canary');
    expect(upstream.requests).toHaveLength(0);
  });

  test('K3 a caller’s options lead nowhere else, and allow nothing', async () => {
    await ask(form, { providerSlug: 'acme' });
    expect((await upstream.nextRequest()).path).toMatch(/^\/v1\//);
    expect((await ask(form, { providerSlug: 'acme', allowPrivateNetwork: false })).outcome).toMatchObject({ accepted: false });
    expect(upstream.requests).toHaveLength(1);
  });
});

test.each(forms.filter(({ stream }) => stream))('K4 $format: a key is in no timeout, and its socket is closed', async (form) => {
  const clock = createManualClock();
  upstream.respond(({ stall }) => stall());
  const asked = ask(form, {}, clock);
  const request = await upstream.nextRequest();
  const done = asked.then(() => true);
  while (!(await Promise.race([done, clock.advance(10_000).then(() => false)])));
  const { outcome, words } = await asked;
  expect(outcome).toMatchObject({ status: 'failed', accepted: true, failure: { class: 'TIMEOUT' } });
  expect(words).not.toContain('canary');
  await request.socketClosed;
});
