import { describe, expect, test } from '@jest/globals';
import type { ModelInfo, Provider as PriceList } from '@pydantic/genai-prices';
import { isSlug } from '../../src/core/input-checks.js';
import { formatUsd } from '../../src/core/money.js';
import type { PriceTier } from '../../src/core/pricing.js';
import { overlayFor } from '../../src/catalog/overlay.js';
import { hostPrices, importPrices, slugOf } from '../../src/catalog/price-import.js';
import { CAPABILITIES } from '../../src/core/vocabulary.js';
import { PRESETS } from '../../src/providers/presets.js';

const imported = importPrices();
const bySlug = new Map(imported.models.map((model) => [model.slug, model]));

const shown = (tier: PriceTier | undefined) =>
  Object.fromEntries((tier?.rates ?? []).map((rate) => [rate.component, formatUsd(rate.amount)]));

/** A list of one vendor, nothing else. */
function listOf(models: readonly Omit<ModelInfo, 'match'>[]) {
  const list: PriceList = {
    id: 'openai',
    name: 'OpenAI',
    api_pattern: '',
    models: models.map((model) => ({ ...model, match: { equals: model.id } })),
  };
  return importPrices((id) => (id === 'openai' ? list : undefined));
}

describe('the bundled data', () => {
  test('every imported price is whole picodollars a unit, and not negative', () => {
    for (const { prices } of imported.models)
      for (const { tiers } of prices)
        for (const { rates } of tiers)
          for (const { amount, per } of rates) {
            expect(amount % BigInt(per)).toBe(0n);
            expect(amount >= 0n).toBe(true);
          }
  });

  test('every tier list begins at 0, ascends, and names no component twice', () => {
    for (const { prices } of imported.models)
      for (const { tiers } of prices) {
        const bounds = tiers.map((tier) => tier.aboveInputTokens);
        expect(bounds[0]).toBe(0);
        expect(bounds).toEqual([...new Set(bounds)].sort((left, right) => left - right));
        for (const { rates } of tiers) expect(new Set(rates.map((rate) => rate.component)).size).toBe(rates.length);
      }
  });

  test('every dated price begins later than the one before', () => {
    for (const { prices } of imported.models) {
      const starts = prices.map((price) => price.effectiveFrom.getTime());
      expect(starts).toEqual([...new Set(starts)].sort((left, right) => left - right));
    }
  });

  test('slugs are slugs, once each', () => {
    expect(imported.models.length).toBeGreaterThan(100);
    expect(bySlug.size).toBe(imported.models.length);
    for (const slug of bySlug.keys()) expect(isSlug(slug)).toBe(true);
  });

  test('fine-tunes, resellers’ variants and other operations are not models', () => {
    const wrong = [...bySlug.keys()].filter((slug) => /^ft-|:|-free$|moderation|dall-e|realtime|ocr/.test(slug));
    expect(wrong).toEqual([]);
    const speaking = [...bySlug.values()].filter(({ slug }) => slug.includes('tts'));
    expect(speaking.flatMap(({ operations }) => operations).filter((operation) => operation !== 'SPEECH')).toEqual([]);
  });

  test.each([
    ['text-embedding-3-small', 'EMBEDDING', { INPUT: '0.02' }],
    ['gemini-embedding-001', 'EMBEDDING', { INPUT: '0.15' }],
    ['voyage-3.5', 'EMBEDDING', { INPUT: '0.06' }],
    ['gpt-image-1.5', 'IMAGE', { INPUT: '5', CACHED_INPUT: '1.25', OUTPUT: '10', IMAGE_INPUT: '8', IMAGE_OUTPUT: '32' }],
    ['gemini-3.1-flash-image-preview', 'IMAGE', { INPUT: '0.5', OUTPUT: '3', IMAGE_OUTPUT: '60' }],
    ['gemini-2.5-flash-tts', 'SPEECH', { INPUT: '0.5', OUTPUT: '10' }],
    ['gemini-embedding-2', 'EMBEDDING', { INPUT: '0.2', AUDIO_INPUT: '6.5', IMAGE_INPUT: '0.45' }],
    ['gpt-4o-transcribe', 'TRANSCRIPTION', { INPUT: '2.5', OUTPUT: '10', AUDIO_INPUT: '6' }],
    ['whisper-1', 'TRANSCRIPTION', { SECOND: '0.36' }],
  ])('%s is for %s alone, at the price of that', (slug, operation, rates) => {
    expect(bySlug.get(slug)?.operations).toEqual([operation]);
    expect(shown(bySlug.get(slug)?.prices[0]?.tiers[0])).toEqual(rates);
  });

  test('an hour that is listened to is priced by the second', () => {
    expect(bySlug.get('whisper-1')?.prices[0]?.tiers[0]?.rates).toEqual([{ component: 'SECOND', amount: 360_000_000_000n, per: 3_600 }]);
  });

  test('the vendor is who makes it, also where another list tells of it', () => {
    expect(bySlug.get('claude-sonnet-4-5')?.vendor).toBe('anthropic');
    expect([...bySlug.values()].filter(({ vendor, slug }) => vendor === 'google' && !/^gem(ini|ma)-/.test(slug))).toEqual([]);
  });

  test.each([
    ['gpt-4o', { INPUT: '2.5', CACHED_INPUT: '1.25', OUTPUT: '10' }],
    ['gpt-4o-mini', { INPUT: '0.15', CACHED_INPUT: '0.075', OUTPUT: '0.6' }],
    ['claude-sonnet-4-5', { INPUT: '3', CACHE_WRITE_5M: '3.75', CACHE_WRITE_1H: '6', CACHED_INPUT: '0.3', OUTPUT: '15' }],
  ])('%s costs what its vendor says', (slug, rates) => {
    expect(shown(bySlug.get(slug)?.prices[0]?.tiers[0])).toMatchObject(rates);
  });

  test('C5 a size tier carries every component', () => {
    const tiers = bySlug.get('gemini-2.5-pro')?.prices[0]?.tiers ?? [];
    expect(tiers.map((tier) => [tier.aboveInputTokens, shown(tier)])).toEqual([
      [0, { INPUT: '1.25', CACHED_INPUT: '0.125', OUTPUT: '10' }],
      [200_000, { INPUT: '2.5', CACHED_INPUT: '0.25', OUTPUT: '15' }],
    ]);
  });

  test('C13 a model whose price can not be told exactly is there without one, and counted', () => {
    expect(bySlug.get('deepseek-chat')?.prices).toEqual([]);
    expect(imported.skipped.inexpressible).toBeGreaterThan(0);
  });
});

