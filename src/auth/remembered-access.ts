import { LRUCache } from 'lru-cache';
import type { Clock } from '../core/clock.js';
import { GatewayError } from '../core/errors.js';
import type { OrganizationId } from '../core/ids.js';
import type { AccessReader } from './contract.js';
import { impatient } from './patience.js';

const MAX_REMEMBERED = 10_000;

type ReadById<Id extends string, Value> = (organizationId: OrganizationId, ids: readonly Id[]) => Promise<ReadonlyMap<Id, Value>>;

/**
 * While the database is away, or does not come to an end, teams and keys are as they were read last; those never read here stay
 * SERVICE_UNAVAILABLE.
 */
export function rememberAccess(reader: AccessReader, clock: Clock): AccessReader {
  return { ...reader, teamsById: remembering(reader.teamsById, clock), apiKeysById: remembering(reader.apiKeysById, clock) };
}

function remembering<Id extends string, Value extends object>(read: ReadById<Id, Value>, clock: Clock): ReadById<Id, Value> {
  const remembered = new LRUCache<string, Value>({ max: MAX_REMEMBERED });
  const nameOf = (organizationId: OrganizationId, id: Id) => `${organizationId} ${id}`;
  const readAnew: ReadById<Id, Value> = async (organizationId, ids) => {
    const found = await read(organizationId, ids);
    for (const [id, value] of found) remembered.set(nameOf(organizationId, id), value);
    return found;
  };
  /** Null where one of them was never read. */
  const recall = (organizationId: OrganizationId, ids: readonly Id[]): ReadonlyMap<Id, Value> | null => {
    const known = new Map<Id, Value>();
    for (const id of ids) {
      const value = remembered.get(nameOf(organizationId, id));
      if (value === undefined) return null;
      known.set(id, value);
    }
    return known;
  };
  return async (organizationId, ids) => {
    const fallback = () => recall(organizationId, ids);
    try {
      return await impatient(readAnew(organizationId, ids), { clock, fallback });
    } catch (error) {
      const known = error instanceof GatewayError && error.code === 'SERVICE_UNAVAILABLE' ? fallback() : null;
      if (known === null) throw error;
      return known;
    }
  };
}
