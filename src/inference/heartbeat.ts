import type { ContentKeeper, IdempotencyStore } from '../cache/contract.js';
import type { Cancel, Clock } from '../core/clock.js';
import type { InferenceId } from '../core/ids.js';
import type { Logger } from '../core/logger.js';
import { isVisible } from './cancelling.js';
import type { Cancelling } from './cancelling.js';
import type { CompletionRegistry } from './registry.js';

/** Well within the time after which an owner is taken for lost. */
const BEAT_MS = 4_000;

export interface HeartbeatDependencies {
  readonly keys: IdempotencyStore;
  readonly keeper: ContentKeeper;
  readonly registry: CompletionRegistry;
  readonly cancelling: Pick<Cancelling, 'heedRequests'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface Heartbeat {
  /** There is something to say. Beats from now on, until there is nothing left. */
  wake(): void;
  stop(): void;
}

/**
 * Says, in one statement, that this replica works on its keyed calls, until their outcome can be read by all; and looks whether others
 * ask to end what they can see of its work.
 */
export function createHeartbeat({ keys, keeper, registry, cancelling, clock, logger }: HeartbeatDependencies): Heartbeat {
  let cancel: Cancel | null = null;
  let stopped = false;
  const working = (): readonly InferenceId[] => {
    const ids = new Set<InferenceId>([...keeper.waiting, ...registry.draining]);
    for (const { start } of registry.running.values()) if (start.keyed) ids.add(start.id);
    return [...ids];
  };
  const isSeen = (): boolean => [...registry.running.values()].some(isVisible);
  const beat = async (): Promise<void> => {
    try {
      const ids = working();
      if (ids.length > 0) await keys.renew(ids);
      await cancelling.heedRequests();
    } catch (error) {
      logger.warn({ reason: error instanceof Error ? error.message : String(error) }, 'keys could not be renewed; trying again');
    }
    cancel = null;
    if (working().length > 0 || isSeen()) wake();
  };
  const wake = (): void => {
    if (!stopped) cancel ??= clock.after(BEAT_MS, () => void beat());
  };
  return {
    wake,
    stop() {
      stopped = true;
      cancel?.();
    },
  };
}
