import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { DEFAULT_OUTPUT_CAP, forecastCost, USUAL_ANSWER } from '../../src/accounting/estimate.js';
import type { ForecastTarget } from '../../src/accounting/estimate.js';
import { costOf } from '../../src/accounting/price.js';
import { estimatePrompt, MEDIA_TOKENS } from '../../src/accounting/token-estimate.js';
import type { CompletionCall, Part } from '../../src/core/completion.js';
import { formatUsd } from '../../src/core/money.js';
import { anyTieredPrice, priceOf, reported, simplePrice, tier, usd } from './samples.js';
import { makeCall } from '../providers/support.js';

const words = (text: string): Part => ({ kind: 'text', text, signature: null });
const media = { url: 'https://example.com/x', base64: null, mimeType: null, name: null };

function call(text: string, fields: Partial<CompletionCall> = {}): CompletionCall {
  return makeCall({ messages: [{ role: 'USER', parts: [words(text)], toolCallId: null, isError: false }], ...fields });
}

const PRICE = simplePrice({ INPUT: '1', OUTPUT: '2' });
const target = (fields: Partial<ForecastTarget> = {}): ForecastTarget => ({
  contextWindow: 1_000_000,
  maxOutputTokens: 100_000,
  price: PRICE,
  ...fields,
});
const inUsd = (amount: ReturnType<typeof forecastCost>['high']) => amount && formatUsd(amount);

