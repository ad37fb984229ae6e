import { LRUCache } from 'lru-cache';
import { GatewayError } from '../core/errors.js';
import type { OrganizationId } from '../core/ids.js';
import type { AccessReader } from './contract.js';

const MAX_REMEMBERED = 10_000;

type ReadById<Id extends string, Value> = (organizationId: OrganizationId, ids: readonly Id[]) => Promise<ReadonlyMap<Id, Value>>;

/** While the database is away, teams and keys are as they were read last; those never read here stay SERVICE_UNAVAILABLE. */
export function rememberAccess(reader: AccessReader): AccessReader {
  return { ...reader, teamsById: remembering(reader.teamsById), apiKeysById: remembering(reader.apiKeysById) };
}

function remembering<Id extends string, Value extends object>(read: ReadById<Id, Value>): ReadById<Id, Value> {
  const remembered = new LRUCache<string, Value>({ max: MAX_REMEMBERED });
  return async (organizationId, ids) => {
    const nameOf = (id: Id) => `${organizationId} ${id}`;
    try {
      const found = await read(organizationId, ids);
      for (const [id, value] of found) remembered.set(nameOf(id), value);
      return found;
    } catch (error) {
      const known = new Map(
        ids.flatMap((id) => {
          const value = remembered.get(nameOf(id));
          return value ? [[id, value] as const] : [];
        }),
      );
      if (error instanceof GatewayError && error.code === 'SERVICE_UNAVAILABLE' && known.size === new Set(ids).size) return known;
      throw error;
    }
  };
}
