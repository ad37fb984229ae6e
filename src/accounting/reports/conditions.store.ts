import { parseId, uuidFromId } from '../../core/ids.js';
import type { Id, IdPrefix } from '../../core/ids.js';
import { storableText } from '../storable-json.js';
import type { InferenceFilter, TimeRange, UsageFilter } from './contract.js';
import type { Scope } from './plan.js';

/** The values of a statement, in the order of their places. */
export interface Parameters {
  readonly values: readonly unknown[];
  /** The place of a value: `$1`, `$2` … */
  add(value: unknown): string;
}

export function createParameters(): Parameters {
  const values: unknown[] = [];
  return {
    values,
    add: (value) => `$${values.push(value)}`,
  };
}

export interface Selection {
  readonly scope: Scope;
  readonly range: TimeRange | null;
  readonly filter: UsageFilter & InferenceFilter;
}

type Texts = readonly string[] | null | undefined;

/**
 * Which rows of `inference i` are meant. Row-level security keeps organizations apart; the organization is named all the
 * same, because every index begins with it. Slugs are looked up by organization under that security, deleted ones too.
 * An empty list names nothing, so no row is any of it.
 */
export function conditionsOf({ scope, range, filter }: Selection, parameters: Parameters): string {
  const conditions = [`i.organization_id = ${parameters.add(uuidFromId(scope.organizationId))}`];
  const add = (condition: (place: string) => string, value: unknown) => conditions.push(condition(parameters.add(value)));
  // One value is compared by itself: only then does an index hand out its rows in the order of their ids.
  const equalsAny = (type: 'uuid' | 'text', values: readonly string[]) =>
    values.length === 1 ? `= ${parameters.add(values[0])}::${type}` : `= ANY(${parameters.add(values)}::${type}[])`;
  const anyId = (column: string, prefix: IdPrefix, ids: Texts) => {
    if (isGiven(ids)) conditions.push(`i.${column} ${equalsAny('uuid', uuidsOf(prefix, ids))}`);
  };
  const anyText = (column: string, texts: Texts) => {
    if (isGiven(texts)) conditions.push(`i.${column} ${equalsAny('text', texts.map(storableText))}`);
  };
  const anySlug = (table: 'model' | 'provider' | 'deployment', slugs: Texts) => {
    const found = (list: readonly string[]) => `(SELECT id FROM ${table} WHERE slug ${equalsAny('text', list.map(storableText))})`;
    if (isGiven(slugs)) conditions.push(`i.served_${table}_id IN ${found(slugs)}`);
  };

  if (scope.teamId !== null) add((place) => `i.team_id = ${place}`, uuidFromId(scope.teamId));
  if (range) {
    add((place) => `i.created_at >= ${place}::timestamptz`, range.from);
    add((place) => `i.created_at < ${place}::timestamptz`, range.to);
  }
  anyId('team_id', 'team', filter.teams);
  anyId('api_key_id', 'key', filter.apiKeys);
  anySlug('model', filter.models);
  anySlug('provider', filter.providers);
  anySlug('deployment', filter.deployments);
  for (const [column, texts] of textFilters(filter)) anyText(column, texts);
  if (isGiven(filter.tags)) {
    const wanted = filter.tags.map(({ key, value }) => JSON.stringify([{ key: storableText(key), value: storableText(value) }]));
    add((place) => `i.tags @> ANY(${place}::jsonb[])`, wanted);
  }
  if (filter.minCost != null) add((place) => `i.cost >= ${place}::numeric`, filter.minCost);
  if (filter.minLatencyMs != null) add((place) => `i.total_ms >= ${place}::double precision`, filter.minLatencyMs);
  return conditions.join(' AND ');
}

function textFilters(filter: Selection['filter']): readonly (readonly [string, Texts])[] {
  return [
    ['"user"', filter.users],
    ['session_id', filter.sessions],
    ['requested_model', filter.requestedModels],
    ['operation', filter.operations],
    ['route', filter.routes],
    ['task', filter.tasks],
    ['status', filter.statuses],
    ['error_code', filter.errorCodes],
    ['served_region', filter.regions],
  ];
}

function isGiven<Value>(list: readonly Value[] | null | undefined): list is readonly Value[] {
  return list != null;
}

function uuidsOf(prefix: IdPrefix, texts: readonly string[]): string[] {
  return texts.map((text): Id<IdPrefix> | null => parseId(prefix, text)).flatMap((id) => (id === null ? [] : [uuidFromId(id)]));
}
