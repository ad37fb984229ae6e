import type { CreateApiKeyInput, ApiKey, CreatedApiKey, Team, UpdateApiKeyInput } from '../../src/auth/contract.js';
import type { Actor } from '../../src/core/actor.js';
import type { Result } from '../../src/core/errors.js';
import type { OrganizationId, TeamId } from '../../src/core/ids.js';
import type { Principal } from '../../src/core/principal.js';
import type { Permission } from '../../src/core/vocabulary.js';
import { actorOf, openReplica, openWorld, start, valueOf } from '../catalog/world.js';
import type { World } from '../catalog/world.js';
import { createManualClock } from '../kit/manual-clock.js';
import type { ManualClock } from '../kit/manual-clock.js';

export const HOUR_MS = 3_600_000;

/** Where an administrator of a seeded installation makes keys and teams, and time stands still. */
export interface KeyDesk {
  readonly world: World;
  readonly clock: ManualClock;
  readonly replica: Awaited<ReturnType<typeof openReplica>>;
  readonly organizationId: OrganizationId;
  readonly admin: Actor;
  inAnHour(): Date;
  create(input?: Partial<CreateApiKeyInput>, actor?: Actor): Promise<Result<CreatedApiKey>>;
  created(input?: Partial<CreateApiKeyInput>, actor?: Actor): Promise<CreatedApiKey>;
  update(input: UpdateApiKeyInput, actor?: Actor): Promise<Result<ApiKey>>;
  authenticate(secret: string): Promise<Principal | null>;
  stored(id: ApiKey['id']): Promise<ApiKey | undefined>;
  team(): Promise<Team>;
  teamActor(teamId: TeamId, permissions?: Permission[]): Actor;
}

export async function openKeyDesk(): Promise<KeyDesk> {
  const clock = createManualClock();
  const world = await openWorld(clock);
  const { organizationId } = await start(world);
  const replica = await openReplica(world);
  const admin = actorOf(organizationId);
  const create: KeyDesk['create'] = (input = {}, actor = admin) => replica.access.createApiKey(actor, { name: 'key', ...input });
  let teams = 0;
  return {
    world,
    clock,
    replica,
    organizationId,
    admin,
    inAnHour: () => new Date(clock.now().getTime() + HOUR_MS),
    create,
    created: async (input, actor) => valueOf(await create(input, actor)),
    update: (input, actor = admin) => replica.access.updateApiKey(actor, input),
    authenticate: (secret) => replica.authenticator.authenticate(secret),
    stored: async (id) => (await replica.reader.apiKeysById(organizationId, [id])).get(id),
    team: async () => valueOf(await replica.access.createTeam(admin, { slug: `team-${(teams += 1)}` })),
    teamActor: (teamId, permissions = ['KEYS_WRITE', 'INFERENCE']) => actorOf(organizationId, { teamId, permissions }),
  };
}
