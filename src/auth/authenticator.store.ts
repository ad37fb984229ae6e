import { idFromUuid, uuidFromId } from '../core/ids.js';
import type { OrganizationId } from '../core/ids.js';
import type { Principal, Tag } from '../core/principal.js';
import type { Permission } from '../core/vocabulary.js';
import type { UnitOfWork } from '../storage/unit-of-work.js';

/** What a stored secret opens, and until when. */
export interface KeyRecord {
  readonly principal: Principal;
  /** The end of this secret (a rotation's grace); the key's own end is the principal's. */
  readonly secretExpiresAt: Date | null;
}

export interface KeyUse {
  readonly principal: Principal;
  readonly at: Date;
}

export interface AuthenticatorStore {
  /** One indexed read; null where the hash is unknown or its key is revoked. */
  find(hash: Buffer): Promise<KeyRecord | null>;
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
  readonly secret_expires_at: Date | null;
}

const FIND = `
  SELECT k.id, k.organization_id, k.team_id, k.permissions, k.models, k.tags, k.expires_at, s.expires_at AS secret_expires_at
  FROM api_key_secret s JOIN api_key k ON k.organization_id = s.organization_id AND k.id = s.api_key_id
  WHERE s.hash = $1 AND k.revoked_at IS NULL`;

const RECORD_USES = `
  UPDATE api_key k SET last_used_at = greatest(k.last_used_at, used.at)
  FROM unnest($1::uuid[], $2::timestamptz[]) AS used (id, at) WHERE k.id = used.id`;

/** Reads across organizations: the key itself says whose it is. */
export function createAuthenticatorStore(unitOfWork: UnitOfWork): AuthenticatorStore {
  return {
    find: (hash) =>
      unitOfWork.asWriter(async (manager) => {
        const [row] = await manager.query<KeyRow[]>(FIND, [hash]);
        return row ? toRecord(row) : null;
      }),
    recordUses: (uses) =>
      unitOfWork.asWriter(async (manager) => {
        await manager.query(RECORD_USES, [uses.map((use) => uuidFromId(use.principal.apiKeyId)), uses.map((use) => use.at)]);
      }),
  };
}

function toRecord(row: KeyRow): KeyRecord {
  const organizationId: OrganizationId = idFromUuid('organization', row.organization_id);
  return {
    principal: Object.freeze({
      organizationId,
      apiKeyId: idFromUuid('key', row.id),
      teamId: row.team_id === null ? null : idFromUuid('team', row.team_id),
      permissions: new Set(row.permissions),
      models: row.models === null ? null : new Set(row.models),
      tags: row.tags,
      expiresAt: row.expires_at,
    }),
    secretExpiresAt: row.secret_expires_at,
  };
}
