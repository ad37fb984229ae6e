import { describe, expect, test } from '@jest/globals';
import { costOf, priceInForce, sumCosts, COST_OF_NOTHING } from '../../src/accounting/price.js';
import { formatUsd, picoUsd } from '../../src/core/money.js';
import type { Cost, Price } from '../../src/core/pricing.js';
import { NO_USAGE, disjointUsage } from '../../src/core/usage.js';
import type { PriceComponent } from '../../src/core/vocabulary.js';
import { MILLION, priceOf, reported, simplePrice, tier, usd } from './samples.js';

function total(cost: Cost): string | null {
  return cost.total === null ? null : formatUsd(cost.total);
}

function amounts(cost: Cost): Partial<Record<PriceComponent, string>> {
  return Object.fromEntries(cost.components.map((component) => [component.kind, formatUsd(component.amount)]));
}

/** As OpenAI reports it: totals include their parts. */
function inclusive(promptTotal: number, cachedInput: number, answerTotal: number, reasoning = 0) {
  return disjointUsage({ promptTotal, promptParts: { cachedInput }, answerTotal, answerParts: { reasoning }, raw: null });
}

const TIERED = priceOf([
  tier({ INPUT: '1.25', CACHED_INPUT: '0.3125', OUTPUT: '10' }),
  tier({ INPUT: '2.50', CACHED_INPUT: '0.625', OUTPUT: '15' }, 200_000),
]);

describe('golden cases', () => {
  test('C1 a cache write is billed once', () => {
    const price = simplePrice({ INPUT: '3', CACHE_WRITE_5M: '3.75', CACHED_INPUT: '0.30', OUTPUT: '15' });
    const cost = costOf(reported({ input: 3, cacheWrite5m: 12_304, output: 550 }), price);
    expect(total(cost)).toBe('0.054399');
    expect(amounts(cost)).toEqual({ INPUT: '0.000009', CACHE_WRITE_5M: '0.04614', OUTPUT: '0.00825' });
    expect(cost.quality).toBe('EXACT');
  });

  test('C2 cached tokens are billed at the cached rate only', () => {
    const price = simplePrice({ INPUT: '2.50', CACHED_INPUT: '1.25', OUTPUT: '10' });
    const cost = costOf(inclusive(2_006, 1_920, 300), price);
    expect(total(cost)).toBe('0.005615');
    expect(cost.components.map(({ kind, quantity }) => [kind, quantity])).toEqual([
      ['INPUT', 86],
      ['CACHED_INPUT', 1_920],
      ['OUTPUT', 300],
    ]);
  });

  test('C5 a size tier applies to the whole request, cached and output included', () => {
    expect(total(costOf(inclusive(262_960, 257_955, 1_744), TIERED))).toBe('0.199894375');
  });

  test.each([
    [200_000, '0.26'],
    [200_001, '0.5150025'],
    [199_999, '0.25999875'],
  ])('C5 the bound itself still belongs to the lower tier: %d tokens', (prompt, expected) => {
    expect(total(costOf(inclusive(prompt, 0, 1_000), TIERED))).toBe(expected);
  });

  test('C5 cached tokens count towards the bound', () => {
    const cost = costOf(reported({ input: 1, cachedInput: 200_000 }), TIERED);
    expect(amounts(cost)).toEqual({ INPUT: '0.0000025', CACHED_INPUT: '0.125' });
  });

  test('C5 output tokens do not', () => {
    expect(total(costOf(reported({ input: 10, output: 300_000 }), TIERED))).toBe('3.0000125');
  });

  test('C5 of several tiers the highest that applies is taken, in whatever order they stand', () => {
    const tiers = [tier({ INPUT: '1' }), tier({ INPUT: '2' }, 100), tier({ INPUT: '4' }, 1_000)];
    for (const price of [priceOf(tiers), priceOf(tiers.toReversed())]) {
      expect(total(costOf(reported({ input: 100 }), price))).toBe('0.0001');
      expect(total(costOf(reported({ input: 1_000 }), price))).toBe('0.002');
      expect(total(costOf(reported({ input: 1_001 }), price))).toBe('0.004004');
    }
  });

  test('C7 thoughts are billed as output once, whether reported inside or outside the completion', () => {
    const price = simplePrice({ INPUT: '1.25', OUTPUT: '10' });
    const outside = costOf(reported({ input: 100, output: 150, reasoning: 8_000 }), price);
    const inside = costOf(inclusive(100, 0, 8_150, 8_000), price);
    expect(total(outside)).toBe('0.081625');
    expect(inside).toEqual(outside);
  });

  test('C8 an hour-long cache write has its own rate', () => {
    const price = simplePrice({ INPUT: '3', CACHE_WRITE_5M: '3.75', CACHE_WRITE_1H: '6', OUTPUT: '15' });
    const cost = costOf(reported({ input: 15, cacheWrite1h: 4_803, output: 47 }), price);
    expect(total(cost)).toBe('0.029568');
    expect(amounts(cost)).toHaveProperty('CACHE_WRITE_1H', '0.028818');
  });

  test('C16 ten thousand tiny costs add up to the last digit', () => {
    const one = costOf(reported({ input: 9, output: 2 }), simplePrice({ INPUT: '0.15', OUTPUT: '0.60' }));
    expect(total(one)).toBe('0.00000255');
    const all = sumCosts(Array.from({ length: 10_000 }, () => one));
    expect(total(all)).toBe('0.0255');
    expect(all.components.map(({ kind, quantity }) => [kind, quantity])).toEqual([
      ['INPUT', 90_000],
      ['OUTPUT', 20_000],
    ]);
  });

  test('C17 more cached than prompt is clamped and flagged, and never costs less than nothing', () => {
    const usage = inclusive(100, 250, 10);
    const cost = costOf(usage, simplePrice({ INPUT: '2.50', CACHED_INPUT: '1.25', OUTPUT: '10' }));
    expect(usage.inconsistent).toBe(true);
    expect(amounts(cost)).toEqual({ CACHED_INPUT: '0.000125', OUTPUT: '0.0001' });
    expect(total(cost)).toBe('0.000225');
    expect(cost.quality).toBe('ESTIMATED');
  });
});

