import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { systemClock } from '../../src/core/clock.js';
import type { CompletionCall } from '../../src/core/completion.js';
import { CAPABILITIES } from '../../src/core/vocabulary.js';
import type { Capability, WireFormat } from '../../src/core/vocabulary.js';
import { WIRE_FORMAT_ADAPTERS } from '../../src/providers/adapters.js';
import { fitToModel } from '../../src/providers/capabilities.js';
import { createUpstreamCaller } from '../../src/providers/caller.js';
import type { UpstreamCaller } from '../../src/providers/contract.js';
import { startScriptedUpstream } from '../kit/scripted-upstream.js';
import type { ScriptedUpstream } from '../kit/scripted-upstream.js';
import { callOptions, chatApi, makeCall, makeTarget, message, textPart } from './support.js';

const without = (...lacking: readonly Capability[]) => new Set(CAPABILITIES.filter((capability) => !lacking.includes(capability)));
const SCHEMA = { type: 'object', properties: { city: { type: 'string' } } };
const FORMAT = { kind: 'jsonSchema', name: 'place', schema: SCHEMA, strict: true } as const;

function fit(call: Partial<CompletionCall>, lacking: readonly Capability[], wireFormat: WireFormat = 'OPENAI_CHAT') {
  const target = makeTarget({ wireFormat, capabilities: without(...lacking) });
  return fitToModel(makeCall(call), { target, ownWays: chatApi(wireFormat).ownWays, stream: true });
}

/** For each capability without which there is another way: a call that uses it, and what must be told. */
const SOFT: readonly (readonly [Capability, Partial<CompletionCall>, RegExp])[] = [
  ['STREAMING', {}, /does not stream/],
  ['REASONING', { reasoning: { effort: 'HIGH', maxTokens: null } }, /reasoning/],
  ['REASONING', { reasoning: { effort: null, maxTokens: 2_000 } }, /reasoning/],
  ['PARALLEL_TOOLS', { parallelToolCalls: true }, /parallelToolCalls/],
  ['PROMPT_CACHING', { messages: [message('USER', [{ ...textPart('Hi'), promptCache: 'ONE_HOUR' }])] }, /promptCache/],
  ['JSON_SCHEMA', { responseFormat: FORMAT }, /schema/],
  ['JSON_MODE', { responseFormat: { kind: 'json' } }, /JSON/],
];

test.each(SOFT)('P12 what a model without %s can’t be asked, %j, is told and changed; with it, nothing is', (capability, call, words) => {
  const { warnings, ...fitted } = fit(call, [capability]);
  expect(warnings).toEqual([expect.stringMatching(words)]);
  expect(fitted).not.toEqual({ call: makeCall(call), stream: true });
  expect(fit(call, [])).toEqual({ call: makeCall(call), stream: true, warnings: [] });
});

test('what a model does anyway is changed in silence', () => {
  expect(fit({ reasoning: { effort: 'NONE', maxTokens: null } }, ['REASONING'])).toMatchObject({ call: { reasoning: null }, warnings: [] });
  expect(fit({ parallelToolCalls: false }, ['PARALLEL_TOOLS'])).toMatchObject({ call: { parallelToolCalls: null }, warnings: [] });
});

test('a schema becomes an instruction behind the system’s own, with JSON mode where there is one', () => {
  const messages = [message('SYSTEM', 'Be brief.'), message('USER', 'Where?')];
  const { call } = fit({ messages, responseFormat: FORMAT }, ['JSON_SCHEMA']);
  expect(call.responseFormat).toEqual({ kind: 'json' });
  expect(call.messages.map(({ role }) => role)).toEqual(['SYSTEM', 'SYSTEM', 'USER']);
  expect(call.messages[1]?.parts).toEqual([expect.objectContaining({ text: expect.stringContaining(JSON.stringify(SCHEMA)) })]);
  const neither = fit({ messages, responseFormat: FORMAT }, ['JSON_SCHEMA', 'JSON_MODE']);
  expect(neither.call).toMatchObject({ responseFormat: null, messages: [{}, {}, {}] });
  expect(neither.warnings).toHaveLength(2);
});

test.each(['ANTHROPIC_MESSAGES', 'BEDROCK_CONVERSE'] as const)('%s has a way of its own to a schema', (wireFormat) => {
  expect(fit({ responseFormat: FORMAT }, ['JSON_SCHEMA', 'JSON_MODE'], wireFormat)).toEqual({
    call: makeCall({ responseFormat: FORMAT }),
    stream: true,
    warnings: [],
  });
});

describe('over the wire', () => {
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

  test('a model that does not stream is called whole, and its answer told as a stream', async () => {
    const told: string[] = [];
    const target = makeTarget({ baseUrl: upstream.baseUrl, capabilities: without('STREAMING') });
    const options = callOptions({ onDeltas: (deltas) => told.push(...deltas.map(({ type }) => type)) });
    expect(await caller.chat(makeCall(), target, options)).toMatchObject({
      status: 'succeeded',
      answer: { ended: true },
      warnings: [expect.stringMatching(/stream/)],
    });
    expect((await upstream.nextRequest()).json).not.toHaveProperty('stream');
    expect(told).toEqual(expect.arrayContaining(['text', 'finish', 'end']));
  });

  test('what was changed and what the format left out are told together', async () => {
    const target = makeTarget({ baseUrl: upstream.baseUrl, capabilities: without('REASONING'), preset: 'mistral' });
    const outcome = await caller.chat(makeCall({ reasoning: { effort: 'LOW', maxTokens: null }, user: 'u' }), target, callOptions());
    expect(outcome.warnings).toEqual([expect.stringMatching(/^reasoning/), expect.stringMatching(/^user/)]);
  });
});
