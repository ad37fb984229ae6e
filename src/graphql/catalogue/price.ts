import { Field, Int, ObjectType } from 'type-graphql';
import { priceInForce } from '../../accounting/price.js';
import { formatUsd } from '../../core/money.js';
import type * as core from '../../core/pricing.js';
import { GraphQLDateTime, GraphQLDecimal } from '../scalars/index.js';
import { PriceComponentEnum } from './words.js';

@ObjectType({ description: 'What one component costs.' })
export class PriceRate {
  @Field(() => PriceComponentEnum, { description: 'What it is for.' })
  readonly component!: string;

  @Field(() => GraphQLDecimal, { description: 'USD for `per` units: 1,000,000 for tokens.' })
  readonly amount!: string;

  @Field(() => Int, { description: 'How many units the amount buys.' })
  readonly per!: number;
}

@ObjectType({ description: 'Applies to the whole request where totalInput > aboveInputTokens; of the tiers that apply, the highest.' })
export class PriceTier {
  @Field(() => Int, { description: 'Prompt tokens above which this tier applies; 0 for the first.' })
  readonly aboveInputTokens!: number;

  @Field(() => [PriceRate], { description: 'One rate a component.' })
  readonly rates!: readonly PriceRate[];
}

@ObjectType({ description: 'A dated price.' })
export class Price {
  constructor(private readonly price: core.Price) {}

  @Field(() => GraphQLDateTime, { description: 'From when it is in force (UTC).' })
  get effectiveFrom(): Date {
    return this.price.effectiveFrom;
  }

  @Field(() => String, { description: 'ISO 4217 code: USD.' })
  get currency(): string {
    return this.price.currency;
  }

  @Field(() => String, { description: 'Where it is known from: a price list, or who set it.' })
  get source(): string {
    return this.price.source;
  }

  @Field(() => String, { nullable: true, description: 'The service tier (as the response names it) that it is for; null: any.' })
  get serviceTier(): string | null {
    return this.price.serviceTier;
  }

  @Field(() => Boolean, { description: 'Whether it is for batch mode.' })
  get batch(): boolean {
    return this.price.batch;
  }

  @Field(() => [PriceTier], { description: 'Ascending by `aboveInputTokens`; the first is 0.' })
  get tiers(): readonly PriceTier[] {
    return this.price.tiers.map((tier) => ({ aboveInputTokens: tier.aboveInputTokens, rates: tier.rates.map(toRate) }));
  }
}

/** The list price at an instant: for any service tier, outside batch mode. Null where none is in force. */
export function listPriceAt(prices: readonly core.Price[], at: Date): Price | null {
  const price = priceInForce(prices, { at, serviceTier: null, batch: false });
  return price && new Price(price);
}

function toRate({ component, amount, per }: core.PriceRate): PriceRate {
  return { component, amount: formatUsd(amount), per };
}