describe('unknown is never zero', () => {
  test('C13 without a price the total is null', () => {
    expect(costOf(reported({ input: 10, output: 5 }), null)).toEqual({
      total: null,
      quality: 'UNPRICED',
      components: [],
      price: null,
      saved: 0n,
    });
  });

  test('C13 without a price even no tokens have no known cost', () => {
    expect(costOf(reported({}), null).quality).toBe('UNPRICED');
  });

  test.each<[string, PriceComponent, 'input' | 'output']>([
    ['INPUT', 'OUTPUT', 'input'],
    ['OUTPUT', 'INPUT', 'output'],
  ])('C13 an absent %s rate leaves its tokens unpriced, not free', (_missing, present, tokens) => {
    const price = simplePrice({ [present]: '1' });
    const cost = costOf(reported({ [tokens]: 1 }), price);
    expect(cost).toMatchObject({ total: null, quality: 'UNPRICED', components: [], price });
  });

  test('C13 an absent rate does not matter while its class has no tokens', () => {
    expect(costOf(reported({ input: 7 }), simplePrice({ INPUT: '1' }))).toMatchObject({ total: usd('0.000007'), quality: 'EXACT' });
  });

  test('C13 rates of zero are free, and say so', () => {
    const cost = costOf(reported({ input: 10, output: 5 }), simplePrice({ INPUT: '0', OUTPUT: '0' }));
    expect(cost).toMatchObject({ total: 0n, quality: 'FREE' });
    expect(cost.components.map(({ kind, quantity, amount }) => [kind, quantity, amount])).toEqual([
      ['INPUT', 10, 0n],
      ['OUTPUT', 5, 0n],
    ]);
  });

  test('C13 a price without any rate is not free', () => {
    const empty = priceOf([{ aboveInputTokens: 0, rates: [] }]);
    expect(costOf(reported({ input: 1 }), empty).quality).toBe('UNPRICED');
    expect(costOf(reported({}), empty)).toMatchObject({ total: 0n, quality: 'EXACT' });
  });

  test('C13 a price without tiers prices nothing', () => {
    expect(costOf(reported({ input: 1 }), priceOf([])).quality).toBe('UNPRICED');
  });

  test('C13 a cached rate of zero is a rate, not an absent one', () => {
    const price = simplePrice({ INPUT: '3', CACHED_INPUT: '0', OUTPUT: '15' });
    expect(total(costOf(reported({ input: 1, cachedInput: 1_000 }), price))).toBe('0.000003');
  });
});

