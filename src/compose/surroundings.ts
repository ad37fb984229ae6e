import type { Config } from '../config.js';
import type { Clock, Random } from '../core/clock.js';
import type { Logger } from '../core/logger.js';
import type { CallTimeouts } from '../providers/contract.js';
import type { Teardown } from './teardown.js';

export interface ComposeOptions {
  readonly config: Config;
  readonly logger: Logger;
  readonly clock?: Clock;
  readonly random?: Random;
  /** How long upstreams may take. */
  readonly timeouts?: CallTimeouts;
}

/** What the whole process is built in. */
export interface Surroundings extends Required<ComposeOptions> {
  readonly teardown: Teardown;
}
