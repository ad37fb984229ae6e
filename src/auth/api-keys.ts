import type { JsonObject } from '../core/json.js';
import type { ApiKeyState } from '../core/vocabulary.js';
import type { StoredApiKey } from './access.store.js';
import type { ApiKey } from './contract.js';

/** The key as it is at an instant. */
export function apiKeyAt({ revokedAt, ...key }: StoredApiKey, now: Date): ApiKey {
  return { ...key, state: stateAt({ revokedAt, expiresAt: key.expiresAt }, now) };
}

export function stateAt(key: Pick<StoredApiKey, 'revokedAt' | 'expiresAt'>, now: Date): ApiKeyState {
  if (key.revokedAt !== null) return 'REVOKED';
  return key.expiresAt !== null && key.expiresAt.getTime() <= now.getTime() ? 'EXPIRED' : 'ACTIVE';
}

/** For the audit log: no secret, no hash. */
export function describeApiKey(key: StoredApiKey): JsonObject {
  return {
    name: key.name,
    prefix: key.prefix,
    teamId: key.teamId,
    permissions: key.permissions,
    models: key.models,
    tags: key.tags.map(({ key: tagKey, value }) => ({ key: tagKey, value })),
    expiresAt: key.expiresAt?.toISOString() ?? null,
    revokedAt: key.revokedAt?.toISOString() ?? null,
  };
}
