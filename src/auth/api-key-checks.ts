import type { InputProblem } from '../core/errors.js';
import type { TeamId } from '../core/ids.js';
import { createInputChecks } from '../core/input-checks.js';
import type { InputChecks } from '../core/input-checks.js';
import type { Principal } from '../core/principal.js';
import type { StoredApiKey } from './access.store.js';
import { stateAt } from './api-keys.js';
import type { CreateApiKeyInput, UpdateApiKeyInput } from './contract.js';
import { checkModels, checkPermissions, checkTags, covers } from './grants.js';
import type { Powers } from './grants.js';

export interface NewApiKeyCheck {
  readonly actor: Principal;
  readonly input: CreateApiKeyInput;
  readonly granted: Powers & { readonly teamId: TeamId | null };
  readonly now: Date;
  readonly modelExists: (slug: string) => boolean;
}

export function checkNewApiKey({ actor, input, granted, now, modelExists }: NewApiKeyCheck): readonly InputProblem[] {
  const checks = createInputChecks();
  checks.text('name', input.name);
  checkPermissions(checks, actor, { permissions: granted.permissions, forTeam: granted.teamId !== null, before: [] });
  checkModels(checks, actor, { models: granted.models, before: [], modelExists });
  checkTags(checks, input.tags ?? []);
  if (input.expiresAt) checkExpiry(checks, input.expiresAt, now);
  return checks.problems;
}

export interface UpdateCheck {
  readonly actor: Principal;
  readonly input: UpdateApiKeyInput;
  readonly before: StoredApiKey;
  readonly now: Date;
  readonly modelExists: (slug: string) => boolean;
}

export function checkUpdate({ actor, input, before, now, modelExists }: UpdateCheck): readonly InputProblem[] {
  const checks = createInputChecks();
  if (stateAt(before, now) === 'REVOKED') checks.add('id', 'the key is revoked');
  if (input.name === null) checks.add('name', "can't be cleared");
  else if (input.name !== undefined) checks.text('name', input.name);
  if (input.permissions === null) checks.add('permissions', "can't be cleared");
  else if (input.permissions !== undefined)
    checkPermissions(checks, actor, { permissions: input.permissions, forTeam: before.teamId !== null, before: before.permissions });
  if (input.allModels && input.models) checks.add('models', 'contradicts allModels: true');
  else if (input.allModels) checkModels(checks, actor, { models: null, before: before.models, modelExists });
  else if (input.models === null) checks.add('models', 'null does not lift the allow-list: only allModels: true does');
  else if (input.models !== undefined) checkModels(checks, actor, { models: input.models, before: before.models, modelExists });
  if (input.expiresAt !== undefined) checkNewEnd(checks, { actor, before, now, end: input.expiresAt });
  return checks.problems;
}

function checkNewEnd(checks: InputChecks, change: { actor: Principal; before: StoredApiKey; now: Date; end: Date | null }): void {
  const { actor, before, now, end } = change;
  if (end !== null) checkExpiry(checks, end, now);
  const longer = before.expiresAt !== null && (end === null || end.getTime() > before.expiresAt.getTime());
  if (longer && !covers(actor, before)) checks.add('expiresAt', 'the key can do more than yours, and nobody grants what they lack');
}

function checkExpiry(checks: InputChecks, expiresAt: Date, now: Date): void {
  checks.instant('expiresAt', expiresAt);
  if (expiresAt.getTime() <= now.getTime()) checks.add('expiresAt', 'is in the past');
}
