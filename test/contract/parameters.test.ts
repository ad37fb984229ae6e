import { describe, expect, test } from '@jest/globals';
import type { CompletionCall } from '../../src/core/completion.js';
import { WIRE_FORMAT_ADAPTERS } from '../../src/providers/adapters.js';
import { Untranslatable } from '../../src/providers/contract.js';
import type { ChatRequest, ProviderTarget } from '../../src/providers/contract.js';
import { PRESETS } from '../../src/providers/presets.js';
import { chatApi, makeCall, makeTarget } from '../providers/support.js';
import { PARAMETERS } from './parameters.js';

/** Every wire format in its plain form, every vendor's dialect, and models of a kind that is asked otherwise. */
const TARGETS: readonly (readonly [string, Partial<ProviderTarget>])[] = [
  ...[...WIRE_FORMAT_ADAPTERS.keys()].map((wireFormat) => [wireFormat, { wireFormat }] as const),
  ...PRESETS.filter(({ operations = ['COMPLETION'] }) => operations.includes('COMPLETION')).map(
    ({ name, wireFormat }) => [name, { preset: name, wireFormat }] as const,
  ),
  ['claude-opus-5', { wireFormat: 'ANTHROPIC_MESSAGES', upstreamModel: 'claude-opus-5' }],
  ['gemini-3.5-flash', { wireFormat: 'GEMINI', upstreamModel: 'gemini-3.5-flash' }],
  ['gemini-2.5-flash', { wireFormat: 'GEMINI', upstreamModel: 'gemini-2.5-flash' }],
  ['Claude on Bedrock', { wireFormat: 'BEDROCK_CONVERSE', upstreamModel: 'anthropic.claude-sonnet-4-5-v1:0' }],
  ['Nova on Bedrock', { wireFormat: 'BEDROCK_CONVERSE', upstreamModel: 'amazon.nova-pro-v1:0' }],
];

/** The request, warnings included, or that there is none. */
function translated(
  call: Partial<CompletionCall>,
  target: Partial<ProviderTarget>,
  refused: readonly string[] = [],
): ChatRequest | 'refused' {
  const whole = makeTarget(target);
  try {
    return chatApi(whole.wireFormat).toRequest(makeCall(call), whole, { stream: false, refusedParameters: new Set(refused) });
  } catch (error) {
    if (error instanceof Untranslatable) return 'refused';
    throw error;
  }
}

describe.each(TARGETS)('P12 %s maps, refuses or tells of', (_, target) => {
  const plain = warningsOf(translated({}, target));

  test.each(PARAMETERS)('$name', ({ given, without }) => {
    const request = translated(given, target);
    const told = request === 'refused' || warningsOf(request).some((warning) => !plain.includes(warning));
    if (!told) expect(request).not.toEqual(translated(without, target));
  });
});

function warningsOf(request: ChatRequest | 'refused'): readonly string[] {
  return request === 'refused' ? [] : request.warnings;
}

describe.each(TARGETS)('P10 P12 %s tells of what it leaves out because it was refused before', (_, target) => {
  const request = translated({}, target);
  const names = [
    ...['temperature', 'topP', 'stop', 'seed', 'frequencyPenalty', 'presencePenalty', 'user', 'maxOutputTokens'],
    ...['reasoning.effort LOW', 'reasoning.effort HIGH', 'parallelToolCalls false'],
  ];

  test.each(PARAMETERS.filter(({ name }) => names.includes(name)))('$name', ({ given, without }) => {
    const [full, bare] = [translated(given, target), translated(without, target)];
    if (request === 'refused' || full === 'refused' || bare === 'refused') throw new Error('the call is plain');
    const fields = fieldsOf(full.body).filter((field) => !fieldsOf(bare.body).includes(field));
    for (const field of fields) expect(translated(given, target, [field])).not.toEqual(translated(without, target, [field]));
  });
});

/** The fields that a vendor may refuse by name: those of the body, and of what holds its settings. */
function fieldsOf(body: ChatRequest['body']): readonly string[] {
  return Object.entries(body).flatMap(([name, value]) =>
    /Config$/.test(name) && value !== null && typeof value === 'object' ? [name, ...Object.keys(value)] : [name],
  );
}
