import type { Cancel, Clock } from '../core/clock.js';

/** Tells those who hold on to keys that they may have changed: by a change, or by reaching an end that is known. */
export interface KeyChanges {
  onChange(listener: () => void): Cancel;
  announce(): void;
  /** Announces at this instant too; of several the next. Who asks again then names the one after. */
  announceAt(instant: Date): void;
}

const LONGEST_TIMER_MS = 24 * 3_600_000;

export function createKeyChanges(clock: Clock): KeyChanges {
  const listeners = new Set<{ readonly call: () => void }>();
  let next: { readonly at: number; readonly cancel: Cancel } | null = null;

  const announce = (): void => {
    for (const { call } of listeners) call();
  };
  return {
    onChange(call) {
      const listener = { call };
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
      };
    },
    announce,
    announceAt(instant) {
      const at = instant.getTime();
      if (next !== null && next.at <= at) return;
      next?.cancel();
      const delayMs = Math.min(Math.max(at - clock.now().getTime(), 0), LONGEST_TIMER_MS);
      const cancel = clock.after(delayMs, () => {
        next = null;
        announce();
      });
      next = { at, cancel };
    },
  };
}
