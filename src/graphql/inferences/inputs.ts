import { ArgsType, Field, Float, ID, InputType, Int } from 'type-graphql';
import type * as core from '../../accounting/reports/contract.js';
import { PageArgs } from '../connection.js';
import { GraphQLDecimal } from '../scalars/index.js';
import { CommonFilter } from '../usage/common-filter.js';
import { TimeRangeInput } from '../usage/inputs.js';

const OPTIONAL = { nullable: true } as const;

@InputType({
  description: 'All that is given must hold; within one, any of its values: an empty list matches nothing, null is no condition.',
})
export class InferenceFilter extends CommonFilter implements core.InferenceFilter {
  @Field(() => TimeRangeInput, { ...OPTIONAL, description: 'When it was asked for.' })
  readonly range?: TimeRangeInput | null;

  @Field(() => GraphQLDecimal, { ...OPTIONAL, description: 'Cost at least so many USD; what has no price is left out.' })
  readonly minCost?: string | null;

  @Field(() => Int, { ...OPTIONAL, description: 'Took at least so many ms from the request to the end.' })
  readonly minLatencyMs?: number | null;
}

@ArgsType()
export class InferencesArgs extends PageArgs {
  @Field(() => InferenceFilter, { ...OPTIONAL, description: 'Which inferences.' })
  readonly filter?: InferenceFilter | null;
}

@ArgsType()
export class InferenceSettledArgs {
  @Field(() => InferenceFilter, { ...OPTIONAL, description: 'Which inferences.' })
  readonly filter?: InferenceFilter | null;
}

@InputType({ description: 'How good an answer was.' })
export class RecordFeedbackInput implements core.FeedbackInput {
  @Field(() => ID, { description: 'Which inference: one’s own, or with USAGE_READ any that the key sees.' })
  readonly inferenceId!: string;

  @Field(() => Float, { description: 'From -1 (bad) to 1 (good).' })
  readonly value!: number;

  @Field(() => Float, { ...OPTIONAL, defaultValue: 1, description: 'How much it counts in averages: 0 to 1.' })
  readonly weight?: number | null;

  @Field(() => String, { ...OPTIONAL, description: 'What was rated, or by what means, in one’s own words; at most 100 characters.' })
  readonly label?: string | null;

  @Field(() => String, { ...OPTIONAL, description: 'In words, for people; at most 2000 characters.' })
  readonly comment?: string | null;
}
