import { Field, Float, ObjectType } from 'type-graphql';
import type * as core from '../../accounting/reports/contract.js';
import { totalInput, totalOutput } from '../../core/usage.js';
import { Money, toMoney } from '../money.js';
import { GraphQLDateTime, GraphQLSafeInt } from '../scalars/index.js';
import { DimensionValue, TimeRange, toDimensions } from './group.js';
import { TokenTotals } from './token-totals.js';

@ObjectType({ description: 'How a measure is spread, interpolated between neighbours; null where nothing was measured.' })
export class Percentiles implements core.Percentiles {
  @Field(() => Float, { nullable: true, description: 'Half are at or below this.' })
  readonly p50!: number | null;

  @Field(() => Float, { nullable: true, description: '90 % are at or below this.' })
  readonly p90!: number | null;

  @Field(() => Float, { nullable: true, description: '95 % are at or below this.' })
  readonly p95!: number | null;

  @Field(() => Float, { nullable: true, description: '99 % are at or below this.' })
  readonly p99!: number | null;
}

@ObjectType({ description: 'How answers were rated.' })
export class FeedbackSummary {
  @Field(() => GraphQLSafeInt, { description: 'How many ratings there are.' })
  readonly count!: number;

  @Field(() => Float, {
    nullable: true,
    description: 'Their average by weight, from -1 (bad) to 1 (good); null where none weighs anything.',
  })
  readonly average!: number | null;
}

@ObjectType({ description: 'A request is one inference; an attempt is one upstream call. Cost counts every billed attempt.' })
export class UsageMetrics {
  @Field(() => GraphQLSafeInt, { description: 'Inferences, refused ones too.' })
  readonly requests!: number;

  @Field(() => GraphQLSafeInt, { description: 'Upstream calls.' })
  readonly attempts!: number;

  @Field(() => GraphQLSafeInt, { description: 'Requests answered in full.' })
  readonly succeeded!: number;

  @Field(() => GraphQLSafeInt, { description: 'Requests that failed after something was sent upstream.' })
  readonly failed!: number;

  @Field(() => GraphQLSafeInt, { description: 'Requests ended by their callers.' })
  readonly cancelled!: number;

  @Field(() => GraphQLSafeInt, { description: 'Requests refused before any upstream call.' })
  readonly blocked!: number;

  @Field(() => Float, {
    description: '`failed` of all requests, 0 to 1: refused and cancelled ones are no errors. 0 where there are no requests.',
  })
  readonly errorRate!: number;

  @Field(() => GraphQLSafeInt, { description: 'Requests answered after another target had failed.' })
  readonly rerouted!: number;

  @Field(() => GraphQLSafeInt, { description: 'Requests that the answer cache answered.' })
  readonly cacheHits!: number;

  @Field(() => Float, { description: '`cacheHits` of the requests that asked the answer cache, 0 to 1; 0 where none did.' })
  readonly cacheHitRate!: number;

  @Field(() => TokenTotals, { description: 'Tokens of all attempts.' })
  readonly tokens!: TokenTotals;

  @Field(() => Money, { description: 'What all attempts cost, exactly; `unpricedRequests` are not in it.' })
  readonly cost!: Money;

  @Field(() => Money, { description: 'What the answer cache saved, exactly.' })
  readonly saved!: Money;

  @Field(() => GraphQLSafeInt, { description: 'Requests whose cost is unknown because there is no price.' })
  readonly unpricedRequests!: number;

  @Field(() => Percentiles, { description: 'From the request to its end, in ms.' })
  readonly latencyMs!: Percentiles;

  @Field(() => Percentiles, { description: 'From the request to the first token, in ms.' })
  readonly firstTokenMs!: Percentiles;

  @Field(() => Percentiles, { description: 'The gateway’s own share of the latency, in ms.' })
  readonly gatewayMs!: Percentiles;

  @Field(() => GraphQLSafeInt, { nullable: true, description: 'Different values of `user`.' })
  readonly activeUsers!: number | null;

  @Field(() => FeedbackSummary, { nullable: true, description: 'How these requests were rated, whenever that was.' })
  readonly feedback!: FeedbackSummary | null;
}

@ObjectType({ description: 'One group, in one bucket of time where there are such.' })
export class UsageRow {
  @Field(() => GraphQLDateTime, { nullable: true, description: 'When the bucket begins (UTC); null without `granularity`.' })
  readonly bucket!: Date | null;

  @Field(() => [DimensionValue], { description: 'What makes the group, in the order of `groupBy`.' })
  readonly dimensions!: readonly DimensionValue[];

  @Field(() => UsageMetrics, { description: 'Its figures.' })
  readonly metrics!: UsageMetrics;
}

@ObjectType({ description: 'What was asked of the gateway, and what it took.' })
export class UsageReport {
  @Field(() => TimeRange, { description: 'The time that it is about.' })
  readonly range!: TimeRange;

  @Field(() => UsageMetrics, { description: 'Of all groups, also those past `limit`.' })
  readonly totals!: UsageMetrics;

  @Field(() => [UsageRow], { description: 'The groups, as `orderBy` says; with `granularity` in the order of time.' })
  readonly rows!: readonly UsageRow[];

  @Field(() => Boolean, { description: 'Whether there are rows past `limit`.' })
  readonly truncated!: boolean;

  @Field(() => GraphQLDateTime, {
    description: 'Until when rows are complete (UTC): what had ended by then at this replica is in them; others book within 5 s.',
  })
  readonly freshAsOf!: Date;
}

export function toUsageReport(report: core.UsageReport): UsageReport {
  return {
    ...report,
    totals: toMetrics(report.totals),
    rows: report.rows.map((row) => ({ bucket: row.bucket, dimensions: toDimensions(row), metrics: toMetrics(row.metrics) })),
  };
}

function toMetrics(metrics: core.UsageMetrics): UsageMetrics {
  const { requests, failed, cacheHits, cacheMisses, tokens } = metrics;
  return {
    ...metrics,
    errorRate: share(failed, requests),
    cacheHitRate: share(cacheHits, cacheHits + cacheMisses),
    tokens: { ...tokens, totalInput: totalInput(tokens), totalOutput: totalOutput(tokens) },
    cost: toMoney(metrics.cost),
    saved: toMoney(metrics.saved),
  };
}

function share(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}