describe('a list', () => {
  test('dated prices begin on their day, the undated one since ever', () => {
    const { models } = listOf([
      {
        id: 'o3',
        prices: [
          { prices: { input_mtok: 10, output_mtok: 40 } },
          { constraint: { type: 'start_date', start_date: '2025-06-10' }, prices: { input_mtok: 2, output_mtok: 8 } },
        ],
      },
    ]);
    expect(models[0]?.prices.map(({ effectiveFrom, tiers }) => [effectiveFrom.toISOString(), shown(tiers[0])])).toEqual([
      ['1970-01-01T00:00:00.000Z', { INPUT: '10', OUTPUT: '40' }],
      ['2025-06-10T00:00:00.000Z', { INPUT: '2', OUTPUT: '8' }],
    ]);
  });

  test('bounds that differ by component make tiers with all of them', () => {
    const { models } = listOf([
      {
        id: 'm',
        prices: {
          input_mtok: {
            base: 1,
            tiers: [
              { start: 300, price: 3 },
              { start: 100, price: 2 },
            ],
          },
          output_mtok: { base: 5, tiers: [{ start: 200, price: 6 }] },
        },
      },
    ]);
    expect(models[0]?.prices[0]?.tiers.map((tier) => [tier.aboveInputTokens, shown(tier)])).toEqual([
      [0, { INPUT: '1', OUTPUT: '5' }],
      [100, { INPUT: '2', OUTPUT: '5' }],
      [200, { INPUT: '2', OUTPUT: '6' }],
      [300, { INPUT: '3', OUTPUT: '6' }],
    ]);
  });

  test('a price finer than a picodollar a token is left out and counted', () => {
    const { models, skipped } = listOf([{ id: 'm', prices: { input_mtok: 0.123_456_7, output_mtok: 1 } }]);
    expect(models[0]).toMatchObject({ slug: 'm', prices: [] });
    expect(skipped).toEqual({ inexact: 1, inexpressible: 0 });
  });

  test('a component without a word of ours leaves the price out and counts it', () => {
    const { models, skipped } = listOf([{ id: 'm', prices: { input_mtok: 1, output_mtok: 1, input_video_mtok: 2 } }]);
    expect(models[0]?.prices).toEqual([]);
    expect(skipped).toEqual({ inexact: 0, inexpressible: 1 });
  });

  test('an explicit zero is a price, and stays one', () => {
    expect(shown(listOf([{ id: 'm', prices: { input_mtok: 0, output_mtok: 0 } }]).models[0]?.prices[0]?.tiers[0])).toEqual({
      INPUT: '0',
      OUTPUT: '0',
    });
  });

  test('a fee by the request is for a thousand', () => {
    const tier = listOf([{ id: 'm', prices: { input_mtok: 1, output_mtok: 1, requests_kcount: 12 } }]).models[0]?.prices[0]?.tiers[0];
    expect(tier?.rates.find(({ component }) => component === 'REQUEST')).toMatchObject({ per: 1_000 });
  });

  test.each(['ft:gpt-4o', 'gpt-4o-mini-2024-07-18.ft-', 'gpt-4o:extended', 'gpt-4o-mini-tts'])('%s is left out', (id) => {
    expect(listOf([{ id, prices: { input_mtok: 1, output_mtok: 1 } }]).models).toEqual([]);
  });
});

