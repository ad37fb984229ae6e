import type { Actor } from '../core/actor.js';
import { fail, invalidRequest, notFound, ok } from '../core/errors.js';
import type { Result } from '../core/errors.js';
import { newId, parseId } from '../core/ids.js';
import type { ApiKeyId, TeamId } from '../core/ids.js';
import { createInputChecks } from '../core/input-checks.js';
import type { Principal } from '../core/principal.js';
import { seesTeam } from '../core/principal.js';
import type { AccessTransaction, StoredApiKey } from './access.store.js';
import type { AccessSettings } from './access-settings.js';
import { checkNewApiKey, checkUpdate } from './api-key-checks.js';
import { apiKeyAt, describeApiKey, stateAt } from './api-keys.js';
import type { AccessChanges, CreateApiKeyInput, UpdateApiKeyInput } from './contract.js';
import { covers } from './grants.js';
import { generateKey, shownPrefix } from './key-format.js';

const MAX_GRACE_SECONDS = 30 * 24 * 3_600;
const MS_PER_SECOND = 1_000;

type ApiKeyChanges = Pick<AccessChanges, 'createApiKey' | 'updateApiKey' | 'rotateApiKey' | 'revokeApiKey'>;

export function createApiKeyChanges(settings: AccessSettings): ApiKeyChanges {
  return {
    createApiKey: (actor, input) => createApiKey(settings, actor, input),
    updateApiKey: (actor, input) => updateApiKey(settings, actor, input),
    rotateApiKey: (actor, input) => rotateApiKey(settings, actor, input),
    revokeApiKey: (actor, id) => revokeApiKey(settings, actor, id),
  };
}

const createApiKey = async (
  settings: AccessSettings,
  actor: Actor,
  input: CreateApiKeyInput,
): ReturnType<ApiKeyChanges['createApiKey']> => {
  const { store, clock, randomBytes, hashKey } = settings;
  const { organizationId } = actor.principal;
  const at = clock.now();
  const teamId = teamOf(actor.principal, input.teamId);
  if (teamId === undefined) return fail(notFound('team', input.teamId ?? ''));
  const granted = { permissions: [...new Set(input.permissions ?? ['INFERENCE' as const])], models: input.models ?? null, teamId };
  const problems = checkNewApiKey({ actor: actor.principal, input, granted, now: at, modelExists: modelsOf(settings, actor) });
  if (problems.length > 0) return fail(invalidRequest(problems));
  const secret = generateKey(randomBytes);
  const key: StoredApiKey = {
    id: newId('key'),
    organizationId,
    teamId,
    name: input.name,
    prefix: shownPrefix(secret),
    permissions: granted.permissions,
    models: granted.models === null ? null : [...new Set(granted.models)],
    tags: input.tags ?? [],
    createdAt: at,
    expiresAt: input.expiresAt ?? null,
    lastUsedAt: null,
    revokedAt: null,
  };
  return store.change({ organizationId, actor, at }, async (transaction) => {
    if (teamId !== null && !(await transaction.team(teamId))) return fail(notFound('team', teamId));
    await transaction.insertApiKey(key, actor.principal.apiKeyId);
    await transaction.insertSecret(key, hashKey(secret), at);
    await auditKey(transaction, { action: 'createApiKey', before: null, after: key });
    return ok({ apiKey: apiKeyAt(key, at), secret });
  });
};

const updateApiKey = (settings: AccessSettings, actor: Actor, input: UpdateApiKeyInput): ReturnType<ApiKeyChanges['updateApiKey']> =>
  changeKey(settings, { actor, id: input.id }, async ({ transaction, before, at }) => {
    const problems = checkUpdate({ actor: actor.principal, input, before, now: at, modelExists: modelsOf(settings, actor) });
    if (problems.length > 0) return fail(invalidRequest(problems));
    const after: StoredApiKey = {
      ...before,
      name: input.name ?? before.name,
      permissions: input.permissions ? [...new Set(input.permissions)] : before.permissions,
      models: input.allModels ? null : input.models ? [...new Set(input.models)] : before.models,
      expiresAt: input.expiresAt === undefined ? before.expiresAt : input.expiresAt,
    };
    await transaction.updateApiKey(after);
    await auditKey(transaction, { action: 'updateApiKey', before, after });
    return ok(apiKeyAt(after, at));
  });

