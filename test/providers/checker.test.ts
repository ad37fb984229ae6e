import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { systemClock } from '../../src/core/clock.js';
import { Secret } from '../../src/core/secret.js';
import { WIRE_FORMAT_ADAPTERS } from '../../src/providers/adapters.js';
import { createUpstreamChecker } from '../../src/providers/checker.js';
import { createHttpClient } from '../../src/providers/client.js';
import type { ProviderTarget } from '../../src/providers/contract.js';
import { createManualClock } from '../kit/manual-clock.js';
import { startScriptedUpstream } from '../kit/scripted-upstream.js';
import type { ScriptedUpstream } from '../kit/scripted-upstream.js';
import { makeTarget } from './support.js';

let upstream: ScriptedUpstream;
const client = createHttpClient();

beforeAll(async () => {
  upstream = await startScriptedUpstream();
});

afterAll(async () => {
  await client.close();
  await upstream.close();
});

const STAYS = new AbortController().signal;
const LIMITS = { connectMs: 5_000, totalMs: 10_000, signal: STAYS };

function check(fields: Partial<ProviderTarget> = {}, clock = systemClock) {
  const checker = createUpstreamChecker({ client, clock, adapters: WIRE_FORMAT_ADAPTERS });
  return checker.check(makeTarget({ baseUrl: upstream.baseUrl, apiKey: new Secret('sk-canary'), ...fields }), LIMITS);
}

test.each([
  ['OPENAI_CHAT', '/v1/models', 'authorization', 'Bearer sk-canary'],
  ['OPENAI_RESPONSES', '/v1/models', 'authorization', 'Bearer sk-canary'],
  ['ANTHROPIC_MESSAGES', '/v1/models?limit=1', 'x-api-key', 'sk-canary'],
  ['GEMINI', '/v1/models?pageSize=1', 'x-goog-api-key', 'sk-canary'],
] as const)('%s is asked for its models with its key', async (wireFormat, path, header, value) => {
  upstream.respond(({ json }) => json(200, { data: [] }));
  expect(await check({ wireFormat })).toEqual({ told: 'alive' });
  const request = await upstream.nextRequest();
  expect([request.method, request.path, request.body, request.headers[header]]).toEqual(['GET', path, '', value]);
});

test.each([
  [401, 'AUTH'],
  [429, 'RATE_LIMITED'],
  [500, 'SERVER_ERROR'],
  [503, 'OVERLOADED'],
])('%d is %s, without the key in its detail', async (status, failureClass) => {
  upstream.respond(({ json }) => json(status, { error: { message: 'no, sk-canary' } }));
  const { told } = await check();
  expect(told).toMatchObject({ class: failureClass });
  expect(JSON.stringify(told)).not.toContain('sk-canary');
});

test.each([400, 404, 405, 501])('%d tells of the list only: it says nothing', async (status) => {
  upstream.respond(({ json }) => json(status, { error: { message: 'no such path' } }));
  expect(await check()).toEqual({ told: null });
});

test('a connection that breaks is a failure, and so is silence past its time', async () => {
  upstream.respond(({ reset }) => reset());
  expect(await check()).toMatchObject({ told: { class: 'CONNECTION' } });
  const clock = createManualClock();
  const before = upstream.requests.length;
  upstream.respond(({ stall }) => stall());
  const silent = check({}, clock);
  while (upstream.requests.length === before) await new Promise((resolve) => setImmediate(resolve));
  await clock.advance(10_000);
  expect(await silent).toMatchObject({ told: { class: 'TIMEOUT' } });
});

test('a format without a list is not asked', async () => {
  const before = upstream.requests.length;
  expect(await check({ wireFormat: 'BEDROCK_CONVERSE' })).toEqual({ told: null });
  expect(upstream.requests.length).toBe(before);
});
