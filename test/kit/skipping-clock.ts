import type { Clock } from '../../src/core/clock.js';
import { settled } from './manual-clock.js';

/** Real time that can be skipped: what waits for it then happens at once, in its order. For a whole product, whose sockets and database go by real time. */
export interface SkippingClock extends Clock {
  skip(ms: number): Promise<void>;
  /** As on a machine that slept: the time is over at once, and of what repeats in it only the next turn happens. */
  leap(ms: number): Promise<void>;
}

interface Timer {
  readonly atMs: number;
  readonly run: () => void;
  handle: NodeJS.Timeout;
}

export function createSkippingClock(): SkippingClock {
  const timers = new Set<Timer>();
  let skippedMs = 0;
  const nowMs = () => performance.now() + skippedMs;

  function arm(timer: Timer): void {
    clearTimeout(timer.handle);
    timer.handle = setTimeout(() => fire(timer), Math.max(0, timer.atMs - nowMs())).unref();
  }

  function fire(timer: Timer): void {
    clearTimeout(timer.handle);
    if (timers.delete(timer)) timer.run();
  }

  function firstBy(limitMs: number): Timer | undefined {
    return [...timers].filter(({ atMs }) => atMs <= limitMs).sort((left, right) => left.atMs - right.atMs)[0];
  }

  return {
    now: () => new Date(Date.now() + skippedMs),
    monotonicMs: nowMs,
    after(delayMs, run) {
      const timer: Timer = { atMs: nowMs() + delayMs, run, handle: setTimeout(() => fire(timer), delayMs).unref() };
      timers.add(timer);
      return () => {
        clearTimeout(timer.handle);
        timers.delete(timer);
      };
    },
    async skip(ms) {
      const endMs = nowMs() + ms;
      for (let timer = firstBy(endMs); timer; timer = firstBy(endMs)) {
        skippedMs += Math.max(0, timer.atMs - nowMs());
        fire(timer);
        await settled();
      }
      skippedMs += Math.max(0, endMs - nowMs());
      for (const timer of timers) arm(timer);
      await settled();
    },
    async leap(ms) {
      skippedMs += ms;
      for (const timer of timers) arm(timer);
      await settled();
    },
  };
}
