import { Field, Int, ObjectType } from 'type-graphql';
import { formatUsd } from '../../core/money.js';
import type * as core from '../../core/pricing.js';
import { Price } from '../catalogue/price.js';
import { PriceComponentEnum } from '../catalogue/words.js';
import { Money, toMoney } from '../money.js';
import { GraphQLDecimal, GraphQLSafeInt } from '../scalars/index.js';
import { CostQualityEnum } from './words.js';

@ObjectType({ description: 'One part of a cost.' })
export class CostComponent {
  @Field(() => PriceComponentEnum, { description: 'What was used.' })
  readonly kind!: string;

  @Field(() => GraphQLSafeInt, { description: 'How much of it, in its own unit: tokens, requests, images, seconds, characters.' })
  readonly quantity!: number;

  @Field(() => GraphQLDecimal, { description: 'USD for `per` units.' })
  readonly unitPrice!: string;

  @Field(() => Int, { description: 'The unit price is for this many.' })
  readonly per!: number;

  @Field(() => GraphQLDecimal, { description: 'USD, exact to 10^-12.' })
  readonly amount!: string;
}

@ObjectType({ description: 'What it cost, exactly.' })
export class Cost {
  @Field(() => Money, { nullable: true, description: 'The sum of the components. Null where there is no price: unknown is never zero.' })
  readonly total!: Money | null;

  @Field(() => CostQualityEnum, { description: 'How far it can be trusted.' })
  readonly quality!: string;

  @Field(() => [CostComponent], { description: 'What the sum is made of.' })
  readonly components!: readonly CostComponent[];

  @Field(() => Price, { nullable: true, description: 'The price that was in force.' })
  readonly price!: Price | null;

  @Field(() => Money, { description: 'What the cache saved.' })
  readonly saved!: Money;
}

export function toCost(cost: core.Cost): Cost {
  return {
    total: cost.total === null ? null : toMoney(cost.total),
    quality: cost.quality,
    components: cost.components.map(toComponent),
    price: cost.price && new Price(cost.price),
    saved: toMoney(cost.saved),
  };
}

function toComponent({ kind, quantity, unitPrice, per, amount }: core.CostComponent): CostComponent {
  return { kind, quantity, unitPrice: formatUsd(unitPrice), per, amount: formatUsd(amount) };
}