describe('fallbacks', () => {
  const plain = simplePrice({ INPUT: '3', OUTPUT: '15' });

  test.each([
    ['cachedInput', 'CACHED_INPUT', '3'],
    ['cacheWrite5m', 'CACHE_WRITE_5M', '3'],
    ['cacheWrite1h', 'CACHE_WRITE_1H', '3'],
    ['audioInput', 'AUDIO_INPUT', '3'],
    ['imageInput', 'IMAGE_INPUT', '3'],
    ['reasoning', 'REASONING', '15'],
    ['audioOutput', 'AUDIO_OUTPUT', '15'],
    ['imageOutput', 'IMAGE_OUTPUT', '15'],
  ])('%s without a rate of its own is billed at the plain one, under its own name', (name, kind, expected) => {
    const [component, ...others] = costOf(reported({ [name]: MILLION }), plain).components;
    expect(others).toEqual([]);
    expect(component).toMatchObject({ kind, quantity: MILLION, unitPrice: usd(expected), per: MILLION, amount: usd(expected) });
  });

  test('an hour-long cache write falls back to the five-minute rate first', () => {
    const price = simplePrice({ INPUT: '3', CACHE_WRITE_5M: '3.75', OUTPUT: '15' });
    expect(total(costOf(reported({ cacheWrite1h: MILLION }), price))).toBe('3.75');
  });

  test('a class with a rate of its own uses it', () => {
    const price = simplePrice({ INPUT: '1', OUTPUT: '10', REASONING: '3', AUDIO_INPUT: '40' });
    expect(total(costOf(reported({ reasoning: MILLION, audioInput: MILLION }), price))).toBe('43');
  });

  test('a higher tier does not borrow rates from a lower one', () => {
    const price = priceOf([tier({ INPUT: '1', CACHED_INPUT: '0.1', OUTPUT: '5' }), tier({ INPUT: '2', OUTPUT: '6' }, 10)]);
    expect(total(costOf(reported({ cachedInput: MILLION }), price))).toBe('2');
  });
});

describe('request fee, quality, exactness', () => {
  test('a rate for the request is added once', () => {
    const price = priceOf([
      { aboveInputTokens: 0, rates: [...tier({ INPUT: '1', OUTPUT: '1' }).rates, { component: 'REQUEST', amount: usd('0.005'), per: 1 }] },
    ]);
    expect(amounts(costOf(reported({ input: 5 }), price))).toEqual({ INPUT: '0.000005', REQUEST: '0.005' });
    expect(costOf(NO_USAGE, price).components).toEqual([]);
  });

  test('estimated usage makes an estimated cost', () => {
    const cost = costOf(reported({ input: 5 }, { source: 'ESTIMATED' }), simplePrice({ INPUT: '1' }));
    expect(cost).toMatchObject({ quality: 'ESTIMATED', total: usd('0.000005') });
  });

  test('what was not used costs nothing, exactly, with or without a price', () => {
    const price = simplePrice({ INPUT: '1' });
    expect(costOf(NO_USAGE, null)).toEqual(COST_OF_NOTHING);
    expect(costOf(NO_USAGE, price)).toEqual({ ...COST_OF_NOTHING, price });
  });

  test('a rate finer than a picodollar a token is refused instead of rounded', () => {
    const fine: Price = priceOf([{ aboveInputTokens: 0, rates: [{ component: 'INPUT', amount: picoUsd(1n), per: 2 }] }]);
    expect(() => costOf(reported({ input: 2 }), fine)).toThrow(RangeError);
  });

  test.each([0, -1, 0.5])('a rate for %d units is refused', (per) => {
    const wrong = priceOf([{ aboveInputTokens: 0, rates: [{ component: 'INPUT', amount: usd('1'), per }] }]);
    expect(() => costOf(reported({ input: 2 }), wrong)).toThrow(RangeError);
  });

  test('a negative rate is refused', () => {
    expect(() => costOf(reported({ input: 2 }), simplePrice({ INPUT: '-1' }))).toThrow(RangeError);
  });
});

