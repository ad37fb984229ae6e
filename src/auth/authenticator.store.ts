import { idFromUuid, uuidFromId } from '../core/ids.js';
import type { Principal, Tag } from '../core/principal.js';
import type { Permission } from '../core/vocabulary.js';
import type { UnitOfWork } from '../storage/unit-of-work.js';

export interface KeyUse {
  readonly principal: Principal;
  readonly at: Date;
}

export interface AuthenticatorStore {
  /** One indexed read: whom a secret opens for, until the key's end or its own (a rotation's grace), the sooner. Null where it is unknown. */
  find(hash: Buffer): Promise<Principal | null>;
  recordUses(uses: readonly KeyUse[]): Promise<void>;
}

interface KeyRow {
  readonly id: string;
  readonly organization_id: string;
  readonly team_id: string | null;
  readonly permissions: Permission[];
  readonly models: string[] | null;
  readonly tags: Tag[];
  readonly expires_at: Date | null;
}

const FIND = `
  SELECT k.id, k.organization_id, k.team_id, k.permissions, k.models, k.tags, least(k.expires_at, s.expires_at) AS expires_at
  FROM api_key_secret s JOIN api_key k ON k.organization_id = s.organization_id AND k.id = s.api_key_id
  WHERE s.hash = $1 AND k.revoked_at IS NULL`;

/** Locks in the order of ids, as every other replica does, so that no two of them wait for each other. */
const RECORD_USES = `
  WITH locked AS (SELECT id FROM api_key WHERE id = ANY ($1::uuid[]) ORDER BY id FOR NO KEY UPDATE)
  UPDATE api_key k SET last_used_at = greatest(k.last_used_at, used.at)
  FROM unnest($1::uuid[], $2::timestamptz[]) AS used (id, at) JOIN locked USING (id) WHERE k.id = used.id`;

/** Reads across organizations: the key itself says whose it is. */
export function createAuthenticatorStore(unitOfWork: UnitOfWork): AuthenticatorStore {
  return {
    find: (hash) =>
      unitOfWork.asWriter(async (manager) => {
        const [row] = await manager.query<KeyRow[]>(FIND, [hash]);
        return row ? toPrincipal(row) : null;
      }),
    recordUses: (uses) =>
      unitOfWork.asWriter(async (manager) => {
        await manager.query(RECORD_USES, [uses.map((use) => uuidFromId(use.principal.apiKeyId)), uses.map((use) => use.at)]);
      }),
  };
}

function toPrincipal(row: KeyRow): Principal {
  return Object.freeze({
    organizationId: idFromUuid('organization', row.organization_id),
    apiKeyId: idFromUuid('key', row.id),
    teamId: row.team_id === null ? null : idFromUuid('team', row.team_id),
    permissions: new Set(row.permissions),
    models: row.models === null ? null : new Set(row.models),
    tags: row.tags,
    expiresAt: row.expires_at,
  });
}
