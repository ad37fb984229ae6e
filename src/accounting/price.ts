import { addUsd, picoUsd, ZERO_PICO_USD } from '../core/money.js';
import type { PicoUsd } from '../core/money.js';
import type { Cost, CostComponent, Price, PriceRate, PriceTier } from '../core/pricing.js';
import { totalInput } from '../core/usage.js';
import type { TokenClass, TokenUsage } from '../core/usage.js';
import { TOKEN_CLASSES } from '../core/usage.js';
import type { CostQuality, PriceComponent } from '../core/vocabulary.js';

/** Which of several dated prices is asked for. */
export interface PriceQuestion {
  readonly at: Date;
  /** As the response names it; null where it names none. */
  readonly serviceTier: string | null;
  readonly batch: boolean;
}

/**
 * The price in force: of those that had begun by `at` and are for the same kind of call (batch or not), one for exactly
 * this service tier before one for any, and of these the latest; of equal instants the later in the list.
 */
export function priceInForce(prices: readonly Price[], { at, serviceTier, batch }: PriceQuestion): Price | null {
  let best: Price | null = null;
  for (const price of prices) {
    const applies = price.batch === batch && price.effectiveFrom <= at && (price.serviceTier === null || price.serviceTier === serviceTier);
    if (applies && (best === null || !isBetter(best, price))) best = price;
  }
  return best;
}

function isBetter(left: Price, right: Price): boolean {
  const exactness = Number(left.serviceTier !== null) - Number(right.serviceTier !== null);
  return exactness === 0 ? left.effectiveFrom > right.effectiveFrom : exactness > 0;
}

/**
 * Whose rate a token class is billed at: its own, else the next in its list. Vendors publish a rate of its own only where it
 * differs from plain input or output, so an absent one means the plain one. An absent INPUT or OUTPUT has no such
 * meaning: tokens of that class make the call UNPRICED. An explicit rate of 0 is a rate.
 */
export const RATE_FALLBACKS: Readonly<Record<TokenClass, readonly PriceComponent[]>> = {
  input: ['INPUT'],
  cachedInput: ['CACHED_INPUT', 'INPUT'],
  cacheWrite5m: ['CACHE_WRITE_5M', 'INPUT'],
  // Prices that know one write rate give it as the 5-minute one; it is nearer to the truth than plain input.
  cacheWrite1h: ['CACHE_WRITE_1H', 'CACHE_WRITE_5M', 'INPUT'],
  audioInput: ['AUDIO_INPUT', 'INPUT'],
  imageInput: ['IMAGE_INPUT', 'INPUT'],
  output: ['OUTPUT'],
  reasoning: ['REASONING', 'OUTPUT'],
  audioOutput: ['AUDIO_OUTPUT', 'OUTPUT'],
  imageOutput: ['IMAGE_OUTPUT', 'OUTPUT'],
};

const COMPONENT_OF_CLASS: Readonly<Record<TokenClass, PriceComponent>> = {
  input: 'INPUT',
  cachedInput: 'CACHED_INPUT',
  cacheWrite5m: 'CACHE_WRITE_5M',
  cacheWrite1h: 'CACHE_WRITE_1H',
  audioInput: 'AUDIO_INPUT',
  imageInput: 'IMAGE_INPUT',
  output: 'OUTPUT',
  reasoning: 'REASONING',
  audioOutput: 'AUDIO_OUTPUT',
  imageOutput: 'IMAGE_OUTPUT',
};

/** What nothing costs, known exactly: a refusal, or an upstream call that is not billed. */
export const COST_OF_NOTHING: Cost = { total: ZERO_PICO_USD, quality: 'EXACT', components: [], price: null, saved: ZERO_PICO_USD };

/**
 * The exact cost of one upstream call, in picodollars: one component for each class with tokens, and the request's own where
 * it has a rate. The whole request is billed by the highest size tier that its total input exceeds; tiers are never mixed.
 * What is billed by the piece has a component each (images, seconds, characters, searches).
 * Usage of source NONE was not billed and costs nothing.
 * @throws where a rate is no whole number of picodollars a unit: prices are checked when they are set.
 */
