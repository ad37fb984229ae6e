import type { Actor } from '../core/actor.js';
import type { Result } from '../core/errors.js';
import type { ApiKeyId, OrganizationId, TeamId } from '../core/ids.js';
import type { Principal, Tag } from '../core/principal.js';
import type { ApiKeyState, Permission } from '../core/vocabulary.js';

/** Turns a presented key into who asks. */
export interface Authenticator {
  /**
   * The principal of a key; null where it is unknown, malformed, expired or revoked. From memory where it is known there,
   * else one indexed read. Throws GatewayError SERVICE_UNAVAILABLE where the database is away and the key isn't known.
   */
  authenticate(presentedKey: string): Promise<Principal | null>;
  /** Whether what `authenticate` answered still holds (not revoked, not expired), re-read within 2 s of a change. Long-lived sockets ask it. */
  recheck(presentedKey: string): Promise<boolean>;
  /** Calls back whenever keys may have changed. Returns how to stop listening. */
  onChange(listener: () => void): () => void;
}

export interface ApiKey {
  readonly id: ApiKeyId;
  readonly organizationId: OrganizationId;
  readonly teamId: TeamId | null;
  readonly name: string;
  /** The start of the secret, fit to show. */
  readonly prefix: string;
  readonly permissions: readonly Permission[];
  readonly models: readonly string[] | null;
  readonly tags: readonly Tag[];
  readonly state: ApiKeyState;
  readonly createdAt: Date;
  readonly expiresAt: Date | null;
  readonly lastUsedAt: Date | null;
}

export interface Team {
  readonly id: TeamId;
  readonly organizationId: OrganizationId;
  readonly slug: string;
  readonly name: string;
  readonly createdAt: Date;
}

export interface CreatedApiKey {
  readonly apiKey: ApiKey;
  /** The only time it is shown. */
  readonly secret: string;
}

/** Changes of keys and teams: checked, audited in the same transaction, in force here when they return. */
export interface AccessChanges {
  createTeam(actor: Actor, input: { slug: string; name?: string | null | undefined }): Promise<Result<Team>>;
  updateTeam(actor: Actor, input: { id: string; name?: string | null | undefined }): Promise<Result<Team>>;
  createApiKey(actor: Actor, input: CreateApiKeyInput): Promise<Result<CreatedApiKey>>;
  updateApiKey(actor: Actor, input: UpdateApiKeyInput): Promise<Result<ApiKey>>;
  rotateApiKey(actor: Actor, input: { id: string; graceSeconds?: number | null | undefined }): Promise<Result<CreatedApiKey>>;
  revokeApiKey(actor: Actor, id: string): Promise<Result<ApiKey>>;
}

type Optional<T> = T | null | undefined;

export interface CreateApiKeyInput {
  readonly name: string;
  readonly teamId?: Optional<string>;
  readonly permissions?: Optional<readonly Permission[]>;
  readonly models?: Optional<readonly string[]>;
  readonly expiresAt?: Optional<Date>;
  readonly tags?: Optional<readonly Tag[]>;
}

export interface UpdateApiKeyInput {
  readonly id: string;
  readonly name?: Optional<string>;
  readonly models?: Optional<readonly string[]>;
  readonly allModels?: Optional<boolean>;
  readonly permissions?: Optional<readonly Permission[]>;
  readonly expiresAt?: Optional<Date>;
}

/** Pages are keyset: newest first for keys, by slug for teams; `after` is the last id (or slug) of the page before. */
export interface AccessReader {
  teamsById(organizationId: OrganizationId, ids: readonly TeamId[]): Promise<ReadonlyMap<TeamId, Team>>;
  apiKeysById(organizationId: OrganizationId, ids: readonly ApiKeyId[]): Promise<ReadonlyMap<ApiKeyId, ApiKey>>;
  teams(principal: Principal, page: Page): Promise<PageOf<Team>>;
  apiKeys(principal: Principal, filter: { readonly teamId: TeamId | null }, page: Page): Promise<PageOf<ApiKey>>;
  /** The same page of each team's keys, in two statements whatever their number. A team that is absent has none to be seen. */
  apiKeysOfTeams(principal: Principal, teamIds: readonly TeamId[], page: Page): Promise<ReadonlyMap<TeamId, PageOf<ApiKey>>>;
}

export interface Page {
  readonly first: number;
  readonly after: string | null;
}

export interface PageOf<T> {
  readonly nodes: readonly T[];
  readonly hasNextPage: boolean;
  readonly totalCount: number;
}
