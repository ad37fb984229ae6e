import type { Clock } from '../../src/core/clock.js';

export interface ManualClock extends Clock {
  /** Moves time, running what falls due in its order, and lets promises settle after each. */
  advance(ms: number): Promise<void>;
  /** Timers that have not run. */
  readonly waiting: number;
}

interface Timer {
  readonly atMs: number;
  readonly run: () => void;
}

export function createManualClock(start = new Date('2026-11-21T12:00:00Z')): ManualClock {
  const timers = new Set<Timer>();
  let nowMs = 0;
  const nextBy = (limitMs: number): Timer | null => {
    let next: Timer | null = null;
    for (const timer of timers) if (timer.atMs <= limitMs && (next === null || timer.atMs < next.atMs)) next = timer;
    return next;
  };
  return {
    now: () => new Date(start.getTime() + nowMs),
    monotonicMs: () => nowMs,
    after(delayMs, run) {
      const timer = { atMs: nowMs + delayMs, run };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    async advance(ms) {
      const endMs = nowMs + ms;
      await settled();
      for (let timer = nextBy(endMs); timer !== null; timer = nextBy(endMs)) {
        timers.delete(timer);
        nowMs = timer.atMs;
        timer.run();
        await settled();
      }
      nowMs = endMs;
      await settled();
    },
    get waiting() {
      return timers.size;
    },
  };
}

/** Everything that promises alone can bring about has happened. */
export function settled(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
