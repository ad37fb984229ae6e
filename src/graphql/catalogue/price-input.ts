import { Field, InputType, Int } from 'type-graphql';
import type * as core from '../../catalog/contract.js';
import type { PriceComponent } from '../../core/vocabulary.js';
import { GraphQLDateTime, GraphQLDecimal } from '../scalars/index.js';
import { PriceComponentEnum } from './words.js';

const OPTIONAL = { nullable: true } as const;

@InputType({ description: 'What one component costs.' })
export class PriceRateInput {
  @Field(() => PriceComponentEnum, { description: 'What it is for.' })
  readonly component!: PriceComponent;

  @Field(() => GraphQLDecimal, { description: 'USD for `per` units, not negative.' })
  readonly amount!: string;

  @Field(() => Int, { ...OPTIONAL, defaultValue: 1_000_000, description: 'How many units the amount buys.' })
  readonly per?: number | null;
}

@InputType({ description: 'Applies to the whole request where totalInput > aboveInputTokens; of the tiers that apply, the highest.' })
export class PriceTierInput {
  @Field(() => Int, { ...OPTIONAL, defaultValue: 0, description: 'Prompt tokens above which this tier applies; one tier starts at 0.' })
  readonly aboveInputTokens?: number | null;

  @Field(() => [PriceRateInput], { description: 'One rate a component.' })
  readonly rates!: readonly PriceRateInput[];
}

@InputType({ description: 'A dated price in USD.' })
export class PriceInput implements core.PriceInput {
  @Field(() => GraphQLDateTime, { ...OPTIONAL, description: 'From when it is in force (UTC); now, where none is given.' })
  readonly effectiveFrom?: Date | null;

  @Field(() => String, { ...OPTIONAL, description: 'Where it is known from.' })
  readonly source?: string | null;

  @Field(() => String, { ...OPTIONAL, description: 'The service tier (as the response names it) it is for; any, where none is given.' })
  readonly serviceTier?: string | null;

  @Field(() => Boolean, { ...OPTIONAL, defaultValue: false, description: 'Whether it is for batch mode.' })
  readonly batch?: boolean | null;

  @Field(() => [PriceTierInput], { description: 'By the size of the prompt; one tier starts at 0.' })
  readonly tiers!: readonly PriceTierInput[];
}

@InputType({ description: 'A price for one deployment, or for a model wherever it has no price of its own.' })
export class SetPriceInput implements core.SetPriceInput {
  @Field(() => String, { ...OPTIONAL, description: 'The slug of a model; or name a deployment.' })
  readonly model?: string | null;

  @Field(() => String, { ...OPTIONAL, description: 'The slug of a deployment; or name a model.' })
  readonly deployment?: string | null;

  @Field(() => PriceInput, { description: 'The price.' })
  readonly price!: PriceInput;

  @Field(() => Boolean, { ...OPTIONAL, defaultValue: false, description: 'Needed where the price is out of line with its peers.' })
  readonly confirm?: boolean | null;
}
