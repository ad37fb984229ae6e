import type { PriceId } from './ids.js';
import type { PicoUsd } from './money.js';
import type { CostQuality, PriceComponent } from './vocabulary.js';

/** A dated price of a model or a deployment. */
export interface Price {
  readonly id: PriceId;
  readonly effectiveFrom: Date;
  readonly currency: 'USD';
  readonly source: string;
  /** The service tier (as the response names it) it is for; null: any. */
  readonly serviceTier: string | null;
  readonly batch: boolean;
  /** Ascending by `aboveInputTokens`; the first is 0. */
  readonly tiers: readonly PriceTier[];
}

/** Applies to the whole request where its total input exceeds `aboveInputTokens`; of those that apply, the highest. */
export interface PriceTier {
  readonly aboveInputTokens: number;
  readonly rates: readonly PriceRate[];
}

/** `amount` is for `per` units; a whole number of picodollars a unit, so that every cost is exact. */
export interface PriceRate {
  readonly component: PriceComponent;
  readonly amount: PicoUsd;
  readonly per: number;
}

export interface Cost {
  /** Null where there is no price: unknown is never zero. */
  readonly total: PicoUsd | null;
  readonly quality: CostQuality;
  readonly components: readonly CostComponent[];
  readonly price: Price | null;
  /** What the cache saved. */
  readonly saved: PicoUsd;
}

export interface CostComponent {
  readonly kind: PriceComponent;
  readonly quantity: number;
  /** For `per` units. */
  readonly unitPrice: PicoUsd;
  readonly per: number;
  readonly amount: PicoUsd;
}
