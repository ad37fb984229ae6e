import type { UnitOfWork } from '../storage/unit-of-work.js';
import type { JobLock } from './scheduler.js';

/** Every name of an advisory lock in this database shares one space of numbers. */
const LOCK_PREFIX = 'glidepath job ';

/** An advisory lock that lives as long as a transaction: a replica that dies lets go of it by itself. */
export function createJobLock(unitOfWork: UnitOfWork): JobLock {
  return {
    tryRun: (name, run) =>
      unitOfWork.asWriter(async (manager) => {
        const [row] = await manager.query<{ taken: boolean }[]>('SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0)) AS taken', [
          LOCK_PREFIX + name,
        ]);
        if (row?.taken !== true) return false;
        await run();
        return true;
      }),
  };
}
