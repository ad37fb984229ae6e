import type { Actor } from '../core/actor.js';
import { conflict, fail, invalidRequest, notFound, ok } from '../core/errors.js';
import type { Result } from '../core/errors.js';
import { newId, parseId } from '../core/ids.js';
import { createInputChecks } from '../core/input-checks.js';
import type { JsonObject } from '../core/json.js';
import { seesTeam } from '../core/principal.js';
import type { AccessSettings } from './access-settings.js';
import type { AccessChanges, Team } from './contract.js';

type TeamSettings = Pick<AccessSettings, 'store' | 'clock'>;
type TeamChanges = Pick<AccessChanges, 'createTeam' | 'updateTeam'>;

export function createTeamChanges(settings: TeamSettings): TeamChanges {
  return {
    createTeam: (actor, input) => createTeam(settings, actor, input),
    updateTeam: (actor, input) => updateTeam(settings, actor, input),
  };
}

async function createTeam(
  { store, clock }: TeamSettings,
  actor: Actor,
  input: Parameters<TeamChanges['createTeam']>[1],
): Promise<Result<Team>> {
  const checks = createInputChecks();
  if (actor.principal.teamId !== null) checks.add('slug', "a team's key can't make teams");
  checks.slug('slug', input.slug);
  const name = input.name ?? input.slug;
  checks.text('name', name);
  if (checks.problems.length > 0) return fail(invalidRequest(checks.problems));
  const { organizationId } = actor.principal;
  const at = clock.now();
  return store.change({ organizationId, actor, at }, async (transaction) => {
    if (await transaction.teamBySlug(input.slug)) return fail(conflict(`There is a team ${input.slug} already.`, 'slug'));
    const team: Team = { id: newId('team'), organizationId, slug: input.slug, name, createdAt: at };
    await transaction.insertTeam(team);
    await transaction.audit({ action: 'createTeam', target: { kind: 'team', id: team.id }, before: null, after: describe(team) });
    return ok(team);
  });
}

async function updateTeam(
  { store, clock }: TeamSettings,
  actor: Actor,
  input: Parameters<TeamChanges['updateTeam']>[1],
): Promise<Result<Team>> {
  const id = parseId('team', input.id);
  if (id === null || !seesTeam(actor.principal, id)) return fail(notFound('team', input.id));
  const checks = createInputChecks();
  if (input.name === null) checks.add('name', "can't be cleared");
  else if (input.name !== undefined) checks.text('name', input.name);
  const { organizationId } = actor.principal;
  return store.change({ organizationId, actor, at: clock.now() }, async (transaction) => {
    const before = await transaction.team(id);
    if (!before) return fail(notFound('team', input.id));
    if (checks.problems.length > 0) return fail(invalidRequest(checks.problems));
    const after: Team = { ...before, name: input.name ?? before.name };
    await transaction.renameTeam(id, after.name);
    await transaction.audit({ action: 'updateTeam', target: { kind: 'team', id }, before: describe(before), after: describe(after) });
    return ok(after);
  });
}

function describe(team: Team): JsonObject {
  return { slug: team.slug, name: team.name };
}
