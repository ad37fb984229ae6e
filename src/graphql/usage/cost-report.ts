import { Field, ObjectType } from 'type-graphql';
import type * as core from '../../accounting/reports/contract.js';
import { formatUsd } from '../../core/money.js';
import { PriceComponentEnum } from '../catalogue/words.js';
import { Money, toMoney } from '../money.js';
import { GraphQLDateTime, GraphQLDecimal, GraphQLSafeInt } from '../scalars/index.js';
import { DimensionValue, TimeRange, toDimensions } from './group.js';

@ObjectType({ description: 'One kind of cost, over a group.' })
export class CostTotal {
  @Field(() => PriceComponentEnum, { description: 'What was used.' })
  readonly kind!: string;

  @Field(() => GraphQLSafeInt, { description: 'How much of it, in its own unit: tokens, requests, images, seconds, characters.' })
  readonly quantity!: number;

  @Field(() => GraphQLDecimal, { description: 'USD, exact to 10^-12.' })
  readonly amount!: string;
}

@ObjectType({ description: 'One group, in one bucket of time where there are such.' })
export class CostRow {
  @Field(() => GraphQLDateTime, { nullable: true, description: 'When the bucket begins (UTC); null without `granularity`.' })
  readonly bucket!: Date | null;

  @Field(() => [DimensionValue], { description: 'What makes the group, in the order of `groupBy`.' })
  readonly dimensions!: readonly DimensionValue[];

  @Field(() => Money, { description: 'What it cost, exactly: the sum of `components`.' })
  readonly total!: Money;

  @Field(() => [CostTotal], { description: 'What the sum is made of, kind by kind.' })
  readonly components!: readonly CostTotal[];

  @Field(() => GraphQLDecimal, {
    nullable: true,
    description:
      'USD for a million tokens, prompt and answer together: `total` by the tokens of the requests that have a price. A ratio, rounded half to even to 10^-12; null where these used no tokens.',
  })
  readonly blendedPerMillionTokens!: string | null;
}

@ObjectType({ description: 'What it cost.' })
export class CostReport {
  @Field(() => TimeRange, { description: 'The time that it is about.' })
  readonly range!: TimeRange;

  @Field(() => Money, { description: 'Of all groups, also those past `limit`.' })
  readonly total!: Money;

  @Field(() => Money, { description: 'What the answer cache saved, in all groups.' })
  readonly saved!: Money;

  @Field(() => [CostRow], { description: 'The groups, the dearest first; with `granularity` in the order of time.' })
  readonly rows!: readonly CostRow[];

  @Field(() => Boolean, { description: 'Whether there are rows past `limit`.' })
  readonly truncated!: boolean;

  @Field(() => GraphQLDateTime, {
    description: 'Until when rows are complete (UTC): what had ended by then at this replica is in them; others book within 5 s.',
  })
  readonly freshAsOf!: Date;
}

export function toCostReport(report: core.CostReport): CostReport {
  return { ...report, total: toMoney(report.total), saved: toMoney(report.saved), rows: report.rows.map(toCostRow) };
}

function toCostRow(row: core.CostRow): CostRow {
  return {
    bucket: row.bucket,
    dimensions: toDimensions(row),
    total: toMoney(row.total),
    components: row.components.map(({ kind, quantity, amount }) => ({ kind, quantity, amount: formatUsd(amount) })),
    blendedPerMillionTokens: row.blendedPerMillionTokens === null ? null : formatUsd(row.blendedPerMillionTokens),
  };
}
