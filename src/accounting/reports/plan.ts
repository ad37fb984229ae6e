import { GatewayError } from '../../core/errors.js';
import type { OrganizationId, TeamId } from '../../core/ids.js';
import type { Principal } from '../../core/principal.js';
import type { Granularity, UsageDimension } from '../../core/vocabulary.js';
import type { CostRequest, InferenceFilter, TimeRange, UsageFilter } from './contract.js';

export const DEFAULT_LIMIT = 100;
export const MAX_LIMIT = 1_000;
const MAX_DIMENSIONS = 3;
/** The IANA form only: offsets mean one thing to us and the opposite to POSIX, and thereby to Postgres. */
const ZONE_NAME = /^[A-Za-z][A-Za-z0-9_+-]*(?:\/[A-Za-z0-9_+-]+)*$/;
const EARLIEST = Date.UTC(1970, 0, 1);
const LATEST = Date.UTC(10_000, 0, 1);

/** Whose rows may be read. */
export interface Scope {
  readonly organizationId: OrganizationId;
  /** Null: all teams', and those of no team. */
  readonly teamId: TeamId | null;
}

/** A report that was asked for, checked and complete. */
export interface ReportPlan {
  readonly scope: Scope;
  readonly range: TimeRange;
  readonly granularity: Granularity | null;
  readonly timeZone: string;
  readonly groupBy: readonly UsageDimension[];
  readonly filter: UsageFilter;
  readonly limit: number;
}

/** @throws GatewayError BAD_USER_INPUT, naming the argument. */
export function planReport(principal: Principal, request: CostRequest): ReportPlan {
  const { range, granularity, timeZone, groupBy, filter, limit } = request;
  checkRange(range, 'range');
  return {
    scope: scopeOf(principal),
    range,
    granularity: granularity ?? null,
    timeZone: checkedZone(timeZone ?? 'UTC'),
    groupBy: checkedDimensions(groupBy ?? [], filter ?? {}),
    filter: filter ?? {},
    limit: checkedLimit(limit ?? DEFAULT_LIMIT),
  };
}

export function scopeOf({ organizationId, teamId }: Principal): Scope {
  return { organizationId, teamId };
}

/** @throws GatewayError BAD_USER_INPUT */
export function checkInferenceFilter({ range }: InferenceFilter): void {
  if (range) checkRange(range, 'filter.range');
}

export function checkRange({ from, to }: TimeRange, name: string): void {
  for (const [end, instant] of [['from', from] as const, ['to', to] as const])
    if (!(instant.getTime() >= EARLIEST && instant.getTime() <= LATEST)) throw bad(`${name}.${end}`, 'must be in the years 1970 to 9999');
  if (to < from) throw bad(name, '"to" must not be before "from"');
}

function checkedZone(zone: string): string {
  if (!ZONE_NAME.test(zone) || !isKnownZone(zone)) throw unknownZone();
  return zone;
}

function isKnownZone(zone: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: zone }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

export function unknownZone(): GatewayError {
  return bad('timeZone', 'must be an IANA time zone such as "Europe/Paris"');
}

function checkedDimensions(groupBy: readonly UsageDimension[], filter: UsageFilter): readonly UsageDimension[] {
  if (groupBy.length > MAX_DIMENSIONS) throw bad('groupBy', `takes at most ${MAX_DIMENSIONS} dimensions`);
  if (new Set(groupBy).size < groupBy.length) throw bad('groupBy', 'takes each dimension once');
  if (groupBy.includes('TAG') && (filter.tagKey ?? '') === '') throw bad('filter.tagKey', 'must name the tag whose values make the groups');
  return groupBy;
}

function checkedLimit(limit: number): number {
  if (limit < 0 || limit > MAX_LIMIT) throw bad('limit', `must be from 0 to ${MAX_LIMIT}`);
  return limit;
}

export function bad(argument: string, problem: string): GatewayError {
  return new GatewayError('BAD_USER_INPUT', `${argument}: ${problem}.`);
}
