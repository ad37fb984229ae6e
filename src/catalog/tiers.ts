import { formatUsd } from '../core/money.js';
import type { PriceTier } from '../core/pricing.js';
import type { PriceComponent } from '../core/vocabulary.js';

export interface TierAsJson {
  readonly aboveInputTokens: number;
  readonly rates: readonly { readonly component: PriceComponent; readonly amount: string; readonly per: number }[];
}

/** Tiers as they are stored and audited: amounts as decimal strings of dollars. */
export function tiersAsJson(tiers: readonly PriceTier[]): TierAsJson[] {
  return tiers.map((tier) => ({
    aboveInputTokens: tier.aboveInputTokens,
    rates: tier.rates.map((rate) => ({ component: rate.component, amount: formatUsd(rate.amount), per: rate.per })),
  }));
}
