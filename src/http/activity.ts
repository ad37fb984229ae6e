/** Counts what runs at the doors, and tells when nothing does: the base of a graceful stop. */
export interface Activity {
  readonly running: number;
  /** Whether new work is refused. */
  readonly draining: boolean;
  begin(): () => void;
  drain(): void;
  /** Resolves once nothing runs. */
  idle(): Promise<void>;
}

export function createActivity(): Activity {
  let running = 0;
  let draining = false;
  let waiters: (() => void)[] = [];
  const end = () => {
    running -= 1;
    if (running > 0) return;
    for (const resolve of waiters) resolve();
    waiters = [];
  };
  return {
    get running() {
      return running;
    },
    get draining() {
      return draining;
    },
    begin: () => {
      running += 1;
      let ended = false;
      return () => {
        if (ended) return;
        ended = true;
        end();
      };
    },
    drain: () => {
      draining = true;
    },
    idle: () => (running === 0 ? Promise.resolve() : new Promise((resolve) => waiters.push(resolve))),
  };
}
