import { Directive, Field, ObjectType } from 'type-graphql';
import { formatUsd, type PicoUsd } from '../core/money.js';
import { GraphQLDecimal } from './scalars/index.js';

@ObjectType({ description: 'An exact amount of money.' })
@Directive('@shareable')
export class Money {
  @Field(() => GraphQLDecimal, { description: 'The amount in `currency`, exact to 10^-12.' })
  readonly amount!: string;

  @Field(() => String, { description: 'ISO 4217 code: USD.' })
  readonly currency!: string;
}

export function toMoney(amount: PicoUsd): Money {
  return { amount: formatUsd(amount), currency: 'USD' };
}
