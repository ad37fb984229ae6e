import { describe, expect, test } from '@jest/globals';
import { billOfCall, estimateInput, forecastCall, unitsOf } from '../../src/accounting/call-estimate.js';
import { settleUsage } from '../../src/accounting/outcomes.js';
import { costOf } from '../../src/accounting/price.js';
import { newId } from '../../src/core/ids.js';
import { formatUsd, parseUsd } from '../../src/core/money.js';
import type { OperationCall } from '../../src/core/operations.js';
import type { Price } from '../../src/core/pricing.js';
import { NO_TOKENS } from '../../src/core/usage.js';
import type { TokenUsage, UsageUnits } from '../../src/core/usage.js';
import type { PriceComponent } from '../../src/core/vocabulary.js';
import { fileOf } from '../kit/files.js';
import { embedding, image, moderation, reranking, speech, transcription } from '../providers/operations-support.js';

function price(...rates: readonly (readonly [PriceComponent, string, number])[]): Price {
  const tier = { aboveInputTokens: 0, rates: rates.map(([component, amount, per]) => ({ component, amount: usd(amount), per })) };
  const id = newId('price');
  return { id, effectiveFrom: new Date(0), currency: 'USD', source: 'test', serviceTier: null, batch: false, tiers: [tier] };
}

function usd(text: string) {
  const amount = parseUsd(text);
  if (amount === null) throw new Error(`${text} is no amount`);
  return amount;
}

const used = (fields: Partial<TokenUsage>): TokenUsage => ({ ...NO_TOKENS, source: 'REPORTED', raw: null, inconsistent: false, ...fields });
const shown = (usage: TokenUsage, by: Price | null) => {
  const { total, quality, components } = costOf(usage, by);
  return { total: total === null ? null : formatUsd(total), quality, components: components.map(({ kind, quantity }) => [kind, quantity]) };
};

describe('what is billed by the piece', () => {
  test.each([
    ['images', { IMAGE: 3 }, ['IMAGE', '0.04', 1], '0.12'],
    ['seconds of an hour’s price', { SECOND: 13 }, ['SECOND', '0.36', 3_600], '0.0013'],
    ['characters', { CHARACTER: 14 }, ['CHARACTER', '15', 1_000_000], '0.00021'],
    ['searches', { REQUEST: 2 }, ['REQUEST', '2', 1_000], '0.004'],
  ] as const)('costs exactly so much: %s', (_name, units, rate, total) => {
    expect(shown(used({ units }), price(rate))).toEqual({ total, quality: 'EXACT', components: [[rate[0], Object.values(units)[0]]] });
  });

  test('is paid with its tokens where the price names pieces, and by tokens where it names those', () => {
    const usage = used({ input: 100, imageOutput: 1_000, units: { IMAGE: 1 } });
    expect(shown(usage, price(['IMAGE', '0.04', 1]))).toEqual({ total: '0.04', quality: 'EXACT', components: [['IMAGE', 1]] });
    const byTokens = price(['INPUT', '5', 1_000_000], ['OUTPUT', '40', 1_000_000]);
    expect(shown(usage, byTokens)).toMatchObject({ total: '0.0405', components: [['INPUT', 100], ['IMAGE_OUTPUT', 1_000]] }); // prettier-ignore
  });

  test('has no cost where the price has no rate for it: unknown is not zero', () => {
    expect(shown(used({ units: { CHARACTER: 14 } }), price(['INPUT', '1', 1_000_000]))).toMatchObject({ total: null, quality: 'UNPRICED' });
    expect(shown(used({ input: 3, units: { IMAGE: 1 } }), price(['SECOND', '1', 1]))).toMatchObject({ total: null, quality: 'UNPRICED' });
  });

  test('a request’s own rate is added once to whatever counts no searches', () => {
    const both = price(['INPUT', '1', 1_000_000], ['REQUEST', '2', 1_000]);
    expect(shown(used({ input: 10 }), both)).toMatchObject({ total: '0.00201' });
  });
});