export function costOf(usage: TokenUsage, price: Price | null): Cost {
  if (usage.source === 'NONE') return { ...COST_OF_NOTHING, price };
  const tier = price && tierFor(price, totalInput(usage));
  if (tier === null) return unpriced(price);
  const pieces = componentsOfUnits(usage, tier);
  const components: CostComponent[] = [];
  for (const name of TOKEN_CLASSES) {
    if (usage[name] === 0) continue;
    const rate = rateFor(tier, RATE_FALLBACKS[name]);
    if (rate) components.push(componentOf(COMPONENT_OF_CLASS[name], usage[name], rate));
    else if (pieces.length === 0) return unpriced(price);
  }
  components.push(...pieces);
  const request = rateFor(tier, ['REQUEST']);
  if (request && usage.units?.REQUEST === undefined) components.push(componentOf('REQUEST', 1, request));
  // Something was used that the price has no rate for: unknown is not zero.
  if (components.length === 0 && usage.units) return unpriced(price);
  return { total: sumOf(components), quality: qualityOf(usage, tier), components, price, saved: ZERO_PICO_USD };
}

const UNITS = ['IMAGE', 'SECOND', 'CHARACTER', 'REQUEST'] as const;

/** Of what is billed by the piece. A price names either pieces or tokens: where it names pieces, tokens without a rate are paid with them. */
function componentsOfUnits({ units }: TokenUsage, tier: PriceTier): readonly CostComponent[] {
  if (units === undefined) return [];
  return UNITS.flatMap((unit) => {
    const rate = units[unit] === undefined ? null : rateFor(tier, [unit]);
    return rate ? componentOf(unit, units[unit] ?? 0, rate) : [];
  });
}

function tierFor(price: Price, inputTokens: number): PriceTier | null {
  let best: PriceTier | null = null;
  for (const tier of price.tiers) {
    const applies = tier.aboveInputTokens === 0 || inputTokens > tier.aboveInputTokens;
    if (applies && (best === null || tier.aboveInputTokens > best.aboveInputTokens)) best = tier;
  }
  return best;
}

function rateFor(tier: PriceTier, wanted: readonly PriceComponent[]): PriceRate | null {
  for (const component of wanted) {
    const rate = tier.rates.find((candidate) => candidate.component === component);
    if (rate) return rate;
  }
  return null;
}

function componentOf(kind: PriceComponent, quantity: number, rate: PriceRate): CostComponent {
  const unit = unitPriceOf(rate);
  return { kind, quantity, unitPrice: rate.amount, per: rate.per, amount: picoUsd(unit * BigInt(quantity)) };
}

function unitPriceOf({ component, amount, per }: PriceRate): bigint {
  if (!Number.isSafeInteger(per) || per < 1 || amount < 0n || amount % BigInt(per) !== 0n)
    throw new RangeError(`the ${component} rate is no whole number of picodollars a unit: ${amount} for ${per}`);
  return amount / BigInt(per);
}

function qualityOf(usage: TokenUsage, tier: PriceTier): CostQuality {
  if (tier.rates.length > 0 && tier.rates.every((rate) => rate.amount === 0n)) return 'FREE';
  // Counts that contradict one another were clamped: what they cost is no exact figure.
  return usage.source === 'REPORTED' && !usage.inconsistent ? 'EXACT' : 'ESTIMATED';
}

function unpriced(price: Price | null): Cost {
  return { total: null, quality: 'UNPRICED', components: [], price, saved: ZERO_PICO_USD };
}

function sumOf(components: readonly CostComponent[]): PicoUsd {
  return components.reduce((sum, component) => addUsd(sum, component.amount), ZERO_PICO_USD);
}

/**
 * What several attempts cost together: every one that was billed counts, also a failed one. Equal components at equal
 * rates join. One unknown makes the sum unknown. `price` is that of the last attempt that had one.
 */
export function sumCosts(costs: readonly Cost[]): Cost {
  const billed = costs.filter((cost) => cost.components.length > 0 || cost.total === null || cost.quality === 'FREE');
  const price = costs.findLast((cost) => cost.price !== null)?.price ?? null;
  const saved = costs.reduce((sum, cost) => addUsd(sum, cost.saved), ZERO_PICO_USD);
  if (billed.some((cost) => cost.total === null)) return { ...unpriced(price), saved };
  const components = joinComponents(billed.flatMap((cost) => cost.components));
  return { total: sumOf(components), quality: worstQuality(billed), components, price, saved };
}

function worstQuality(costs: readonly Cost[]): CostQuality {
  if (costs.some((cost) => cost.quality === 'ESTIMATED')) return 'ESTIMATED';
  return costs.length > 0 && costs.every((cost) => cost.quality === 'FREE') ? 'FREE' : 'EXACT';
}

function joinComponents(components: readonly CostComponent[]): readonly CostComponent[] {
  const joined = new Map<string, CostComponent>();
  for (const component of components) {
    const key = `${component.kind} ${component.unitPrice} ${component.per}`;
    const known = joined.get(key);
    joined.set(
      key,
      known ? { ...known, quantity: known.quantity + component.quantity, amount: addUsd(known.amount, component.amount) } : component,
    );
  }
  return [...joined.values()];
}
