import { ArgsType, Field, Float, ID, InputType, Int } from 'type-graphql';
import type * as core from '../../accounting/reports/contract.js';
import type { ErrorCode, InferenceStatus, Operation } from '../../core/vocabulary.js';
import { PageArgs } from '../connection.js';
import { ErrorCodeEnum } from '../errors/words.js';
import { InferenceStatusEnum, OperationEnum } from '../inference/words.js';
import { GraphQLDecimal } from '../scalars/index.js';
import { TagInput } from '../tag.js';
import { TimeRangeInput } from '../usage/inputs.js';

const OPTIONAL = { nullable: true } as const;

@InputType({
  description: 'All that is given must hold; within one, any of its values: an empty list matches nothing, null is no condition.',
})
export class InferenceFilter implements core.InferenceFilter {
  @Field(() => TimeRangeInput, { ...OPTIONAL, description: 'When it was asked for.' })
  readonly range?: TimeRangeInput | null;

  @Field(() => [ID], { ...OPTIONAL, description: 'Ids of teams.' })
  readonly teams?: readonly string[] | null;

  @Field(() => [ID], { ...OPTIONAL, description: 'Ids of API keys.' })
  readonly apiKeys?: readonly string[] | null;

  @Field(() => [String], { ...OPTIONAL, description: 'The caller’s own ids of persons or accounts.' })
  readonly users?: readonly string[] | null;

  @Field(() => [String], { ...OPTIONAL, description: 'The caller’s own ids of conversations.' })
  readonly sessions?: readonly string[] | null;

  @Field(() => [String], { ...OPTIONAL, description: 'Slugs of the models that answered.' })
  readonly models?: readonly string[] | null;

  @Field(() => [String], { ...OPTIONAL, description: 'Slugs of the providers that answered.' })
  readonly providers?: readonly string[] | null;

  @Field(() => [String], { ...OPTIONAL, description: 'Slugs of the deployments that answered.' })
  readonly deployments?: readonly string[] | null;

  @Field(() => [String], { ...OPTIONAL, description: 'Slugs of the routes that callers named.' })
  readonly routes?: readonly string[] | null;

  @Field(() => [OperationEnum], { ...OPTIONAL, description: 'What was asked for.' })
  readonly operations?: readonly Operation[] | null;

  @Field(() => [InferenceStatusEnum], { ...OPTIONAL, description: 'How it ended.' })
  readonly statuses?: readonly InferenceStatus[] | null;

  @Field(() => [ErrorCodeEnum], { ...OPTIONAL, description: 'Why it was refused, failed or cancelled.' })
  readonly errorCodes?: readonly ErrorCode[] | null;

  @Field(() => [TagInput], { ...OPTIONAL, description: 'Labels: any of these.' })
  readonly tags?: readonly TagInput[] | null;

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
