import { ArgsType, Field, InputType, Int } from 'type-graphql';
import type * as core from '../../accounting/reports/contract.js';
import type { Granularity, TaskKind, UsageDimension, UsageOrder } from '../../core/vocabulary.js';
import { TaskKindEnum } from '../inference/words.js';
import { GraphQLDateTime } from '../scalars/index.js';
import { CommonFilter } from './common-filter.js';
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
export class UsageFilter extends CommonFilter implements core.UsageFilter {
  @Field(() => [String], { ...OPTIONAL, description: 'Models as callers wrote them.' })
  readonly requestedModels?: readonly string[] | null;

  @Field(() => [TaskKindEnum], { ...OPTIONAL, description: 'What callers said it was for.' })
  readonly tasks?: readonly TaskKind[] | null;

  @Field(() => [String], { ...OPTIONAL, description: 'Where it was answered.' })
  readonly regions?: readonly string[] | null;

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
