import { ArgsType, Field, ID, InputType, Int } from 'type-graphql';
import type * as core from '../../accounting/reports/contract.js';
import type { ErrorCode, Granularity, InferenceStatus, Operation, TaskKind, UsageDimension, UsageOrder } from '../../core/vocabulary.js';
import { ErrorCodeEnum } from '../errors/words.js';
import { InferenceStatusEnum, OperationEnum, TaskKindEnum } from '../inference/words.js';
import { GraphQLDateTime } from '../scalars/index.js';
import { TagInput } from '../tag.js';
import { GranularityEnum, UsageDimensionEnum, UsageOrderEnum } from './words.js';

const OPTIONAL = { nullable: true } as const;

@InputType({ description: 'A stretch of time: what was asked for from `from` on, and before `to`.' })
export class TimeRangeInput implements core.TimeRange {
  @Field(() => GraphQLDateTime, { description: 'The first instant that counts (UTC).' })
  readonly from!: Date;

  @Field(() => GraphQLDateTime, { description: 'The first instant that does not count any more (UTC); not before `from`.' })
  readonly to!: Date;
}

@InputType({
  description: 'All that is given must hold; within one, any of its values: an empty list matches nothing, null is no condition.',
})
export class UsageFilter implements core.UsageFilter {
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

  @Field(() => [String], { ...OPTIONAL, description: 'Models as callers wrote them.' })
  readonly requestedModels?: readonly string[] | null;

  @Field(() => [String], { ...OPTIONAL, description: 'Slugs of the providers that answered.' })
  readonly providers?: readonly string[] | null;

  @Field(() => [String], { ...OPTIONAL, description: 'Slugs of the deployments that answered.' })
  readonly deployments?: readonly string[] | null;

  @Field(() => [String], { ...OPTIONAL, description: 'Slugs of the routes that callers named.' })
  readonly routes?: readonly string[] | null;

  @Field(() => [OperationEnum], { ...OPTIONAL, description: 'What was asked for.' })
  readonly operations?: readonly Operation[] | null;

  @Field(() => [TaskKindEnum], { ...OPTIONAL, description: 'What callers said it was for.' })
  readonly tasks?: readonly TaskKind[] | null;

  @Field(() => [InferenceStatusEnum], { ...OPTIONAL, description: 'How it ended.' })
  readonly statuses?: readonly InferenceStatus[] | null;

  @Field(() => [ErrorCodeEnum], { ...OPTIONAL, description: 'Why it was refused, failed or cancelled.' })
  readonly errorCodes?: readonly ErrorCode[] | null;

  @Field(() => [String], { ...OPTIONAL, description: 'Where it was answered.' })
  readonly regions?: readonly string[] | null;

  @Field(() => [TagInput], { ...OPTIONAL, description: 'Labels: any of these.' })
  readonly tags?: readonly TagInput[] | null;

  @Field(() => String, {
    ...OPTIONAL,
    description: 'For groups by TAG, which need it: whose values make the groups. It leaves nothing out.',
  })
  readonly tagKey?: string | null;
}

@ArgsType()
export class CostsArgs implements core.CostRequest {
  @Field(() => TimeRangeInput, { description: 'The time that the report is about.' })
  readonly range!: TimeRangeInput;

  @Field(() => GranularityEnum, {
    ...OPTIONAL,
    description: 'Also by buckets of time. A bucket in which nothing was asked for has no row.',
  })
  readonly granularity?: Granularity | null;

  @Field(() => String, {
    ...OPTIONAL,
    defaultValue: 'UTC',
    description: 'Where the buckets begin: an IANA time zone such as Europe/Paris.',
  })
  readonly timeZone?: string | null;

  @Field(() => [UsageDimensionEnum], { ...OPTIONAL, defaultValue: [], description: 'What makes the groups: at most three, each once.' })
  readonly groupBy?: readonly UsageDimension[] | null;

  @Field(() => UsageFilter, { ...OPTIONAL, description: 'Which requests count.' })
  readonly filter?: UsageFilter | null;

  @Field(() => Int, {
    ...OPTIONAL,
    defaultValue: 100,
    description: 'How many rows to answer: 0 to 1000. With buckets, those of the first groups, group by group.',
  })
  readonly limit?: number | null;
}

@ArgsType()
export class UsageArgs extends CostsArgs implements core.UsageRequest {
  @Field(() => UsageOrderEnum, { ...OPTIONAL, defaultValue: 'COST_DESC', description: 'Which groups come first.' })
  readonly orderBy?: UsageOrder | null;
}
