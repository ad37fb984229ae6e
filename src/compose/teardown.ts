import type { Logger } from '../core/logger.js';

/** What was opened, closed in reverse order; one that fails to close does not keep the others open. */
export interface Teardown {
  /** Gives back what it is handed. */
  add<T>(name: string, opened: T, close: (opened: T) => Promise<unknown>): T;
  run(): Promise<void>;
}

const STAY_ALIVE_MS = 1_000;

export function createTeardown(logger: Logger): Teardown {
  const steps: { readonly name: string; readonly close: () => Promise<unknown> }[] = [];
  return {
    add(name, opened, close) {
      steps.push({ name, close: () => close(opened) });
      return opened;
    },
    async run() {
      // The clock's timers keep no process alive, and a part may wait by one of them for a database that is away.
      const stayAlive = setInterval(() => undefined, STAY_ALIVE_MS);
      for (let step = steps.pop(); step; step = steps.pop()) {
        try {
          await step.close();
        } catch (error) {
          logger.error({ err: error, part: step.name }, 'a part did not close');
        }
      }
      clearInterval(stayAlive);
    },
  };
}