describe('a forecast', () => {
  test('is exact for what it assumes', () => {
    // 400 bytes by four, and six tokens around them; at most 406.
    const forecast = forecastCost(call('x'.repeat(400), { maxOutputTokens: 1_000 }), target());
    expect(forecast.inputTokens).toBe(106);
    expect(forecast.expectedOutputTokens).toBe(256);
    expect([forecast.low, forecast.expected, forecast.high].map(inUsd)).toEqual(['0.000108', '0.000618', '0.002406']);
  });

  test.each([
    ['what is asked for', { maxOutputTokens: 10_000 }, 100_000, 10_000],
    ['no more than the model can', { maxOutputTokens: 10_000 }, 500, 500],
    ['the default where nothing is asked for', {}, 100_000, DEFAULT_OUTPUT_CAP],
    ['the default where the model’s limit is unknown', {}, null, DEFAULT_OUTPUT_CAP],
    ['the model’s limit where it is less than the default', {}, 100, 100],
  ])('reckons at most with %s', (_why, fields, maxOutputTokens, cap) => {
    const { high, expectedOutputTokens } = forecastCost(
      call('', fields),
      target({ maxOutputTokens, price: simplePrice({ INPUT: '0', OUTPUT: '1' }) }),
    );
    expect(high).toBe(usd('0.000001') * BigInt(cap));
    expect(expectedOutputTokens).toBe(Math.min(USUAL_ANSWER, cap));
  });

  test('never has more prompt than the window holds, unless the estimate itself is longer', () => {
    const price = simplePrice({ INPUT: '1', OUTPUT: '0' });
    expect(inUsd(forecastCost(call('x'.repeat(4_000)), target({ contextWindow: 2_000, price })).high)).toBe('0.002');
    expect(inUsd(forecastCost(call('x'.repeat(4_000)), target({ contextWindow: 100, price })).high)).toBe('0.001006');
    expect(inUsd(forecastCost(call('x'.repeat(4_000)), target({ contextWindow: null, price })).high)).toBe('0.004006');
  });

  test('C20 counts system, tools, schema and media, and says that it is an estimate', () => {
    const plain = call('hello');
    const system = { role: 'SYSTEM', parts: [words('Be brief. '.repeat(40))], toolCallId: null, isError: false } as const;
    const tool = { name: 'look_up', description: 'Looks things up. '.repeat(20), parameters: { type: 'object' }, strict: null };
    const whole = call('hello', {
      messages: [system, { ...plain.messages[0]!, parts: [words('hello'), { kind: 'image', media }, { kind: 'document', media }] }],
      tools: [tool],
      responseFormat: { kind: 'jsonSchema', name: 'answer', schema: { type: 'object', description: 'x'.repeat(200) }, strict: true },
    });
    const forecast = forecastCost(whole, target());
    const bare = forecastCost(plain, target());
    expect(forecast.inputTokens).toBe(estimatePrompt(whole));
    expect(forecast.inputTokens - bare.inputTokens).toBeGreaterThan(100 + 80 + 50 + MEDIA_TOKENS.image + MEDIA_TOKENS.document);
    for (const word of ['an estimate, not the provider', 'system', 'tools', 'format', '1 × image', '1 × document', 'test, from 2026-01-01'])
      expect(forecast.basis).toContain(word);
    expect(bare.basis).not.toMatch(/tools|format|image/);
  });

  test('prices images and audio at their own rates', () => {
    const parts: Part[] = [
      { kind: 'image', media },
      { kind: 'audio', media },
    ];
    const seen = call('', { messages: [{ role: 'USER', parts, toolCallId: null, isError: false }] });
    const price = simplePrice({ INPUT: '0', IMAGE_INPUT: '1', AUDIO_INPUT: '10', OUTPUT: '0' });
    const { low, high } = forecastCost(seen, target({ price }));
    expect(inUsd(low)).toBe('0.006765');
    expect(inUsd(high)).toBe('0.06765');
  });

  test('bills the whole request by the tier of its size', () => {
    const price = priceOf([tier({ INPUT: '1', OUTPUT: '0' }), tier({ INPUT: '2', OUTPUT: '0' }, 1_000)]);
    const forecast = forecastCost(call('x'.repeat(3_976)), target({ price }));
    expect(forecast.inputTokens).toBe(1_000);
    expect(inUsd(forecast.expected)).toBe('0.001');
    // 3,982 tokens at most, above the bound: all of them by the dearer tier.
    expect(inUsd(forecast.high)).toBe('0.007964');
  });

  test('C13 without a price knows no amount, with a price of zero it is zero', () => {
    const unpriced = forecastCost(call('hello'), target({ price: null }));
    expect(unpriced).toMatchObject({ low: null, expected: null, high: null });
    expect(unpriced.inputTokens).toBeGreaterThan(0);
    expect(unpriced.basis).toContain('No price is in force');
    expect(forecastCost(call('hello'), target({ price: simplePrice({ INPUT: '1' }) }))).toMatchObject({ expected: null });
    expect(forecastCost(call('hello'), target({ price: simplePrice({ INPUT: '0', OUTPUT: '0' }) }))).toMatchObject({
      expected: 0n,
      high: 0n,
    });
  });

  test.each([
    [{ effort: 'HIGH', maxTokens: null }, 800],
    [{ effort: 'MINIMAL', maxTokens: null }, 100],
    [{ effort: 'NONE', maxTokens: null }, 0],
    [{ effort: 'HIGH', maxTokens: 300 }, 300],
    [{ effort: null, maxTokens: 300 }, 150],
    [{ effort: null, maxTokens: 90_000 }, 999],
  ] as const)('expects thoughts as %j allows: %d', (reasoning, thinking) => {
    const { expectedOutputTokens } = forecastCost(call('hello', { reasoning, maxOutputTokens: 1_000 }), target());
    expect(expectedOutputTokens).toBe(thinking + Math.min(USUAL_ANSWER, 1_000 - thinking));
  });

  const anyCall = fc
    .record({
      text: fc.string({ maxLength: 400, unit: 'grapheme' }),
      images: fc.nat({ max: 3 }),
      maxOutputTokens: fc.option(fc.integer({ min: 1, max: 50_000 })),
      effort: fc.option(fc.constantFrom('NONE', 'LOW', 'HIGH')),
    })
    .map(({ text, images, maxOutputTokens, effort }) =>
      call(text, {
        maxOutputTokens,
        reasoning: effort === null ? null : { effort: effort as 'LOW', maxTokens: null },
        messages: [
          {
            role: 'USER',
            parts: [words(text), ...Array.from({ length: images }, (): Part => ({ kind: 'image', media }))],
            toolCallId: null,
            isError: false,
          },
        ],
      }),
    );

  test('is ordered: low ≤ expected ≤ high, whatever the call, the model and the price', () => {
    fc.assert(
      fc.property(anyCall, anyTieredPrice, fc.option(fc.integer({ min: 1, max: 100_000 })), (asked, price, limit) => {
        const { low, expected, high } = forecastCost(asked, { contextWindow: limit, maxOutputTokens: limit, price });
        expect(low! <= expected!).toBe(true);
        expect(expected! <= high!).toBe(true);
      }),
    );
  });

  test('is not passed by any bill of one attempt within its bounds, as long as prices rise with size', () => {
    const price = priceOf([tier({ INPUT: '1', OUTPUT: '2' }), tier({ INPUT: '3', OUTPUT: '6', REASONING: '9' }, 300)]);
    fc.assert(
      fc.property(anyCall, fc.double({ min: 0, max: 1, noNaN: true }), fc.boolean(), (asked, share, thought) => {
        const bytes = Buffer.byteLength(asked.messages[0]!.parts.map((part) => (part.kind === 'text' ? part.text : '')).join(''));
        const images = asked.messages[0]!.parts.length - 1;
        const cap = asked.maxOutputTokens ?? DEFAULT_OUTPUT_CAP;
        const usage = reported({
          input: Math.floor(bytes * share),
          imageInput: images * MEDIA_TOKENS.image,
          [thought ? 'reasoning' : 'output']: Math.floor(cap * share),
        });
        const { high } = forecastCost(asked, target({ price }));
        expect(costOf(usage, price).total! <= high!).toBe(true);
      }),
    );
  });
});
