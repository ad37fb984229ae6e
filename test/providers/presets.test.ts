import { describe, expect, test } from '@jest/globals';
import { findProvider } from '@pydantic/genai-prices';
import { readFileSync, readdirSync } from 'node:fs';
import type { ProviderPreset } from '../../src/catalog/contract.js';
import { WIRE_FORMAT_ADAPTERS } from '../../src/providers/adapters.js';
import { checkUrl } from '../../src/providers/network-guard.js';
import { PRESETS, findPreset } from '../../src/providers/presets.js';

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
  xai: 'x-ai',
  together: 'together',
  fireworks: 'fireworks',
  openrouter: 'openrouter',
  perplexity: 'perplexity',
  cerebras: 'cerebras',
  cohere: 'cohere',
  vertex: 'google',
};

const slugOf = (name: string) => name.toLowerCase().replace(/[^a-z0-9._-]/g, '-');

test('every vendor that was promised is there, once', () => {
  expect(asCatalogueSees.map(({ name }) => name).sort()).toEqual(
    [...Object.keys(PRICE_LISTS), 'bedrock', 'ollama', 'vllm', 'lm-studio', 'sandbox'].sort(),
  );
  expect(findPreset('nobody')).toBeNull();
  for (const preset of PRESETS) expect(findPreset(preset.name)).toBe(preset);
});

describe.each(PRESETS.map((preset) => [preset.name, preset] as const))('%s', (name, preset) => {
  test('its address is one that calls may go to', () => {
    if (preset.baseUrl === null) expect(['azure-openai', 'bedrock', 'sandbox', 'vertex']).toContain(name);
    else {
      expect(checkUrl(preset.baseUrl, preset)).toBeNull();
      expect(preset.baseUrl).not.toMatch(/\/$/);
    }
    expect(preset.needsCredential).toBe(!preset.allowPrivateNetwork);
  });

  test('it speaks a wire format that is built', () => {
    expect(WIRE_FORMAT_ADAPTERS.has(preset.wireFormat)).toBe(true);
  });

  test('its models are at most ten, named by the rule of slugs, and in the vendor’s price list', () => {
    expect(preset.models.length).toBeLessThanOrEqual(10);
    expect(new Set(preset.models.map(({ model }) => model)).size).toBe(preset.models.length);
    const list = PRICE_LISTS[name];
    const known = new Set((list === undefined ? null : findProvider({ providerId: list }))?.models.map(({ id }) => id));
    for (const { model, upstreamModel = model } of preset.models) {
      // A vendor's dated name begins with the one that its price is listed under.
      expect(slugOf(upstreamModel.split('/models/').at(-1) ?? '').replace(/-\d\d-\d{4}$/, '')).toBe(model);
      if (list !== undefined) expect([...known].map(slugOf)).toContain(model);
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
