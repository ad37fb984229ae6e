import type { Authenticator } from '../auth/contract.js';
import type { Clock } from '../core/clock.js';
import type { Logger } from '../core/logger.js';
import type { Activity } from './activity.js';
import type { GraphqlApi } from './api.js';
import type { KeyHolders } from './key-holders.js';
import type { Metrics } from './metrics.js';
import type { OriginPolicy } from './origins.js';

/** What all three doors are made of. */
export interface DoorParts {
  readonly api: GraphqlApi;
  readonly authenticator: Authenticator;
  readonly keyHolders: KeyHolders;
  readonly activity: Activity;
  readonly origins: OriginPolicy;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly clock: Clock;
}
