import type { ApiKeyId, OrganizationId, TeamId } from './ids.js';
import type { Permission } from './vocabulary.js';

/** Who asks, as proven by an API key. */
export interface Principal {
  readonly organizationId: OrganizationId;
  readonly apiKeyId: ApiKeyId;
  /** A team's key sees and changes only that team's. */
  readonly teamId: TeamId | null;
  readonly permissions: ReadonlySet<Permission>;
  /** Slugs of the models the key may use; null: all. */
  readonly models: ReadonlySet<string> | null;
  readonly tags: readonly Tag[];
  readonly expiresAt: Date | null;
}

export interface Tag {
  readonly key: string;
  readonly value: string;
}

/** Write includes read, and ADMIN is all: what each permission brings along. */
const IMPLIED: Partial<Record<Permission, readonly Permission[]>> = {
  CONFIG_WRITE: ['CATALOG_READ'],
  BUDGETS_WRITE: ['USAGE_READ'],
};

export function hasPermission(principal: Principal, wanted: Permission): boolean {
  if (principal.permissions.has('ADMIN') || principal.permissions.has(wanted)) return true;
  for (const held of principal.permissions) if (IMPLIED[held]?.includes(wanted)) return true;
  return false;
}

/** Whether the principal sees what belongs to this team (null: to no team). Organization-wide keys see all teams. */
export function seesTeam(principal: Principal, teamId: TeamId | null): boolean {
  return principal.teamId === null || principal.teamId === teamId;
}
