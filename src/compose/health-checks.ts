import type { LoadedCatalogue } from '../catalog/catalogue.js';
import type { Clock } from '../core/clock.js';
import type { Logger } from '../core/logger.js';
import type { UpstreamChecker } from '../providers/contract.js';
import { createHealthChecks } from '../routing/checks.js';
import type { HealthBoard } from '../routing/health.js';
import type { Teardown } from './teardown.js';

export interface HealthCheckParts {
  readonly caller: UpstreamChecker;
  readonly health: HealthBoard;
  readonly catalogue: Pick<LoadedCatalogue, 'organizations'>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly teardown: Teardown;
}

/** Looks after idle upstreams from now until the end. */
export function startHealthChecks({ caller, health, catalogue, clock, logger, teardown }: HealthCheckParts): void {
  const checks = createHealthChecks({ checker: caller, health, snapshots: catalogue.organizations, clock, logger });
  teardown.add('health checks', checks, (opened) => opened.stop()).start();
}
