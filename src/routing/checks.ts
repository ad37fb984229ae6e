import { isServing } from '../core/catalogue.js';
import type { CatalogueSnapshot, Deployment, Provider } from '../core/catalogue.js';
import type { Cancel, Clock } from '../core/clock.js';
import type { ProviderId } from '../core/ids.js';
import type { Logger } from '../core/logger.js';
import type { UpstreamChecker } from '../providers/contract.js';
import type { HealthBoard } from './health.js';
import { toTarget } from './target.js';

/** In milliseconds, but for the count of looks at once. */
export const CHECKS = { everyMs: 5_000, connectMs: 5_000, totalMs: 10_000, atOnce: 20 } as const;

export interface HealthChecksDependencies {
  readonly checker: UpstreamChecker;
  readonly health: HealthBoard;
  readonly snapshots: () => readonly CatalogueSnapshot[];
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface HealthChecks {
  start(): void;
  stop(): Promise<void>;
}

/**
 * Looks after targets that nobody calls, where their provider says so:
 * 1. Every 5 s it is seen whose provider's time has come, and which of its deployments had no attempt for so long.
 * 2. The upstream is asked once for all of them, for its list of models: that costs nothing.
 * 3. What it says goes to the health board, for those that are idle still. A look that fails counts like an attempt that
 *    failed; one that is good counts where a probe is due. How fast the list came says nothing of how fast answers come.
 *
 * Each process looks for itself, as each has a health board of its own.
 */
export function createHealthChecks(dependencies: HealthChecksDependencies): HealthChecks {
  const { clock, logger } = dependencies;
  const checkedMs = new Map<ProviderId, number>();
  const stopping = new AbortController();
  let cancel: Cancel = () => undefined;
  let running: Promise<void> = Promise.resolve();

  function schedule(): void {
    if (stopping.signal.aborted) return;
    cancel = clock.after(CHECKS.everyMs, () => {
      const looks = dueOf(dependencies, checkedMs).map((due) => look(due, dependencies, stopping.signal));
      running = Promise.all(looks)
        .catch((error: unknown) => logger.error({ err: error }, 'a health check failed unexpectedly'))
        .then(schedule);
    });
  }

  return {
    start: schedule,
    stop() {
      stopping.abort();
      cancel();
      return running;
    },
  };
}

interface Due {
  readonly provider: Provider;
  readonly idle: readonly Deployment[];
  readonly everyMs: number;
}

function dueOf({ snapshots, health, clock }: HealthChecksDependencies, checkedMs: Map<ProviderId, number>): readonly Due[] {
  const nowMs = clock.monotonicMs();
  const due: Due[] = [];
  for (const provider of snapshots().flatMap(({ providers }) => providers.all)) {
    const everyMs = (provider.healthCheckSeconds ?? 0) * 1_000;
    if (everyMs === 0 || nowMs - (checkedMs.get(provider.id) ?? -Infinity) < everyMs) continue;
    const idle = idleOf(provider, { health, everyMs });
    if (idle.length > 0 && due.length < CHECKS.atOnce) due.push({ provider, idle, everyMs });
  }
  for (const { provider } of due) checkedMs.set(provider.id, nowMs);
  return due;
}

function idleOf({ deployments }: Provider, { health, everyMs }: { health: HealthBoard; everyMs: number }): readonly Deployment[] {
  return deployments.filter((deployment) => isServing(deployment) && health.idleMs(deployment) >= everyMs);
}

async function look(
  { provider, idle, everyMs }: Due,
  { checker, health, logger }: HealthChecksDependencies,
  signal: AbortSignal,
): Promise<void> {
  const [first] = idle;
  if (!first) return;
  const { told } = await checker.check(toTarget(first), { connectMs: CHECKS.connectMs, totalMs: CHECKS.totalMs, signal });
  if (told === null) return;
  if (told !== 'alive') logger.info({ provider: provider.slug, failure: told.class }, 'an idle provider did not pass its health check');
  for (const deployment of idle) if (health.idleMs(deployment) >= everyMs) health.checked(deployment, told === 'alive' ? null : told);
}
