import { In } from 'typeorm';
import type { EntityManager } from 'typeorm';
import type { Result } from '../core/errors.js';
import { idFromUuid, uuidFromId } from '../core/ids.js';
import type { ApiKeyId, OrganizationId, TeamId } from '../core/ids.js';
import { runChange } from '../storage/audit.store.js';
import type { Audit, ChangeContext } from '../storage/audit.store.js';
import { ApiKeySecret } from '../storage/entities/api-key-secret.js';
import { ApiKey as ApiKeyEntity } from '../storage/entities/api-key.js';
import { Team as TeamEntity } from '../storage/entities/team.js';
import type { UnitOfWork } from '../storage/unit-of-work.js';
import type { ApiKey, Team } from './contract.js';

/** A key as it is stored: its state follows from these and the clock. */
export interface StoredApiKey extends Omit<ApiKey, 'state'> {
  readonly revokedAt: Date | null;
}

/** What one change may read and write, all in its organization. */
export interface AccessTransaction {
  readonly audit: Audit;
  team(id: TeamId): Promise<Team | null>;
  teamBySlug(slug: string): Promise<Team | null>;
  insertTeam(team: Team): Promise<void>;
  renameTeam(id: TeamId, name: string): Promise<void>;
  apiKey(id: ApiKeyId): Promise<StoredApiKey | null>;
  insertApiKey(key: StoredApiKey, createdBy: string): Promise<void>;
  updateApiKey(key: StoredApiKey): Promise<void>;
  insertSecret(key: StoredApiKey, hash: Buffer, at: Date): Promise<void>;
  /** Null: they end at once. A secret that ends sooner keeps its end. */
  endSecrets(id: ApiKeyId, at: Date | null): Promise<void>;
}

export interface KeysetPage {
  /** How many at most. */
  readonly limit: number;
}

export interface AccessStore {
  change<T>(context: ChangeContext, run: (transaction: AccessTransaction) => Promise<Result<T>>): Promise<Result<T>>;
  teamsById(organizationId: OrganizationId, ids: readonly TeamId[]): Promise<readonly Team[]>;
  apiKeysById(organizationId: OrganizationId, ids: readonly ApiKeyId[]): Promise<readonly StoredApiKey[]>;
  /** By slug. `only`: this team alone. */
  teams(organizationId: OrganizationId, page: TeamPage): Promise<{ readonly rows: readonly Team[]; readonly total: number }>;
  /** Newest first. */
  apiKeys(organizationId: OrganizationId, page: ApiKeyPage): Promise<{ readonly rows: readonly StoredApiKey[]; readonly total: number }>;
  /** Newest first, so many of each team; teams without keys are left out. */
  apiKeysOfTeams(organizationId: OrganizationId, page: TeamKeysPage): Promise<readonly TeamKeys[]>;
}

export interface TeamKeysPage extends KeysetPage {
  readonly afterId: ApiKeyId | null;
  readonly teamIds: readonly TeamId[];
}

export interface TeamKeys {
  readonly teamId: TeamId;
  readonly rows: readonly StoredApiKey[];
  readonly total: number;
}

export interface TeamPage extends KeysetPage {
  readonly afterSlug: string | null;
  readonly only: TeamId | null;
}

export interface ApiKeyPage extends KeysetPage {
  readonly afterId: ApiKeyId | null;
  readonly teamId: TeamId | null;
}

export function createAccessStore(unitOfWork: UnitOfWork): AccessStore {
  return {
    change: (context, run) =>
      runChange(unitOfWork, context, (manager, audit) => {
        const organizationId = uuidFromId(context.organizationId);
        return run({ audit, ...teamPart(manager, organizationId), ...keyPart(manager, organizationId) });
      }),
    teamsById: (organizationId, ids) =>
      unitOfWork.asOrganization(organizationId, async (manager) =>
        (await manager.find(TeamEntity, { where: { id: In(ids.map(uuidFromId)) } })).map(toTeam),
      ),
    apiKeysById: (organizationId, ids) =>
      unitOfWork.asOrganization(organizationId, async (manager) =>
        (await manager.find(ApiKeyEntity, { where: { id: In(ids.map(uuidFromId)) } })).map(toApiKey),
      ),
    teams: (organizationId, page) => unitOfWork.asOrganization(organizationId, (manager) => readTeams(manager, page)),
    apiKeys: (organizationId, page) => unitOfWork.asOrganization(organizationId, (manager) => readApiKeys(manager, page)),
    apiKeysOfTeams: (organizationId, page) => unitOfWork.asOrganization(organizationId, (manager) => readTeamKeys(manager, page)),
  };
}

async function readTeams(manager: EntityManager, { only, afterSlug, limit }: TeamPage) {
  const teams = manager.createQueryBuilder(TeamEntity, 'team').orderBy('team.slug COLLATE "C"').limit(limit);
  if (only !== null) teams.andWhere('team.id = :only', { only: uuidFromId(only) });
  const total = await teams.clone().orderBy().getCount();
  if (afterSlug !== null) teams.andWhere('team.slug COLLATE "C" > :afterSlug', { afterSlug });
  return { rows: (await teams.getMany()).map(toTeam), total };
}

