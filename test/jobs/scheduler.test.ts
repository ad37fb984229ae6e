import { describe, expect, test } from '@jest/globals';
import { createScheduler } from '../../src/jobs/scheduler.js';
import type { Job, JobLock } from '../../src/jobs/scheduler.js';
import { createManualClock, settled } from '../kit/manual-clock.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

const free: JobLock = {
  tryRun: async (_name, run) => {
    await run();
    return true;
  },
};

function setUp(run: () => Promise<void> | void, options: { everyMs?: number; lock?: JobLock } = {}) {
  const clock = createManualClock();
  const warnings: object[] = [];
  const logger = {
    debug: () => undefined,
    info: () => undefined,
    error: () => undefined,
    warn: (fields: object) => void warnings.push(fields),
  };
  const job: Job = { name: 'sweep', everyMs: options.everyMs ?? HOUR, run: async () => run() };
  const scheduler = createScheduler({ jobs: [job], lock: options.lock ?? free, clock, logger });
  return { clock, scheduler, warnings };
}

describe('the scheduler', () => {
  test('runs a minute after the start, then at the interval', async () => {
    let runs = 0;
    const { clock, scheduler } = setUp(() => void (runs += 1));
    await clock.advance(HOUR);
    expect(runs).toBe(0);
    scheduler.start();
    await clock.advance(MINUTE - 1);
    expect(runs).toBe(0);
    await clock.advance(1);
    expect(runs).toBe(1);
    await clock.advance(HOUR - 1);
    expect(runs).toBe(1);
    await clock.advance(1 + 3 * HOUR);
    expect(runs).toBe(5);
  });

  test('an interval below a minute holds for the first run too', async () => {
    let runs = 0;
    const { clock, scheduler } = setUp(() => void (runs += 1), { everyMs: 1_000 });
    scheduler.start();
    await clock.advance(3_000);
    expect(runs).toBe(3);
  });

  test('a run never overlaps the next of the same job', async () => {
    let finish = (): void => undefined;
    let runs = 0;
    const { clock, scheduler } = setUp(() => {
      runs += 1;
      return new Promise<void>((resolve) => {
        finish = resolve;
      });
    });
    scheduler.start();
    await clock.advance(10 * HOUR);
    expect(runs).toBe(1);
    finish();
    await clock.advance(HOUR);
    expect(runs).toBe(2);
  });

  test('what fails is told, and tried again before its next turn', async () => {
    let runs = 0;
    const { clock, scheduler, warnings } = setUp(() => {
      runs += 1;
      if (runs === 1) throw new Error('the database is away');
    });
    scheduler.start();
    await clock.advance(MINUTE);
    expect(warnings).toEqual([expect.objectContaining({ job: 'sweep' })]);
    await clock.advance(5 * MINUTE);
    expect(runs).toBe(2);
    await clock.advance(HOUR - 1);
    expect(runs).toBe(2);
  });

  test('a job that another replica is at is left to it', async () => {
    let runs = 0;
    let asked = 0;
    const lock: JobLock = {
      tryRun: async () => {
        asked += 1;
        return false;
      },
    };
    const { clock, scheduler, warnings } = setUp(() => void (runs += 1), { lock });
    scheduler.start();
    await clock.advance(MINUTE + HOUR);
    expect([asked, runs]).toEqual([2, 0]);
    expect(warnings).toEqual([]);
  });

  test('stop waits for the job that is running, and starts none after it', async () => {
    let finish = (): void => undefined;
    let runs = 0;
    const { clock, scheduler } = setUp(() => {
      runs += 1;
      return new Promise<void>((resolve) => {
        finish = resolve;
      });
    });
    scheduler.start();
    await clock.advance(MINUTE);
    let isStopped = false;
    const stopped = scheduler.stop().then(() => {
      isStopped = true;
    });
    await settled();
    expect(isStopped).toBe(false);
    finish();
    await stopped;
    await clock.advance(10 * HOUR);
    expect(runs).toBe(1);
    expect(clock.waiting).toBe(0);
  });

  test('stop before the first run leaves no timer', async () => {
    const { clock, scheduler } = setUp(() => undefined);
    scheduler.start();
    await scheduler.stop();
    expect(clock.waiting).toBe(0);
  });
});