const rotateApiKey = (
  settings: AccessSettings,
  actor: Actor,
  input: Parameters<ApiKeyChanges['rotateApiKey']>[1],
): ReturnType<ApiKeyChanges['rotateApiKey']> =>
  changeKey(settings, { actor, id: input.id }, async ({ transaction, before, at }) => {
    const graceSeconds = input.graceSeconds ?? 0;
    const checks = createInputChecks();
    checks.integer('graceSeconds', graceSeconds, { min: 0, max: MAX_GRACE_SECONDS });
    if (stateAt(before, at) !== 'ACTIVE') checks.add('id', `the key is ${stateAt(before, at).toLowerCase()}`);
    // A new secret is the key itself: who may not grant what it can do may not have one.
    if (!covers(actor.principal, before)) checks.add('id', 'the key can do more than yours, and nobody grants what they lack');
    if (checks.problems.length > 0) return fail(invalidRequest(checks.problems));
    const secret = generateKey(settings.randomBytes);
    const after: StoredApiKey = { ...before, prefix: shownPrefix(secret) };
    await transaction.endSecrets(before.id, graceSeconds === 0 ? null : new Date(at.getTime() + graceSeconds * MS_PER_SECOND));
    await transaction.insertSecret(after, settings.hashKey(secret), at);
    await transaction.updateApiKey(after);
    await auditKey(transaction, { action: 'rotateApiKey', before, after });
    return ok({ apiKey: apiKeyAt(after, at), secret });
  });

const revokeApiKey = (settings: AccessSettings, actor: Actor, id: string): ReturnType<ApiKeyChanges['revokeApiKey']> =>
  changeKey(settings, { actor, id }, async ({ transaction, before, at }) => {
    if (before.revokedAt !== null) return ok(apiKeyAt(before, at));
    const after: StoredApiKey = { ...before, revokedAt: at };
    await transaction.updateApiKey(after);
    await transaction.endSecrets(before.id, null);
    await auditKey(transaction, { action: 'revokeApiKey', before, after });
    return ok(apiKeyAt(after, at));
  });

interface KeyChange {
  readonly transaction: AccessTransaction;
  readonly before: StoredApiKey;
  readonly at: Date;
}

/** Finds the key among those the actor sees, changes it, and tells once that is committed. */
async function changeKey<T>(
  { store, clock, onKeyChanged }: AccessSettings,
  target: { readonly actor: Actor; readonly id: string },
  run: (change: KeyChange) => Promise<Result<T>>,
): Promise<Result<T>> {
  const { actor } = target;
  const id = parseId('key', target.id);
  if (id === null) return fail(notFound('API key', target.id));
  const at = clock.now();
  const result = await store.change({ organizationId: actor.principal.organizationId, actor, at }, async (transaction) => {
    const before = await transaction.apiKey(id);
    if (!before || !seesTeam(actor.principal, before.teamId)) return fail(notFound('API key', target.id));
    return run({ transaction, before, at });
  });
  if (result.ok) onKeyChanged(id);
  return result;
}

function auditKey(
  transaction: AccessTransaction,
  { action, before, after }: { action: string; before: StoredApiKey | null; after: StoredApiKey },
): Promise<void> {
  const id: ApiKeyId = after.id;
  return transaction.audit({
    action,
    target: { kind: 'key', id },
    before: before && describeApiKey(before),
    after: describeApiKey(after),
  });
}

/** The new key's team: a team's key makes keys of its own team alone. Undefined where there is no such team for the actor. */
function teamOf(actor: Principal, teamId: string | null | undefined): TeamId | null | undefined {
  if (teamId === null || teamId === undefined) return actor.teamId;
  const id = parseId('team', teamId);
  return id !== null && seesTeam(actor, id) ? id : undefined;
}

function modelsOf(settings: AccessSettings, actor: Actor): (slug: string) => boolean {
  return (slug) => settings.modelExists(actor.principal.organizationId, slug);
}