async function readApiKeys(manager: EntityManager, { teamId, afterId, limit }: ApiKeyPage) {
  const keys = manager.createQueryBuilder(ApiKeyEntity, 'key').orderBy('key.id', 'DESC').limit(limit);
  if (teamId !== null) keys.andWhere('key.team_id = :teamId', { teamId: uuidFromId(teamId) });
  const total = await keys.getCount();
  if (afterId !== null) keys.andWhere('key.id < :afterId', { afterId: uuidFromId(afterId) });
  return { rows: (await keys.getMany()).map(toApiKey), total };
}

/** Of keys up to the page's start one stands for all, so that their team is counted even where nothing follows. */
const KEYS_OF_TEAMS = `
SELECT id, team_id AS team, total::int AS total, follows FROM (
  SELECT id, team_id, follows, count(*) OVER (PARTITION BY team_id) AS total,
         row_number() OVER (PARTITION BY team_id, follows ORDER BY id DESC) AS place
  FROM (SELECT id, team_id, ($2::uuid IS NULL OR id < $2::uuid) AS follows FROM api_key WHERE team_id = ANY($1::uuid[])) AS key
) AS placed
WHERE place <= CASE WHEN follows THEN $3::int ELSE 1 END`;

interface PlacedKey {
  readonly id: string;
  readonly team: string;
  readonly total: number;
  readonly follows: boolean;
}

async function readTeamKeys(manager: EntityManager, { teamIds, afterId, limit }: TeamKeysPage): Promise<readonly TeamKeys[]> {
  const after = afterId && uuidFromId(afterId);
  const placed = await manager.query<PlacedKey[]>(KEYS_OF_TEAMS, [teamIds.map(uuidFromId), after, limit]);
  const shown = placed.filter(({ follows }) => follows).map(({ id }) => id);
  const keys =
    shown.length === 0 ? [] : (await manager.find(ApiKeyEntity, { where: { id: In(shown) }, order: { id: 'DESC' } })).map(toApiKey);
  const totals = new Map(placed.map(({ team, total }) => [idFromUuid('team', team), total]));
  return [...totals].map(([teamId, total]) => ({ teamId, total, rows: keys.filter((key) => key.teamId === teamId) }));
}

type TeamPart = Pick<AccessTransaction, 'team' | 'teamBySlug' | 'insertTeam' | 'renameTeam'>;

function teamPart(manager: EntityManager, organizationId: string): TeamPart {
  return {
    async team(id) {
      const row = await manager.findOneBy(TeamEntity, { organizationId, id: uuidFromId(id) });
      return row && toTeam(row);
    },
    async teamBySlug(slug) {
      const row = await manager.findOneBy(TeamEntity, { organizationId, slug });
      return row && toTeam(row);
    },
    async insertTeam(team) {
      await manager.insert(TeamEntity, { ...team, id: uuidFromId(team.id), organizationId });
    },
    async renameTeam(id, name) {
      await manager.update(TeamEntity, { organizationId, id: uuidFromId(id) }, { name });
    },
  };
}

function keyPart(manager: EntityManager, organizationId: string): Omit<AccessTransaction, keyof TeamPart | 'audit'> {
  return {
    async apiKey(id) {
      const row = await manager.findOneBy(ApiKeyEntity, { organizationId, id: uuidFromId(id) });
      return row && toApiKey(row);
    },
    async insertApiKey(key, createdBy) {
      await manager.insert(ApiKeyEntity, {
        ...fromApiKey(key),
        id: uuidFromId(key.id),
        organizationId,
        createdAt: key.createdAt,
        createdBy,
      });
    },
    async updateApiKey(key) {
      await manager.update(ApiKeyEntity, { organizationId, id: uuidFromId(key.id) }, fromApiKey(key));
    },
    async insertSecret(key, hash, at) {
      await manager.insert(ApiKeySecret, { hash, organizationId, apiKeyId: uuidFromId(key.id), createdAt: at });
    },
    async endSecrets(id, at) {
      if (at === null) await manager.delete(ApiKeySecret, { organizationId, apiKeyId: uuidFromId(id) });
      else
        await manager.query('UPDATE api_key_secret SET expires_at = least(expires_at, $3) WHERE organization_id = $1 AND api_key_id = $2', [
          organizationId,
          uuidFromId(id),
          at,
        ]);
    },
  };
}

function toTeam(row: TeamEntity): Team {
  return {
    id: idFromUuid('team', row.id),
    organizationId: idFromUuid('organization', row.organizationId),
    slug: row.slug,
    name: row.name,
    createdAt: row.createdAt,
  };
}

function toApiKey(row: ApiKeyEntity): StoredApiKey {
  return {
    id: idFromUuid('key', row.id),
    organizationId: idFromUuid('organization', row.organizationId),
    teamId: row.teamId === null ? null : idFromUuid('team', row.teamId),
    name: row.name,
    prefix: row.prefix,
    permissions: row.permissions,
    models: row.models,
    tags: row.tags,
    createdAt: row.createdAt,
    expiresAt: row.expiresAt,
    lastUsedAt: row.lastUsedAt,
    revokedAt: row.revokedAt,
  };
}

/** What may change; `lastUsedAt` has a writer of its own. */
function fromApiKey(key: StoredApiKey) {
  return {
    teamId: key.teamId === null ? null : uuidFromId(key.teamId),
    name: key.name,
    prefix: key.prefix,
    permissions: [...key.permissions],
    models: key.models === null ? null : [...key.models],
    tags: [...key.tags],
    expiresAt: key.expiresAt,
    revokedAt: key.revokedAt,
  };
}
