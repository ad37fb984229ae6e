import type { Clock } from '../core/clock.js';
import type { Logger } from '../core/logger.js';
import type { UnitOfWork } from '../storage/unit-of-work.js';
import { deleteSecretsExpiredBefore } from './expired-secrets.store.js';
import type { Job } from './scheduler.js';

/** About as often as an owner has to be heard of. */
const LOST_EVERY_MS = 15_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
/** Long enough that an operator who asks why a rotated key stopped working still finds its row. */
const KEEP_EXPIRED_SECRETS_MS = 7 * DAY_MS;

export interface MaintenanceDependencies {
  /** Storage's: makes the ledger's partitions around an instant, tells the names of new ones. */
  readonly ensurePartitions: (now: Date) => Promise<readonly string[]>;
  /** The cache's: deletes what is past its time, tells how much there was. */
  readonly purge: { keys(now: Date): Promise<number>; contents(now: Date): Promise<number> };
  /** Inference's: ends what replicas that are gone left running, tells how many there were. */
  readonly settleLost: () => Promise<number>;
  readonly unitOfWork: UnitOfWork;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What keeps the database in order. */
export function maintenanceJobs(dependencies: MaintenanceDependencies): readonly Job[] {
  const { ensurePartitions, purge, settleLost, unitOfWork, clock, logger } = dependencies;
  const count = async (counted: Promise<number>, message: string): Promise<void> => {
    const found = await counted;
    if (found > 0) logger.info({ count: found }, message);
  };
  return [
    {
      name: 'lost completions',
      everyMs: LOST_EVERY_MS,
      run: () => count(settleLost(), 'completions of lost replicas were settled as interrupted'),
    },
    {
      name: 'expired completion contents',
      everyMs: MINUTE_MS,
      run: () => count(purge.contents(clock.now()), 'expired contents of completions were deleted'),
    },
    {
      name: 'expired idempotency keys',
      everyMs: HOUR_MS,
      run: () => count(purge.keys(clock.now()), 'expired idempotency keys were deleted'),
    },
    {
      name: 'partitions ahead',
      everyMs: DAY_MS,
      run: async () => {
        const made = await ensurePartitions(clock.now());
        if (made.length > 0) logger.info({ made }, 'partitions were made for the months ahead');
      },
    },
    {
      name: 'expired key secrets',
      everyMs: DAY_MS,
      run: async () => {
        const deleted = await deleteSecretsExpiredBefore(unitOfWork, new Date(clock.now().getTime() - KEEP_EXPIRED_SECRETS_MS));
        if (deleted > 0) logger.info({ deleted }, 'expired key secrets were deleted');
      },
    },
  ];
}
