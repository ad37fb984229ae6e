import type { Clock } from '../core/clock.js';
import type { Logger } from '../core/logger.js';
import type { UnitOfWork } from '../storage/unit-of-work.js';
import { deleteSecretsExpiredBefore } from './expired-secrets.store.js';
import type { Job } from './scheduler.js';

const DAY_MS = 24 * 60 * 60_000;
/** Long enough that an operator who asks why a rotated key stopped working still finds its row. */
const KEEP_EXPIRED_SECRETS_MS = 7 * DAY_MS;

export interface MaintenanceDependencies {
  /** Storage's: makes the ledger's partitions around an instant, tells the names of new ones. */
  readonly ensurePartitions: (now: Date) => Promise<readonly string[]>;
  readonly unitOfWork: UnitOfWork;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What keeps the database in order, daily. */
export function maintenanceJobs({ ensurePartitions, unitOfWork, clock, logger }: MaintenanceDependencies): readonly Job[] {
  return [
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
