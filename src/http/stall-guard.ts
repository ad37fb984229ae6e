import type { Cancel, Clock } from '../core/clock.js';
import { LIMITS } from './limits.js';

/** Tells when a reader takes too long over what stands unsent in front of it. */
export interface StallGuard {
  /** Writing waits for the reader, with so many bytes unsent. */
  waiting(unsentBytes: number): void;
  flushed(): void;
}

export function createStallGuard(clock: Clock, onStall: () => void): StallGuard {
  let cancel: Cancel | null = null;
  const flushed = () => {
    cancel?.();
    cancel = null;
  };
  return {
    flushed,
    waiting: (unsentBytes) => {
      cancel ??= clock.after(LIMITS.stallMs + unsentBytes / LIMITS.slowestBytesPerMs, () => {
        cancel = null;
        onStall();
      });
    },
  };
}