describe('the price in force', () => {
  const day = (date: string) => new Date(`${date}T00:00:00Z`);
  const at = (date: string, serviceTier: string | null = null, batch = false) => ({ at: day(date), serviceTier, batch });
  const january = simplePrice({ INPUT: '1' }, { effectiveFrom: day('2026-01-01') });
  const march = simplePrice({ INPUT: '2' }, { effectiveFrom: day('2026-03-01') });
  const flex = simplePrice({ INPUT: '0.5' }, { effectiveFrom: day('2026-02-01'), serviceTier: 'flex' });
  const batch = simplePrice({ INPUT: '0.4' }, { effectiveFrom: day('2026-01-01'), batch: true });
  const all = [january, flex, batch, march];

  test('the latest that has begun', () => {
    expect(priceInForce(all, at('2026-02-28'))).toBe(january);
    expect(priceInForce(all, at('2026-03-01'))).toBe(march);
    expect(priceInForce(all.toReversed(), at('2026-12-01'))).toBe(march);
  });

  test('none before the first', () => {
    expect(priceInForce(all, at('2025-12-31'))).toBeNull();
    expect(priceInForce([], at('2026-12-31'))).toBeNull();
  });

  test('the exact service tier wins over a later price for any', () => {
    expect(priceInForce(all, at('2026-04-01', 'flex'))).toBe(flex);
    expect(priceInForce(all.toReversed(), at('2026-04-01', 'flex'))).toBe(flex);
  });

  test('a service tier without a price of its own takes the one for any', () => {
    expect(priceInForce(all, at('2026-04-01', 'priority'))).toBe(march);
    expect(priceInForce(all, at('2026-01-15', 'flex'))).toBe(january);
  });

  test('a tier’s price is not for calls that name no tier', () => {
    expect(priceInForce([flex], at('2026-04-01'))).toBeNull();
  });

  test('batch prices are for batches only', () => {
    expect(priceInForce(all, at('2026-04-01', null, true))).toBe(batch);
    expect(priceInForce([january], at('2026-04-01', null, true))).toBeNull();
  });

  test('of two at the same instant the one set later', () => {
    const corrected = simplePrice({ INPUT: '9' }, { effectiveFrom: day('2026-01-01') });
    expect(priceInForce([january, corrected], at('2026-02-01'))).toBe(corrected);
  });
});

describe('the sum of attempts', () => {
  const price = simplePrice({ INPUT: '1', OUTPUT: '2' });
  const billed = costOf(reported({ input: 10, output: 5 }), price);

  test('nothing is exactly zero', () => {
    expect(sumCosts([])).toEqual(COST_OF_NOTHING);
    expect(sumCosts([costOf(NO_USAGE, price), billed])).toEqual(billed);
  });

  test('one estimate makes the sum one', () => {
    const guess = costOf(reported({ input: 10 }, { source: 'ESTIMATED' }), price);
    expect(sumCosts([guess, billed])).toMatchObject({ quality: 'ESTIMATED', total: usd('0.00003') });
  });

  test('C13 one unknown makes the sum unknown', () => {
    expect(sumCosts([billed, costOf(reported({ input: 1 }), null)])).toMatchObject({ total: null, quality: 'UNPRICED', components: [] });
  });

  test('free and nothing stay free; free and billed are exact', () => {
    const free = costOf(reported({ input: 3 }), simplePrice({ INPUT: '0' }));
    expect(sumCosts([COST_OF_NOTHING, free]).quality).toBe('FREE');
    expect(sumCosts([free, billed])).toMatchObject({ quality: 'EXACT', total: billed.total });
  });

  test('components at different rates stay apart', () => {
    const dearer = costOf(reported({ input: 10 }), simplePrice({ INPUT: '3' }));
    expect(
      sumCosts([billed, dearer])
        .components.filter(({ kind }) => kind === 'INPUT')
        .map(({ unitPrice }) => unitPrice),
    ).toEqual([usd('1'), usd('3')]);
  });

  test('savings add up', () => {
    const hit: Cost = { ...COST_OF_NOTHING, saved: usd('0.1') };
    expect(sumCosts([hit, billed, hit]).saved).toBe(usd('0.2'));
  });
});
