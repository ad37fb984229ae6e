import type { Clock } from '../core/clock.js';

/** A reading that takes longer than this is no different, for who has read before, from a database that is away. */
export const READ_PATIENCE_MS = 1_500;

interface Impatience<T> {
  readonly clock: Clock;
  /** What is known without the reading; null: nothing, and then it is waited for all the same. */
  readonly fallback: () => T | null;
}

/** The reading, or where it does not come to an end in READ_PATIENCE_MS, the fallback. */
export function impatient<T>(reading: Promise<T>, { clock, fallback }: Impatience<NonNullable<T>>): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancelTimer = clock.after(READ_PATIENCE_MS, () => {
      const served = fallback();
      if (served !== null) resolve(served);
    });
    reading.then(resolve, reject).finally(cancelTimer);
  });
}
