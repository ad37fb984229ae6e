import type { Cancel, Clock } from '../core/clock.js';
import type { Logger } from '../core/logger.js';

/** What runs by the clock. It may run on any replica, and twice does no harm. */
export interface Job {
  readonly name: string;
  readonly everyMs: number;
  run(): Promise<void>;
}

/** Keeps a job to one replica at a time. */
export interface JobLock {
  /** Runs it where no other replica is at it; tells whether it ran. What `run` throws is thrown. */
  tryRun(name: string, run: () => Promise<void>): Promise<boolean>;
}

export interface Scheduler {
  start(): void;
  /** Starts nothing more, and resolves when what was running has ended. */
  stop(): Promise<void>;
}

export interface SchedulerDependencies {
  readonly jobs: readonly Job[];
  readonly lock: JobLock;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** So that a process that is restarted daily still comes to its daily jobs. */
const FIRST_RUN_AFTER_MS = 60_000;
/** A job that failed doesn't wait for its next turn. */
const RETRY_AFTER_MS = 5 * 60_000;

/** Each job runs a minute after the start and then at its interval, counted from the end of its last run. */
export function createScheduler({ jobs, lock, clock, logger }: SchedulerDependencies): Scheduler {
  const timers = new Map<Job, Cancel>();
  const running = new Set<Promise<void>>();
  let stopped = false;

  const schedule = (job: Job, delayMs: number): void => {
    if (stopped) return;
    timers.set(
      job,
      clock.after(delayMs, () => {
        const run = attempt(job, { lock, logger }).then((nextMs) => {
          running.delete(run);
          schedule(job, nextMs);
        });
        running.add(run);
      }),
    );
  };

  return {
    start: () => jobs.forEach((job) => schedule(job, Math.min(job.everyMs, FIRST_RUN_AFTER_MS))),
    stop: async () => {
      stopped = true;
      for (const cancel of timers.values()) cancel();
      await Promise.all(running);
    },
  };
}

/** Never rejects; tells in how many milliseconds the job is due again. */
async function attempt(job: Job, { lock, logger }: Pick<SchedulerDependencies, 'lock' | 'logger'>): Promise<number> {
  try {
    const ran = await lock.tryRun(job.name, () => job.run());
    logger.debug({ job: job.name, ran }, ran ? 'a job has run' : 'another replica is at this job');
    return job.everyMs;
  } catch (error) {
    logger.warn({ err: error, job: job.name }, 'a job failed; it is tried again');
    return Math.min(job.everyMs, RETRY_AFTER_MS);
  }
}