test('slugs are lower-cased, with other characters as dashes', () => {
  expect(slugOf('meta-llama/Llama-3.3_70B:free')).toBe('meta-llama-llama-3.3_70b-free');
});

describe('what hosts ask', () => {
  test('is found under the host’s own name, in any case and below an account', () => {
    expect(hostPrices('groq', 'llama-3.3-70b-versatile')).not.toEqual([]);
    expect(hostPrices('together', 'meta-llama/llama-3.3-70b-instruct-turbo')).not.toEqual([]);
    expect(hostPrices('fireworks', 'accounts/fireworks/models/deepseek-v4-pro')).not.toEqual([]);
  });

  test('is nothing for a vendor itself, a local server, or an unknown model', () => {
    expect([hostPrices('openai', 'gpt-4o'), hostPrices('ollama', 'llama3.2'), hostPrices('groq', 'nope')]).toEqual([[], [], []]);
  });
});

describe('the overlay', () => {
  test.each([
    ['gpt-4o-2024-08-06', 16_384],
    ['gpt-4o-2024-05-13', 4_096],
    ['gpt-4.1-nano', 32_768],
    ['gpt-4', 8_192],
    ['o3-pro', 100_000],
    ['claude-sonnet-4-6', 128_000],
    ['claude-sonnet-4-5', 64_000],
    ['claude-fable-5-1', 128_000],
    ['gpt-40', null],
  ])('%s can give %p tokens', (slug, maxOutputTokens) => {
    expect(overlayFor(slug).maxOutputTokens).toBe(maxOutputTokens);
  });

  test.each(['never-heard-of-it', 'constructor', '__proto__'])('%s has no entry: it can stream, and nothing else is promised', (slug) => {
    expect(overlayFor(slug)).toEqual({ capabilities: ['STREAMING'], maxOutputTokens: null });
  });

  test('names known capabilities, each once', () => {
    for (const slug of bySlug.keys()) {
      const { capabilities } = overlayFor(slug);
      expect(new Set(capabilities).size).toBe(capabilities.length);
      expect(capabilities.every((capability) => CAPABILITIES.includes(capability))).toBe(true);
    }
  });

  test('no output limit passes its model’s window', () => {
    const wrong = [...bySlug.values()].filter(
      ({ slug, operations, contextWindow }) =>
        operations.includes('COMPLETION') && (overlayFor(slug).maxOutputTokens ?? 0) > (contextWindow ?? Infinity),
    );
    expect(wrong.map(({ slug }) => slug)).toEqual([]);
  });

  test('the usual models of the vendors’ own presets can at least call tools or say why not', () => {
    const own = PRESETS.filter(({ name }) => ['openai', 'mistral', 'deepseek', 'xai'].includes(name));
    const models = own.flatMap((preset) => preset.models).filter(({ operation }) => operation === undefined);
    for (const { model } of models) expect(overlayFor(model).capabilities).toContain('TOOLS');
  });
});
