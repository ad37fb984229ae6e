import type { EntityManager } from 'typeorm';
import { newId, uuidFromId } from '../core/ids.js';
import type { OrganizationId } from '../core/ids.js';
import { Secret } from '../core/secret.js';
import { ApiKeySecret } from '../storage/entities/api-key-secret.js';
import { ApiKey } from '../storage/entities/api-key.js';
import { generateKey, parseKey, shownPrefix } from './key-format.js';
import type { HashKey, RandomBytes, WellFormedKey } from './key-format.js';

export interface AdminKey {
  readonly organizationId: OrganizationId;
  readonly key: WellFormedKey;
  /** `environment`: the one key that ADMIN_KEY names; `seed`: generated at the first start. */
  readonly from: 'environment' | 'seed';
  readonly at: Date;
}

/**
 * Makes sure, inside the caller's transaction as the writer, that the key works and holds ADMIN. Another key that came from the
 * environment before stops working: whoever changes ADMIN_KEY means to take the old one back.
 * @returns whether anything changed.
 */
export async function ensureAdminKey(manager: EntityManager, admin: AdminKey, hashKey: HashKey): Promise<boolean> {
  const organizationId = uuidFromId(admin.organizationId);
  const hash = hashKey(admin.key);
  const known = await manager.findOneBy(ApiKeySecret, { hash });
  if (known) return restoreAdmin(manager, known);
  const previous = await manager.findOneBy(ApiKey, { organizationId, createdBy: admin.from });
  if (previous) await manager.delete(ApiKeySecret, { organizationId, apiKeyId: previous.id });
  const apiKeyId = previous?.id ?? uuidFromId(newId('key'));
  const stored = {
    prefix: shownPrefix(admin.key),
    permissions: ['ADMIN' as const],
    models: null,
    expiresAt: null,
    revokedAt: null,
    teamId: null,
  };
  if (previous) await manager.update(ApiKey, { organizationId, id: apiKeyId }, stored);
  else
    await manager.insert(ApiKey, {
      ...stored,
      id: apiKeyId,
      organizationId,
      name: 'admin',
      tags: [],
      createdAt: admin.at,
      createdBy: admin.from,
    });
  await manager.insert(ApiKeySecret, { hash, organizationId, apiKeyId, createdAt: admin.at });
  return true;
}

async function restoreAdmin(manager: EntityManager, secret: ApiKeySecret): Promise<boolean> {
  const key = await manager.findOneByOrFail(ApiKey, { organizationId: secret.organizationId, id: secret.apiKeyId });
  const intact = key.permissions.includes('ADMIN') && key.models === null && key.expiresAt === null && key.teamId === null;
  if (intact && secret.expiresAt === null && key.revokedAt === null) return false;
  await manager.update(
    ApiKey,
    { organizationId: key.organizationId, id: key.id },
    {
      permissions: ['ADMIN'],
      models: null,
      expiresAt: null,
      revokedAt: null,
      teamId: null,
    },
  );
  await manager.update(ApiKeySecret, { hash: secret.hash }, { expiresAt: null });
  return true;
}

export interface AdminKeySettings {
  /** ADMIN_KEY, or null where it is not set. */
  readonly adminKey: Secret | null;
  readonly hashKey: HashKey;
  readonly randomBytes: RandomBytes;
}

/**
 * For start-up's transaction: sees to the key of ADMIN_KEY at every start; without one, makes a key at the first.
 * @throws Error where ADMIN_KEY is no key of ours.
 */
export function createAdminKeyGrant({ adminKey, hashKey, randomBytes }: AdminKeySettings) {
  return async (
    manager: EntityManager,
    request: { readonly organizationId: OrganizationId; readonly first: boolean; readonly at: Date },
  ): Promise<{ readonly changed: boolean; readonly generated: Secret | null }> => {
    const { organizationId, first, at } = request;
    if (adminKey !== null) {
      const key = parseKey(adminKey.reveal());
      if (key === null) throw new Error('ADMIN_KEY is no key of ours: its checksum is wrong. Leave it out, and one is made and printed.');
      return { changed: await ensureAdminKey(manager, { organizationId, key, from: 'environment', at }, hashKey), generated: null };
    }
    if (!first) return { changed: false, generated: null };
    const key = generateKey(randomBytes);
    await ensureAdminKey(manager, { organizationId, key, from: 'seed', at }, hashKey);
    return { changed: true, generated: new Secret<string>(key) };
  };
}
