import { parseUsd } from '../../core/money.js';
import type { PicoUsd } from '../../core/money.js';
import type { OrganizationId } from '../../core/ids.js';
import type { InferenceRecord, ServedBy } from '../../core/inference.js';
import { seesTeam } from '../../core/principal.js';
import type { Principal } from '../../core/principal.js';
import { storableText } from '../storable-json.js';
import type { InferenceFilter } from './contract.js';

/** The slugs of what served; null where it is not known any more. */
export interface ServedNames {
  readonly model: string | null;
  readonly provider: string | null;
  readonly deployment: string | null;
}

export type NameServed = (organizationId: OrganizationId, served: ServedBy) => ServedNames;

const NOT_SERVED: ServedNames = { model: null, provider: null, deployment: null };

/** Whether a filter of the books picks this record: the same rules as in the database, for what has just been booked. */
export function createMatcher(principal: Principal, filter: InferenceFilter, nameServed: NameServed): (record: InferenceRecord) => boolean {
  const wanted = filter.tags?.map(({ key, value }) => `${storableText(key)}\0${storableText(value)}`);
  return (record) => {
    if (record.organizationId !== principal.organizationId || !seesTeam(principal, record.teamId)) return false;
    const names = record.served ? nameServed(record.organizationId, record.served) : NOT_SERVED;
    return (
      isAnyOf(filter.teams, [record.teamId]) &&
      isAnyOf(filter.apiKeys, [record.apiKeyId]) &&
      isAnyOf(filter.users?.map(storableText), [stored(record.user)]) &&
      isAnyOf(filter.sessions?.map(storableText), [stored(record.sessionId)]) &&
      isAnyOf(filter.models, [names.model]) &&
      isAnyOf(filter.providers, [names.provider]) &&
      isAnyOf(filter.deployments, [names.deployment]) &&
      isAnyOf(filter.routes?.map(storableText), [stored(record.routing?.route ?? null)]) &&
      isAnyOf(filter.operations, [record.operation]) &&
      isAnyOf(filter.statuses, [record.status]) &&
      isAnyOf(filter.errorCodes, [record.error?.code ?? null]) &&
      isAnyOf(
        wanted,
        record.tags.map(({ key, value }) => `${storableText(key)}\0${storableText(value)}`),
      ) &&
      isWithin(filter, record)
    );
  };
}

function isAnyOf<Value extends string>(wanted: readonly Value[] | null | undefined, has: readonly (Value | null)[]): boolean {
  return wanted == null || wanted.some((value) => has.includes(value));
}

function stored(text: string | null): string | null {
  return text === null ? null : storableText(text);
}

function isWithin({ range, minCost, minLatencyMs }: InferenceFilter, { createdAt, cost, timing }: InferenceRecord): boolean {
  if (range && !(createdAt >= range.from && createdAt < range.to)) return false;
  if (minLatencyMs != null && !(timing.totalMs !== null && timing.totalMs >= minLatencyMs)) return false;
  if (minCost == null) return true;
  const total = cost?.total ?? null;
  return total !== null && total >= leastAmount(minCost);
}

/** The smallest amount of whole picodollars that is not below a decimal, which may be finer than that. */
function leastAmount(decimal: string): PicoUsd | bigint {
  const exact = parseUsd(decimal);
  if (exact !== null) return exact;
  const [whole = '0', fraction = ''] = decimal.split('.');
  const floor = parseUsd(`${whole}.${fraction.slice(0, 12)}`) ?? 0n;
  return decimal.startsWith('-') ? floor : floor + 1n;
}
