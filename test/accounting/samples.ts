import fc from 'fast-check';
import { newId } from '../../src/core/ids.js';
import { parseUsd } from '../../src/core/money.js';
import type { PicoUsd } from '../../src/core/money.js';
import type { Price, PriceRate, PriceTier } from '../../src/core/pricing.js';
import { NO_TOKENS, TOKEN_CLASSES } from '../../src/core/usage.js';
import type { TokenClasses, TokenUsage } from '../../src/core/usage.js';
import { PRICE_COMPONENTS } from '../../src/core/vocabulary.js';
import type { PriceComponent } from '../../src/core/vocabulary.js';

export const MILLION = 1_000_000;

export function usd(text: string): PicoUsd {
  const amount = parseUsd(text);
  if (amount === null) throw new Error(`no amount: ${text}`);
  return amount;
}

/** Dollars for a million, by component. */
export type RatesByName = Partial<Record<PriceComponent, string>>;

export function rates(perMillion: RatesByName): PriceRate[] {
  return PRICE_COMPONENTS.flatMap((component) => {
    const amount = perMillion[component];
    return amount === undefined ? [] : [{ component, amount: usd(amount), per: MILLION }];
  });
}

export function tier(perMillion: RatesByName, aboveInputTokens = 0): PriceTier {
  return { aboveInputTokens, rates: rates(perMillion) };
}

export function priceOf(tiers: readonly PriceTier[], overrides: Partial<Price> = {}): Price {
  return {
    id: newId('price'),
    effectiveFrom: new Date('2026-01-01T00:00:00Z'),
    currency: 'USD',
    source: 'test',
    serviceTier: null,
    batch: false,
    tiers,
    ...overrides,
  };
}

export function simplePrice(perMillion: RatesByName, overrides: Partial<Price> = {}): Price {
  return priceOf([tier(perMillion)], overrides);
}

export function reported(classes: Partial<TokenClasses>, overrides: Partial<TokenUsage> = {}): TokenUsage {
  return { ...NO_TOKENS, ...classes, source: 'REPORTED', raw: null, inconsistent: false, ...overrides };
}

const tokens = fc.oneof(fc.constant(0), fc.nat({ max: 2_000_000 }));

export const anyClasses: fc.Arbitrary<TokenClasses> = fc.record({
  input: tokens,
  cachedInput: tokens,
  cacheWrite5m: tokens,
  cacheWrite1h: tokens,
  audioInput: tokens,
  imageInput: tokens,
  output: tokens,
  reasoning: tokens,
  audioOutput: tokens,
  imageOutput: tokens,
});

/** A rate in whole picodollars a unit, for one, a thousand or a million units. */
function anyRate(component: PriceComponent): fc.Arbitrary<PriceRate> {
  return fc
    .record({ unit: fc.bigInt(0n, 200_000_000n), per: fc.constantFrom(1, 1_000, MILLION) })
    .map(({ unit, per }) => ({ component, amount: usdOf(unit * BigInt(per)), per }));
}

function usdOf(pico: bigint): PicoUsd {
  const digits = pico.toString().padStart(13, '0');
  return usd(`${digits.slice(0, -12)}.${digits.slice(-12)}`);
}

const OPTIONAL_COMPONENTS = PRICE_COMPONENTS.filter((name) => !['INPUT', 'OUTPUT', 'IMAGE', 'SECOND', 'CHARACTER'].includes(name));

export const anyTierRates: fc.Arbitrary<PriceRate[]> = fc
  .subarray(OPTIONAL_COMPONENTS)
  .chain((names) => fc.tuple(...['INPUT' as const, 'OUTPUT' as const, ...names].map(anyRate)));

/** A price with one tier that rates at least INPUT and OUTPUT. */
export const anyFlatPrice: fc.Arbitrary<Price> = anyTierRates.map((list) => priceOf([{ aboveInputTokens: 0, rates: list }]));

export const anyTieredPrice: fc.Arbitrary<Price> = fc
  .tuple(anyTierRates, anyTierRates, fc.integer({ min: 1, max: 3_000_000 }))
  .map(([low, high, bound]) =>
    priceOf([
      { aboveInputTokens: 0, rates: low },
      { aboveInputTokens: bound, rates: high },
    ]),
  );

export function addClasses(left: TokenClasses, right: TokenClasses): TokenClasses {
  const sum = { ...left };
  for (const name of TOKEN_CLASSES) Object.assign(sum, { [name]: left[name] + right[name] });
  return sum;
}
