import type { Clock } from '../core/clock.js';
import { GatewayError } from '../core/errors.js';

/**
 * Who may use the pool's connections:
 * 1. As many as there are connections go through at once; the others wait in the order they came.
 * 2. Waiting is no fault of the database's: a burst waits longer than a connection may take to be made, within a bound.
 * 3. Where no connection can be made at all, the database is away, and all who wait are told so at once.
 */
export interface ConnectionGate {
  /** Resolves with how to leave. @throws GatewayError SERVICE_UNAVAILABLE when the wait is over, or the database is away. */
  enter(): Promise<() => void>;
  /** Nobody can be served: ends every wait with this error. */
  turnAway(reason: unknown): void;
  readonly waiting: number;
}

export interface ConnectionGateOptions {
  readonly connections: number;
  readonly clock: Clock;
  readonly waitMs?: number;
}

const WAIT_MS = 10_000;
const RETRY_AFTER_MS = 1_000;

export function createConnectionGate({ connections, clock, waitMs = WAIT_MS }: ConnectionGateOptions): ConnectionGate {
  const line = createLine(clock, waitMs);
  let inside = 0;
  /** Gives the place to the next in the line, so that nobody who comes later takes it. */
  const leave = (): void => {
    if (!line.admitNext()) inside -= 1;
  };
  return {
    async enter() {
      if (inside >= connections) await line.wait();
      else inside += 1;
      return once(leave);
    },
    turnAway: line.turnAway,
    get waiting() {
      return line.length;
    },
  };
}

interface Waiter {
  readonly admit: () => void;
  readonly refuse: (reason: unknown) => void;
}

function createLine(clock: Clock, waitMs: number) {
  const waiters = new Set<Waiter>();
  const join = (admit: () => void, reject: (reason: unknown) => void): void => {
    const end = (then: () => void): void => {
      waiters.delete(waiter);
      cancelTimer();
      then();
    };
    const waiter: Waiter = { admit: () => end(admit), refuse: (reason) => end(() => reject(reason)) };
    const cancelTimer = clock.after(waitMs, () => waiter.refuse(busy()));
    waiters.add(waiter);
  };
  return {
    wait: () => new Promise<void>(join),
    /** False where nobody waits. */
    admitNext(): boolean {
      const [next] = waiters;
      next?.admit();
      return next !== undefined;
    },
    turnAway(reason: unknown): void {
      for (const waiter of [...waiters]) waiter.refuse(reason);
    },
    get length() {
      return waiters.size;
    },
  };
}

function once(run: () => void): () => void {
  let done = false;
  return () => {
    if (done) return;
    done = true;
    run();
  };
}

function busy(): GatewayError {
  return new GatewayError('SERVICE_UNAVAILABLE', 'The database is busy.', { retryAfterMs: RETRY_AFTER_MS });
}
