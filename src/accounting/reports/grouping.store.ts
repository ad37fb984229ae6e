import { QueryFailedError } from 'typeorm';
import { idFromUuid } from '../../core/ids.js';
import type { Granularity, UsageDimension } from '../../core/vocabulary.js';
import { errorCode } from '../../storage/error-code.js';
import { storableText } from '../storable-json.js';
import type { Parameters } from './conditions.store.js';
import { conditionsOf } from './conditions.store.js';
import type { DimensionValue, Group } from './contract.js';
import { unknownZone } from './plan.js';
import type { ReportPlan } from './plan.js';

/** The value of each dimension for a row of `inference i`; null where it has none. */
const VALUE_OF: Readonly<Record<Exclude<UsageDimension, 'TAG'>, string>> = {
  TEAM: 'i.team_id',
  API_KEY: 'i.api_key_id',
  USER: 'i."user"',
  SESSION: 'i.session_id',
  MODEL: 'model.slug',
  REQUESTED_MODEL: 'i.requested_model',
  PROVIDER: 'provider.slug',
  DEPLOYMENT: 'deployment.slug',
  ROUTE: 'i.route',
  ROUTE_VERSION: memberOf('i.route_version::text', 'i.route'),
  EXPERIMENT_BRANCH: memberOf('i.experiment_branch', 'i.experiment'),
  OPERATION: 'i.operation',
  TASK: 'i.task',
  STATUS: 'i.status',
  ERROR_CODE: 'i.error_code',
  CACHE_STATUS: `coalesce(i.cache_status, 'OFF')`,
  REGION: 'i.served_region',
};

/** A value that means nothing without what it is one of: both make the group. */
function memberOf(value: string, whole: string): string {
  return `CASE WHEN ${whole} IS NOT NULL THEN jsonb_build_array(${value}, ${whole}) END`;
}

const JOIN_OF: Partial<Record<UsageDimension, string>> = {
  MODEL: 'LEFT JOIN model ON model.id = i.served_model_id',
  PROVIDER: 'LEFT JOIN provider ON provider.id = i.served_provider_id',
  DEPLOYMENT: 'LEFT JOIN deployment ON deployment.id = i.served_deployment_id',
};

const UNIT_OF: Readonly<Record<Granularity, string>> = { MINUTE: 'minute', HOUR: 'hour', DAY: 'day', WEEK: 'week', MONTH: 'month' };

/** What each row of a report's statement says of its group. */
export interface GroupColumns {
  readonly is_total: boolean;
  readonly bucket: Date | null;
  /** The values of the dimensions as JSON: one text for one group, whatever the bucket. */
  readonly series: string | null;
}

/**
 * The rows of a report, each with its bucket and `series`; what else is selected comes from the caller. A row is in exactly
 * one group: of several tags under one key, the first counts.
 */
export function pickedRows(plan: ReportPlan, parameters: Parameters, select: { readonly columns: string; readonly joins: string }): string {
  const values = plan.groupBy.map((dimension) => valueOf(dimension, plan, parameters));
  const joins = plan.groupBy.flatMap((dimension) => JOIN_OF[dimension] ?? []);
  return `SELECT ${bucketOf(plan, parameters)} AS bucket, jsonb_build_array(${values.join(', ')})::text AS series, ${select.columns}
    FROM inference i ${joins.join(' ')} ${select.joins}
    WHERE ${conditionsOf(plan, parameters)}`;
}

/** The groups and, in the same pass, the total of all of them. */
export const GROUP_BY_SERIES = 'GROUP BY GROUPING SETS ((), (series, bucket))';
export const IS_TOTAL = 'GROUPING(series) = 1';

/** Truncated in the zone's own time, so that a day has 23 or 25 hours where clocks change; of an hour that comes twice, both stay. */
function bucketOf({ granularity, timeZone }: ReportPlan, parameters: Parameters): string {
  if (granularity === null) return 'NULL::timestamptz';
  return `date_trunc('${UNIT_OF[granularity]}', i.created_at, ${parameters.add(timeZone)}::text)`;
}

function valueOf(dimension: UsageDimension, { filter }: ReportPlan, parameters: Parameters): string {
  if (dimension !== 'TAG') return VALUE_OF[dimension];
  const key = parameters.add(storableText(filter.tagKey ?? ''));
  return `jsonb_path_query_first(i.tags, '$[*] ? (@.key == $key).value', jsonb_build_object('key', ${key}::text)) #>> '{}'`;
}

export function groupFrom({ bucket, series }: GroupColumns, { groupBy }: ReportPlan): Group {
  const values: unknown = JSON.parse(series ?? '[]');
  const list: readonly unknown[] = Array.isArray(values) ? values : [];
  return {
    bucket,
    dimensions: groupBy.map((dimension, place) => dimensionFrom(dimension, list[place])),
  };
}

function dimensionFrom(dimension: UsageDimension, stored: unknown): DimensionValue {
  const member: readonly unknown[] = Array.isArray(stored) ? stored : [stored];
  const [value, of] = member;
  return {
    dimension,
    value: typeof value === 'string' ? publicValue(dimension, value) : null,
    ...(typeof of === 'string' ? { of } : {}),
  };
}

function publicValue(dimension: UsageDimension, value: string): string {
  if (dimension === 'TEAM') return idFromUuid('team', value);
  return dimension === 'API_KEY' ? idFromUuid('key', value) : value;
}

/** What the limit keeps of the groups: one row more tells that there are others. Series by series; rows then stand in time order. */
export function cutRows<Row extends GroupColumns>(rows: readonly Row[], { limit, granularity }: ReportPlan) {
  const groups = rows.filter((row) => !row.is_total);
  const kept = groups.slice(0, limit);
  const ordered = granularity === null ? kept : kept.toSorted((left, right) => Number(left.bucket) - Number(right.bucket));
  return { total: rows.find((row) => row.is_total), kept: ordered, truncated: groups.length > limit };
}

const INVALID_PARAMETER_VALUE = '22023';

/** A zone that JavaScript knows and this Postgres does not. */
export function asReportError(error: unknown): unknown {
  return error instanceof QueryFailedError && errorCode(error) === INVALID_PARAMETER_VALUE ? unknownZone() : error;
}
