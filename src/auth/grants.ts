import type { InputChecks } from '../core/input-checks.js';
import { hasPermission } from '../core/principal.js';
import type { Principal, Tag } from '../core/principal.js';
import { PERMISSIONS } from '../core/vocabulary.js';
import type { Permission } from '../core/vocabulary.js';

/** What a key may do, as far as granting goes. */
export interface Powers {
  readonly permissions: readonly Permission[];
  /** Null: all. */
  readonly models: readonly string[] | null;
}

/** Whether the principal could grant all of it: nobody grants what they lack. */
export function covers(principal: Principal, powers: Powers): boolean {
  return powers.permissions.every((permission) => hasPermission(principal, permission)) && coversModels(principal, powers.models);
}

export function coversModels(principal: Principal, models: readonly string[] | null): boolean {
  const own = principal.models;
  return own === null || (models !== null && models.every((model) => own.has(model)));
}

/** ADMIN is all, so it includes what a team's key can't hold. */
const BEYOND_A_TEAM: readonly Permission[] = ['CONFIG_WRITE', 'ADMIN'];
const MAX_TAGS = 20;
const MAX_TAG_KEY_LENGTH = 63;
const MAX_TAG_VALUE_LENGTH = 255;
const MAX_MODELS = 1_000;

export interface PermissionGrant {
  readonly permissions: readonly Permission[];
  readonly forTeam: boolean;
  /** What the key had before: only what is new must be the actor's own. */
  readonly before: readonly Permission[];
}

export function checkPermissions(checks: InputChecks, actor: Principal, grant: PermissionGrant): void {
  if (grant.permissions.length === 0) checks.add('permissions', 'must name at least one permission');
  for (const [index, permission] of grant.permissions.entries()) {
    const path = `permissions.${index}`;
    checks.word(path, permission, PERMISSIONS);
    if (grant.forTeam && BEYOND_A_TEAM.includes(permission)) checks.add(path, `a team's key can't hold ${permission}`);
    if (!grant.before.includes(permission) && !hasPermission(actor, permission))
      checks.add(path, `your key lacks ${permission}, and nobody grants what they lack`);
  }
}

export interface ModelGrant {
  readonly models: readonly string[] | null;
  readonly before: readonly string[] | null;
  readonly modelExists: (slug: string) => boolean;
}

export function checkModels(checks: InputChecks, actor: Principal, { models, before, modelExists }: ModelGrant): void {
  if (models === null) {
    if (before !== null && !coversModels(actor, null))
      checks.add('models', 'your key may not use all models, and nobody grants what they lack');
    return;
  }
  if (models.length > MAX_MODELS) {
    checks.add('models', `must name at most ${MAX_MODELS} models`);
    return;
  }
  for (const [index, model] of models.entries()) {
    const path = `models.${index}`;
    const had = before === null ? false : before.includes(model);
    if (!had && !coversModels(actor, [model])) checks.add(path, 'your key may not use this model, and nobody grants what they lack');
    else if (!modelExists(model)) checks.add(path, 'there is no such model');
  }
}

export function checkTags(checks: InputChecks, tags: readonly Tag[]): void {
  if (tags.length > MAX_TAGS) checks.add('tags', `must be at most ${MAX_TAGS}`);
  for (const [index, tag] of tags.slice(0, MAX_TAGS).entries()) {
    checks.text(`tags.${index}.key`, tag.key, MAX_TAG_KEY_LENGTH);
    checks.text(`tags.${index}.value`, tag.value, MAX_TAG_VALUE_LENGTH);
    if (tags.findIndex((other) => other.key === tag.key) < index) checks.add(`tags.${index}.key`, 'is there twice');
  }
}
