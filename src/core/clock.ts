/** Time as an argument, so that a test can set it. */
export interface Clock {
  /** The wall clock, UTC. */
  now(): Date;
  /** Monotonic milliseconds with a fraction; only differences mean anything. */
  monotonicMs(): number;
  /** Runs once after so many milliseconds, unless cancelled. Does not keep the process alive. */
  after(delayMs: number, run: () => void): Cancel;
}

export type Cancel = () => void;

/** Chance as an argument: a number in [0, 1). */
export type Random = () => number;

export const systemClock: Clock = {
  now: () => new Date(),
  monotonicMs: () => performance.now(),
  after: (delayMs, run) => {
    const timer = setTimeout(run, delayMs);
    timer.unref();
    return () => {
      clearTimeout(timer);
    };
  },
};
