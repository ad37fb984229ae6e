import type { CatalogueSnapshot } from '../core/catalogue.js';
import { formatUsd, parseUsd, picoUsd, ZERO_PICO_USD } from '../core/money.js';
import type { PicoUsd } from '../core/money.js';
import type { InputChecks } from '../core/input-checks.js';
import type { Price, PriceRate, PriceTier } from '../core/pricing.js';
import { PRICE_COMPONENTS } from '../core/vocabulary.js';
import type { PriceComponent } from '../core/vocabulary.js';
import type { PriceInput } from './contract.js';

export const DEFAULT_PER = 1_000_000;
const MAX_PER = 2_147_483_647;
const MAX_INPUT_TOKENS = 2_147_483_647;
const MAX_TIERS = 10;
/** $1,000,000 a unit: beyond it only a typing error lies. */
const MAX_PICO_USD_PER_UNIT = 10n ** 18n;
const NOT_TOKENS: readonly PriceComponent[] = ['REQUEST', 'IMAGE', 'SECOND', 'CHARACTER'];

/** The price's tiers, where there is nothing wrong with them; else problems are added below `path`. */
export function readTiers(checks: InputChecks, path: string, input: PriceInput): readonly PriceTier[] {
  const problemsBefore = checks.problems.length;
  if (input.tiers.length === 0) checks.add(`${path}.tiers`, 'must hold at least one tier');
  if (input.tiers.length > MAX_TIERS) checks.add(`${path}.tiers`, `must hold at most ${MAX_TIERS} tiers`);
  const tiers = input.tiers.slice(0, MAX_TIERS).map((tier, index) => ({
    aboveInputTokens: tier.aboveInputTokens ?? 0,
    rates: readRates(checks, `${path}.tiers.${index}.rates`, tier.rates),
  }));
  for (const [index, { aboveInputTokens }] of tiers.entries()) {
    const bound = `${path}.tiers.${index}.aboveInputTokens`;
    checks.integer(bound, aboveInputTokens, { min: 0, max: MAX_INPUT_TOKENS });
    if (index === 0 && aboveInputTokens !== 0) checks.add(bound, 'must be 0 in the first tier');
    const previous = tiers[index - 1];
    if (previous && aboveInputTokens <= previous.aboveInputTokens) checks.add(bound, 'must be above that of the tier before');
  }
  return checks.problems.length === problemsBefore ? tiers : [];
}

function readRates(checks: InputChecks, path: string, input: PriceInput['tiers'][number]['rates']): readonly PriceRate[] {
  if (input.length === 0) checks.add(path, 'must hold at least one rate');
  if (input.length > PRICE_COMPONENTS.length) {
    checks.add(path, 'must hold each component at most once');
    return [];
  }
  return input.map((rate, index) => {
    const place = `${path}.${index}`;
    checks.word(`${place}.component`, rate.component, PRICE_COMPONENTS);
    if (input.findIndex((other) => other.component === rate.component) < index) checks.add(`${place}.component`, 'is there twice');
    const per = rate.per ?? DEFAULT_PER;
    checks.integer(`${place}.per`, per, { min: 1, max: MAX_PER });
    return { component: rate.component, amount: readAmount(checks, `${place}.amount`, { text: rate.amount, per }), per };
  });
}

function readAmount(checks: InputChecks, path: string, { text, per }: { text: string; per: number }): PicoUsd {
  const amount = parseUsd(text);
  if (amount === null) checks.add(path, 'must be a plain decimal of dollars, no finer than 10⁻¹²');
  else if (amount < 0n) checks.add(path, 'must not be negative');
  else if (per >= 1 && Number.isSafeInteger(per)) {
    if (amount % BigInt(per) !== 0n) checks.add(path, `must come to whole picodollars (10⁻¹² USD) a unit: this does not, for ${per} units`);
    else if (amount / BigInt(per) > MAX_PICO_USD_PER_UNIT) checks.add(path, 'is more than $1,000,000 a unit');
  }
  return amount ?? ZERO_PICO_USD;
}

/** Outside of it a price is taken for one typed per token instead of per million. */
const OUT_OF_LINE_FACTOR = 1_000n;

/** Adds a problem for each token rate above 1,000 × the median of what the organization's other models cost now. */
export function checkAgainstPeers(checks: InputChecks, path: string, { tiers, snapshot, now }: PeerCheck): void {
  const medians = new Map<PriceComponent, bigint | null>();
  for (const [tierIndex, tier] of tiers.entries()) {
    for (const [rateIndex, rate] of tier.rates.entries()) {
      if (NOT_TOKENS.includes(rate.component)) continue;
      const median = medians.get(rate.component) ?? medianPerUnit(snapshot, rate.component, now);
      medians.set(rate.component, median);
      if (median === null || rate.amount / BigInt(rate.per) <= median * OUT_OF_LINE_FACTOR) continue;
      const usual = formatUsd(picoUsd(median * BigInt(DEFAULT_PER)));
      checks.add(
        `${path}.tiers.${tierIndex}.rates.${rateIndex}.amount`,
        `is more than 1,000 times the median of other models (${usual} for a million): amounts are for \`per\` units; set confirm: true where it is meant`,
      );
    }
  }
}

export interface PeerCheck {
  readonly tiers: readonly PriceTier[];
  readonly snapshot: CatalogueSnapshot;
  readonly now: Date;
}

/** Of the models' prices in force; what is free tells nothing. Null where no peer has a price. */
function medianPerUnit(snapshot: CatalogueSnapshot, component: PriceComponent, now: Date): bigint | null {
  const rates = snapshot.models.all.flatMap((model) => {
    const rate = priceInForce(model.prices, now)?.tiers[0]?.rates.find((candidate) => candidate.component === component);
    return rate && rate.amount > 0n ? [rate.amount / BigInt(rate.per)] : [];
  });
  rates.sort((left, right) => (left < right ? -1 : left > right ? 1 : 0));
  return rates[Math.floor((rates.length - 1) / 2)] ?? null;
}

function priceInForce(prices: readonly Price[], now: Date): Price | undefined {
  return prices.findLast((price) => !price.batch && price.serviceTier === null && price.effectiveFrom.getTime() <= now.getTime());
}
