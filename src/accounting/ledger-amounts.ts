import { idFromUuid, uuidFromId } from '../core/ids.js';
import type { PriceId } from '../core/ids.js';
import type { JsonValue } from '../core/json.js';
import { formatUsd, parseUsd, ZERO_PICO_USD } from '../core/money.js';
import type { PicoUsd } from '../core/money.js';
import type { Cost, CostComponent, Price, PriceRate } from '../core/pricing.js';
import { NO_TOKENS, TOKEN_CLASSES } from '../core/usage.js';
import type { TokenClass, TokenUsage } from '../core/usage.js';
import type { CostQuality, PriceComponent, UsageSource } from '../core/vocabulary.js';

/** Columns of usage and cost, alike in both ledger tables. A count is written as a number and read as decimal text. */
export type AmountColumns<Count = number> = Record<TokenColumn, Count> & {
  /** Null while the call runs. */
  readonly usage_source: UsageSource | null;
  readonly usage_raw: JsonValue | null;
  readonly usage_inconsistent: boolean;
  /** Decimal dollars; null while the call runs and where it is unpriced. */
  readonly cost: string | null;
  /** Null while the call runs. */
  readonly cost_quality: CostQuality | null;
  readonly cost_components: readonly StoredComponent[];
  readonly price_id: string | null;
};

type TokenColumn = (typeof TOKEN_COLUMNS)[TokenClass];

export interface StoredComponent {
  readonly kind: PriceComponent;
  readonly quantity: number;
  readonly unitPrice: string;
  readonly per: number;
  readonly amount: string;
}

/** A price as a row keeps it: amounts are decimal dollars, the instant ISO 8601. */
export interface StoredPrice {
  readonly id: PriceId;
  readonly effectiveFrom: string;
  readonly currency: 'USD';
  readonly source: string;
  readonly serviceTier: string | null;
  readonly batch: boolean;
  readonly tiers: readonly StoredTier[];
}

export interface StoredTier {
  readonly aboveInputTokens: number;
  readonly rates: readonly { readonly component: PriceComponent; readonly amount: string; readonly per: number }[];
}

/** The column of each class of tokens. */
export const TOKEN_COLUMNS = {
  input: 'input',
  cachedInput: 'cached_input',
  cacheWrite5m: 'cache_write_5m',
  cacheWrite1h: 'cache_write_1h',
  audioInput: 'audio_input',
  imageInput: 'image_input',
  output: 'output',
  reasoning: 'reasoning',
  audioOutput: 'audio_output',
  imageOutput: 'image_output',
} as const satisfies Record<TokenClass, string>;

export function amountColumns(usage: TokenUsage | null, cost: Cost | null): AmountColumns {
  const tokens = usage ?? NO_TOKENS;
  return {
    input: tokens.input,
    cached_input: tokens.cachedInput,
    cache_write_5m: tokens.cacheWrite5m,
    cache_write_1h: tokens.cacheWrite1h,
    audio_input: tokens.audioInput,
    image_input: tokens.imageInput,
    output: tokens.output,
    reasoning: tokens.reasoning,
    audio_output: tokens.audioOutput,
    image_output: tokens.imageOutput,
    usage_source: usage?.source ?? null,
    usage_raw: usage?.raw ?? null,
    usage_inconsistent: usage?.inconsistent ?? false,
    cost: usdText(cost),
    cost_quality: cost?.quality ?? null,
    cost_components: cost?.components.map(storedComponent) ?? [],
    price_id: cost?.price ? uuidFromId(cost.price.id) : null,
  };
}

export function usageFrom(row: AmountColumns<string | number>): TokenUsage | null {
  if (row.usage_source === null) return null;
  const tokens: Record<TokenClass, number> = { ...NO_TOKENS };
  for (const name of TOKEN_CLASSES) tokens[name] = Number(row[TOKEN_COLUMNS[name]]);
  return { ...tokens, source: row.usage_source, raw: row.usage_raw, inconsistent: row.usage_inconsistent };
}

/** The total in decimal dollars; null while there is none and where it is unknown. */
export function usdText(cost: Cost | null): string | null {
  const total = cost?.total ?? null;
  return total === null ? null : formatUsd(total);
}

/** `price`: the one `price_id` names. */
export function costFrom(row: AmountColumns<string | number>, price: Price | null, saved: PicoUsd = ZERO_PICO_USD): Cost | null {
  if (row.cost_quality === null) return null;
  const total = row.cost === null ? null : storedUsd(row.cost);
  return { total, quality: row.cost_quality, components: row.cost_components.map(componentFrom), price, saved };
}

function storedComponent({ kind, quantity, unitPrice, per, amount }: CostComponent): StoredComponent {
  return { kind, quantity, unitPrice: formatUsd(unitPrice), per, amount: formatUsd(amount) };
}

function componentFrom({ kind, quantity, unitPrice, per, amount }: StoredComponent): CostComponent {
  return { kind, quantity, unitPrice: storedUsd(unitPrice), per, amount: storedUsd(amount) };
}

export function storedPrice(price: Price): StoredPrice {
  const tiers = price.tiers.map((tier) => ({ aboveInputTokens: tier.aboveInputTokens, rates: tier.rates.map(storedRate) }));
  return { ...price, effectiveFrom: price.effectiveFrom.toISOString(), tiers };
}

export function priceFrom(stored: StoredPrice): Price {
  const tiers = stored.tiers.map((tier) => ({
    aboveInputTokens: tier.aboveInputTokens,
    rates: tier.rates.map((rate): PriceRate => ({ component: rate.component, amount: storedUsd(rate.amount), per: rate.per })),
  }));
  return { ...stored, effectiveFrom: new Date(stored.effectiveFrom), tiers };
}

function storedRate({ component, amount, per }: PriceRate) {
  return { component, amount: formatUsd(amount), per };
}

/** Money as the database hands it out. @throws where it is finer than a picodollar: nobody wrote that. */
export function storedUsd(text: string): PicoUsd {
  const amount = parseUsd(text);
  if (amount === null) throw new RangeError(`the ledger holds an amount that is no whole number of picodollars: ${text}`);
  return amount;
}

export function priceIdFrom(uuid: string): PriceId {
  return idFromUuid('price', uuid);
}