describe('what is told of a call before its answer', () => {
  const calls: readonly (readonly [string, OperationCall, number, object | undefined])[] = [
    ['texts', embedding({ texts: ['12345678', '1234'] }), 3, undefined],
    ['moderation', moderation({ texts: ['12345678'] }), 2, undefined],
    ['a query beside each document', reranking({ query: '1234', documents: Array(150).fill('1234') as string[] }), 300, { REQUEST: 2 }],
    ['images', image({ prompt: '1234', count: 3 }), 1, { IMAGE: 3 }],
    ['speech', speech({ text: 'Hi 🌞', instructions: '1234' }), 3, { CHARACTER: 4 }],
    ['a recording', transcription({ audio: fileOf(Buffer.alloc(48_000)) }), 30, { SECOND: 3 }],
  ];

  test.each(calls)('%s', (_name, call, tokens, units) => {
    expect(estimateInput(call)).toBe(tokens);
    expect(unitsOf(call)).toEqual(units);
  });

  test.each(calls)('is what its cost is predicted by: %s', (_name, call, tokens) => {
    const by = price(['INPUT', '1', 1_000_000], ['OUTPUT', '1', 1_000_000], ['IMAGE', '0.04', 1], ['SECOND', '0.0001', 1], ['CHARACTER', '15', 1_000_000]); // prettier-ignore
    const { low, expected, high, inputTokens, basis } = forecastCall(call, { contextWindow: null, maxOutputTokens: null, price: by });
    expect(inputTokens).toBe(tokens);
    expect(low).not.toBeNull();
    expect((high ?? 0n) >= (expected ?? 0n) && (expected ?? 0n) >= (low ?? 0n)).toBe(true);
    expect(basis).toContain('Price: test');
    expect(forecastCall(call, { contextWindow: null, maxOutputTokens: null, price: null }).expected).toBeNull();
  });

  const byTokens = price(['INPUT', '1', 1_000_000], ['AUDIO_INPUT', '3', 1_000_000], ['OUTPUT', '2', 1_000_000], ['AUDIO_OUTPUT', '12', 1_000_000], ['IMAGE_OUTPUT', '40', 1_000_000]); // prettier-ignore
  test.each<readonly [string, OperationCall, UsageUnits, string]>([
    // 3 tokens of text, and 12 characters at 15 a second and 20 tokens each.
    ['speech', speech({ text: 'Good morning' }), { CHARACTER: 12 }, '0.000195'],
    ['images', image({ prompt: '1234', count: 2, quality: 'LOW' }), { IMAGE: 2 }, '0.021761'],
    // As long as the provider found it, not as it was guessed.
    ['a recording', transcription({ audio: fileOf(Buffer.alloc(48_000)) }), { SECOND: 60 }, '0.0022'],
  ])('what is told by the piece and priced by the token is billed as predicted, as an estimate: %s', (_name, call, units, total) => {
    const { usage, cost } = billOfCall(call, used({ units }), byTokens);
    expect({ total: cost.total && formatUsd(cost.total), quality: cost.quality, source: usage.source }).toEqual({
      ...{ total, quality: 'ESTIMATED', source: 'ESTIMATED' },
    });
    expect(usage.units).toEqual(units);
    const told = used({ units, input: 5 });
    expect(billOfCall(call, told, price(['OUTPUT', '1', 1]))).toMatchObject({ usage: told, cost: { total: null, quality: 'UNPRICED' } });
    expect(billOfCall(call, used({ units }), null)).toMatchObject({ usage: { source: 'REPORTED' }, cost: { total: null } });
    const byThePiece = price(['CHARACTER', '1', 1], ['IMAGE', '1', 1], ['SECOND', '1', 1]);
    expect(billOfCall(call, used({ units }), byThePiece)).toMatchObject({ usage: { source: 'REPORTED' }, cost: { quality: 'EXACT' } });
  });

  test('a recording may be counted by who counts most, for as long as it can be', () => {
    const call = transcription({ audio: fileOf(Buffer.alloc(48_000)) });
    const { expected, high } = forecastCall(call, {
      ...{ contextWindow: null, maxOutputTokens: null },
      price: price(['AUDIO_INPUT', '1', 1_000_000], ['OUTPUT', '0', 1]),
    });
    expect([expected, high].map((amount) => amount && formatUsd(amount))).toEqual(['0.00003', '0.002048']);
  });

  test('an accepted call whose caller left is billed by the piece as it was asked, as an estimate', () => {
    const call = speech({ text: 'Good morning' });
    const end = { reported: null, delivered: { parts: [], refusal: null }, promptEstimate: 3, promptUnits: unitsOf(call) };
    const usage = settleUsage({ ...end, outcome: 'cancelled', accepted: true });
    expect(shown(usage, price(['CHARACTER', '15', 1_000_000]))).toMatchObject({ total: '0.00018', quality: 'ESTIMATED' });
    expect(settleUsage({ ...end, outcome: 'provider-failed', accepted: true }).source).toBe('NONE');
  });
});
