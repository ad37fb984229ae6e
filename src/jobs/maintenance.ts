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
/** A call can be rated before it is booked; by then it is, however long a journal waited for its process to start again. */
const BOOKED_AFTER_MS = 30 * DAY_MS;

export interface MaintenanceDependencies {
  /** Storage's: makes the ledger's partitions around an instant, tells the names of new ones. */
  readonly ensurePartitions: (now: Date) => Promise<readonly string[]>;
  /** The cache's: deletes what is past its time, tells how much there was. */
  readonly purge: { keys(now: Date): Promise<number>; contents(now: Date): Promise<number> };
  /** Inference's: ends what replicas that are gone left running, tells how many there were. */
  readonly settleLost: () => Promise<number>;
  /** Accounting's: deletes ratings of inferences from before an instant that are no longer in the books, tells how many there were. */
  readonly deleteOrphanedFeedback: (before: Date) => Promise<number>;
  readonly unitOfWork: UnitOfWork;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What keeps the database in order. */
export function maintenanceJobs(dependencies: MaintenanceDependencies): readonly Job[] {
  return [...sweeps(dependencies), ...dailyJobs(dependencies)];
}

/** Each tells how much it found, where it found something. */
function sweeps({ purge, settleLost, deleteOrphanedFeedback, clock, logger }: MaintenanceDependencies): readonly Job[] {
  const sweep = (name: string, everyMs: number, { run, message }: { run: () => Promise<number>; message: string }): Job => ({
    name,
    everyMs,
    run: async () => {
      const found = await run();
      if (found > 0) logger.info({ count: found }, message);
    },
  });
  return [
    sweep('lost completions', LOST_EVERY_MS, {
      run: settleLost,
      message: 'completions of lost replicas were settled as interrupted',
    }),
    sweep('expired completion contents', MINUTE_MS, {
      run: () => purge.contents(clock.now()),
      message: 'expired contents of completions were deleted',
    }),
    sweep('expired idempotency keys', HOUR_MS, {
      run: () => purge.keys(clock.now()),
      message: 'expired idempotency keys were deleted',
    }),
    sweep('orphaned feedback', DAY_MS, {
      run: () => deleteOrphanedFeedback(before(clock, BOOKED_AFTER_MS)),
      message: 'ratings of what is no longer in the books were deleted',
    }),
  ];
}

function dailyJobs({ ensurePartitions, unitOfWork, clock, logger }: MaintenanceDependencies): readonly Job[] {
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
        const deleted = await deleteSecretsExpiredBefore(unitOfWork, before(clock, KEEP_EXPIRED_SECRETS_MS));
        if (deleted > 0) logger.info({ deleted }, 'expired key secrets were deleted');
      },
    },
  ];
}

function before(clock: Clock, ms: number): Date {
  return new Date(clock.now().getTime() - ms);
}
