import { describe, expect, test } from '@jest/globals';
import type { CompletionCall } from '../../src/core/completion.js';
import type { JsonObject } from '../../src/core/json.js';
import { CAPABILITIES } from '../../src/core/vocabulary.js';
import type { WireFormat } from '../../src/core/vocabulary.js';
import type { ProviderTarget } from '../../src/providers/contract.js';
import { chatApi, makeCall, makeTarget } from './support.js';

const PLACE: JsonObject = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
const format = (schema = PLACE, strict = true) => ({ kind: 'jsonSchema', name: 'place', schema, strict }) as const;

interface Case {
  readonly wireFormat: WireFormat;
  readonly target?: Partial<ProviderTarget>;
  /** The field in which the vendor is told the schema. */
  readonly field: string;
}

const VOUCHED: readonly Case[] = [
  { wireFormat: 'OPENAI_CHAT', target: { preset: 'openai' }, field: 'response_format' },
  { wireFormat: 'OPENAI_RESPONSES', field: 'text' },
  { wireFormat: 'ANTHROPIC_MESSAGES', field: 'output_config' },
  { wireFormat: 'GEMINI', field: 'generationConfig' },
  { wireFormat: 'BEDROCK_CONVERSE', target: { upstreamModel: 'anthropic.claude-sonnet-4-5-20250929-v1:0' }, field: 'outputConfig' },
];
/** These know a part of JSON Schema only. */
const REDUCED = VOUCHED.filter(({ wireFormat }) => !wireFormat.startsWith('OPENAI'));

function holds({ wireFormat, target }: Omit<Case, 'field'>, call: Partial<CompletionCall> = {}, refused: readonly string[] = []): boolean {
  const at = makeTarget({ wireFormat, capabilities: new Set(CAPABILITIES), ...target });
  const made = makeCall({ responseFormat: format(), ...call });
  return chatApi(wireFormat).toRequest(made, at, { stream: false, refusedParameters: new Set(refused) }).holdsSchema === true;
}

describe('a vendor vouches for a schema', () => {
  test.each(VOUCHED)('of $wireFormat that is strict, and said whole', (one) => {
    expect(holds(one)).toBe(true);
    expect(holds(one, { responseFormat: format(PLACE, false) })).toBe(false);
    expect(holds(one, { responseFormat: { kind: 'json' } })).toBe(false);
    expect(holds(one, { responseFormat: null })).toBe(false);
  });

  test.each(VOUCHED)('of $wireFormat unless the caller says something else in its place', ({ field, ...one }) => {
    expect(holds(one, { providerOptions: { [one.wireFormat]: { [field]: {} } } })).toBe(false);
  });

  test.each(REDUCED)('of $wireFormat of which nothing was left out', (one) => {
    const lost = { ...PLACE, properties: { city: { type: 'string', not: { const: 'Oslo' } } } };
    const oneOf = { ...PLACE, properties: { city: { oneOf: [{ type: 'string' }, { const: 'Oslo' }] } } };
    const apart = { ...PLACE, properties: { city: { oneOf: [{ type: 'string' }, { type: 'number' }] } } };
    expect(holds(one, { responseFormat: format(lost) })).toBe(false);
    expect(holds(one, { responseFormat: format(oneOf) })).toBe(false);
    expect(holds(one, { responseFormat: format(apart) })).toBe(true);
  });

  test.each(REDUCED.filter(({ wireFormat }) => wireFormat !== 'GEMINI'))('of $wireFormat unless a tool stands in for it', (one) => {
    expect(holds(one, {}, ['output_format'])).toBe(false);
  });

  test.each(['vllm', 'openrouter', 'groq', null])('never where only its form is OpenAI’s: %s', (preset) => {
    expect(holds({ wireFormat: 'OPENAI_CHAT', target: { preset } })).toBe(false);
  });
});
