import { afterAll, describe, expect, test } from '@jest/globals';
import { findProvider } from '@pydantic/genai-prices';
import { readFileSync, readdirSync } from 'node:fs';
import type { ProviderPreset } from '../../src/catalog/contract.js';
import { readConfig } from '../../src/config.js';
import type { CompletionCall } from '../../src/core/completion.js';
import { WIRE_FORMAT_ADAPTERS } from '../../src/providers/adapters.js';
import type { ProviderTarget } from '../../src/providers/contract.js';
import { checkUrl } from '../../src/providers/network-guard.js';
import { PRESETS, findPreset } from '../../src/providers/presets.js';
import { writeKeyFile } from '../kit/key-file.js';
import { chatApi, makeCall, makeTarget, message } from './support.js';

/** Does not compile where the catalogue expects something else. */
const asCatalogueSees: readonly ProviderPreset[] = PRESETS;

/** The price data's name of a vendor, where it has a list of that vendor's own. */
const PRICE_LISTS: Readonly<Record<string, string>> = {
  openai: 'openai',
  anthropic: 'anthropic',
  gemini: 'google',
  'openai-responses': 'openai',
  'azure-openai': 'openai',
  mistral: 'mistral',
  groq: 'groq',
  deepseek: 'deepseek',
  moonshot: 'moonshotai',
  xai: 'x-ai',
  together: 'together',
  fireworks: 'fireworks',
  openrouter: 'openrouter',
  perplexity: 'perplexity',
  cerebras: 'cerebras',
  voyage: 'voyageai',
  cohere: 'cohere',
  vertex: 'google',
};

const TOOL = { name: 'f', description: null, parameters: { type: 'object' }, strict: null };
/** Calls that would fill a field. */
const GIVEN: Readonly<Record<string, Partial<CompletionCall>>> = {
  tools: { tools: [TOOL] },
  tool_choice: { tools: [TOOL], toolChoice: { kind: 'mode', mode: 'AUTO' } },
  parallel_tool_calls: { tools: [TOOL], parallelToolCalls: true },
  stop: { stop: ['END'] },
  seed: { seed: 7 },
  user: { user: 'u' },
};

const slugOf = (name: string) => name.toLowerCase().replace(/[^a-z0-9._-]/g, '-');

test('every vendor that was promised is there, once', () => {
  expect(asCatalogueSees.map(({ name }) => name).sort()).toEqual(
    [...Object.keys(PRICE_LISTS), 'bedrock', 'jina', 'ollama', 'vllm', 'lm-studio', 'sandbox'].sort(),
  );
  expect(findPreset('nobody')).toBeNull();
  for (const preset of PRESETS) expect(findPreset(preset.name)).toBe(preset);
});

/** What some want besides; nothing is made of it alone. */
const KEY_FILE = writeKeyFile();
afterAll(() => KEY_FILE.remove());
const BESIDE = { AWS_BEARER_TOKEN_BEDROCK: 'key', GOOGLE_APPLICATION_CREDENTIALS: KEY_FILE.file };

describe.each(PRESETS.map((preset) => [preset.name, preset] as const))('%s', (name, preset) => {
  test('its address is one that calls may go to', () => {
    if (preset.baseUrl === null) expect(['azure-openai', 'bedrock', 'sandbox', 'vertex']).toContain(name);
    else {
      expect(checkUrl(preset.baseUrl, preset)).toBeNull();
      expect(preset.baseUrl).not.toMatch(/\/$/);
    }
    expect(preset.needsCredential).toBe(!preset.allowPrivateNetwork);
  });

  test('the environment can make it by the variable that it names', () => {
    const { environmentVariable } = preset;
    const made = environmentVariable === null ? [] : readConfig({ ...BESIDE, [environmentVariable]: 'localhost' }).providerKeys;
    expect(made.map((key) => key.preset)).toEqual(environmentVariable === null ? [] : [name]);
  });

  test('it speaks a wire format that is built', () => {
    expect(WIRE_FORMAT_ADAPTERS.has(preset.wireFormat)).toBe(true);
  });

  test('its models for completions are at most ten, named by the rule of slugs, and in the vendor’s price list', () => {
    expect(preset.models.filter(({ operation }) => operation === undefined).length).toBeLessThanOrEqual(10);
    expect(new Set(preset.models.map(({ model }) => model)).size).toBe(preset.models.length);
    const list = PRICE_LISTS[name];
    const known = new Set((list === undefined ? null : findProvider({ providerId: list }))?.models.map(({ id }) => id));
    for (const { model, upstreamModel = model, operation } of preset.models) {
      // A vendor's dated name begins with the one that its price is listed under, which may be that of its preview.
      const upstream = slugOf(upstreamModel.split('/models/').at(-1) ?? '').replace(/-\d\d-\d{4}$/, '');
      expect([model, model.replace(/-preview$/, '')]).toContain(upstream);
      // What is billed by the search is in no list.
      if (list !== undefined && operation !== 'RERANK') expect([...known].map(slugOf)).toContain(model);
    }
  });
});

test('no preset takes more than forty lines', () => {
  const folder = new URL('../../src/providers/presets/', import.meta.url);
  for (const file of readdirSync(folder)) {
    const blocks = readFileSync(new URL(file, folder), 'utf8')
      .split(/^ {2}\{$/m)
      .slice(1);
    for (const block of blocks) expect(block.split(/^ {2}\},$/m)[0]?.split('\n').length).toBeLessThanOrEqual(40);
  }
});

describe('dialects', () => {
  const media = { url: null, base64: 'AAAA', mimeType: null, name: null };
  const ask = (preset: string, call: Partial<CompletionCall>, target: Partial<ProviderTarget> = {}) =>
    chatApi('OPENAI_CHAT').toRequest(makeCall(call), makeTarget({ preset, ...target }), { stream: true, refusedParameters: new Set() });

  const formless = PRESETS.flatMap(({ name, quirks }) => (quirks?.noForm ?? []).map((kind) => [name, kind] as const));
  test.each(formless)('%s has no form for %s: it is refused before anything is sent', (preset, kind) => {
    expect(() => ask(preset, { messages: [message('USER', [{ kind, media }])] })).toThrow(`no ${kind}`);
  });

  const dropped = PRESETS.flatMap(({ name, quirks }) =>
    Object.entries(quirks?.fields ?? {}).flatMap(([field, known]) => (known === null && field in GIVEN ? [[name, field] as const] : [])),
  );
  test.each(dropped)('P12 %s takes no %s: it is left out, and told', (preset, field) => {
    const { body, warnings } = ask(preset, GIVEN[field] ?? {});
    expect(body).not.toHaveProperty(field);
    expect(warnings).toContainEqual(expect.stringContaining(field));
  });

  test.each([
    ['https://x.openai.azure.com/openai/v1', '/chat/completions'],
    ['https://x.openai.azure.com/openai', '/deployments/my%20gpt/chat/completions?api-version=2024-10-21'],
  ])('Azure’s deployments at %s are called at %s', (baseUrl, path) => {
    expect(ask('azure-openai', {}, { baseUrl, upstreamModel: 'my gpt' }).path).toBe(path);
  });
});
