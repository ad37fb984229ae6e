import type { Clock } from '../core/clock.js';
import type { ApiKeyId, OrganizationId } from '../core/ids.js';
import type { AccessStore } from './access.store.js';
import { createApiKeyChanges } from './api-key-changes.js';
import type { AccessChanges } from './contract.js';
import type { HashKey, RandomBytes } from './key-format.js';
import { createTeamChanges } from './team-changes.js';

export interface AccessSettings {
  readonly store: AccessStore;
  readonly clock: Clock;
  readonly randomBytes: RandomBytes;
  readonly hashKey: HashKey;
  /** Whether the organization has a model of this slug. */
  readonly modelExists: (organizationId: OrganizationId, slug: string) => boolean;
  /** Called once a change of a key is committed, before it is answered. */
  readonly onKeyChanged: (id: ApiKeyId) => void;
}

export function createAccessChanges(settings: AccessSettings): AccessChanges {
  return { ...createTeamChanges(settings), ...createApiKeyChanges(settings) };
}
