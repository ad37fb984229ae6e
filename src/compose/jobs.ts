import { deleteOrphanedFeedback } from '../accounting/reports/feedback.store.js';
import type { Clock } from '../core/clock.js';
import type { Logger } from '../core/logger.js';
import type { CompletionsLifecycle } from '../inference/contract.js';
import { createJobLock } from '../jobs/job-lock.store.js';
import { maintenanceJobs } from '../jobs/maintenance.js';
import { createScheduler } from '../jobs/scheduler.js';
import type { Scheduler } from '../jobs/scheduler.js';
import type { Database } from '../storage/database.js';
import { ensurePartitions } from '../storage/partitions.js';
import { composePurge } from './durable.js';

export interface JobSources {
  readonly database: Database;
  readonly completions: CompletionsLifecycle;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What runs by the clock. */
export function composeJobs({ database, completions, clock, logger }: JobSources): Scheduler {
  const { dataSource, unitOfWork } = database;
  const jobs = maintenanceJobs({
    ...{ unitOfWork, clock, logger },
    ensurePartitions: (now) => ensurePartitions(dataSource, now),
    purge: composePurge(database),
    settleLost: () => completions.settleLost(),
    deleteOrphanedFeedback: (before) => deleteOrphanedFeedback(unitOfWork, before),
  });
  return createScheduler({ jobs, lock: createJobLock(unitOfWork), clock, logger });
}
