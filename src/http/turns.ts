import type { Cancel, Clock, Random } from '../core/clock.js';

/** Lets what clients hold open go at moments spread over a window, so that they don't come back all at once. */
export interface Turns<Holder> {
  /** Its turn comes at a random moment within the window, in milliseconds; the same one where it waits for one already. Resolves when it has come. */
  take(holder: Holder, windowMs: number): Promise<void>;
  /** It has gone by itself. */
  gone(holder: Holder): void;
}

interface Turn {
  readonly come: Promise<void>;
  readonly over: () => void;
}

/** Two hundred a second come back to the other replicas, where the window is long enough for that. */
const MS_PER_HOLDER = 5;
const LONGEST_WINDOW_MS = 5_000;

/** How long so many may take to go: at most 5 s, and never longer than the grace of the whole stop. */
export function windowFor(holders: number, graceMs: number): number {
  return Math.min(holders * MS_PER_HOLDER, LONGEST_WINDOW_MS, graceMs);
}

export function createTurns<Holder>(
  { clock, random }: { readonly clock: Clock; readonly random: Random },
  letGo: (holder: Holder) => void,
): Turns<Holder> {
  const waiting = new Map<Holder, Turn>();
  const begin = (holder: Holder, windowMs: number): Turn => {
    let cancel: Cancel = () => undefined;
    let tell: () => void = () => undefined;
    const come = new Promise<void>((resolve) => {
      tell = resolve;
    });
    const over = () => {
      cancel();
      waiting.delete(holder);
      tell();
    };
    cancel = clock.after(random() * windowMs, () => {
      over();
      letGo(holder);
    });
    return { come, over };
  };
  return {
    take: (holder, windowMs) => {
      const turn = waiting.get(holder) ?? begin(holder, windowMs);
      waiting.set(holder, turn);
      return turn.come;
    },
    gone: (holder) => waiting.get(holder)?.over(),
  };
}
