import type { Clock } from '../core/clock.js';
import type { ApiKeyId, OrganizationId } from '../core/ids.js';
import type { AccessStore } from './access.store.js';
import type { HashKey, RandomBytes } from './key-format.js';

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
