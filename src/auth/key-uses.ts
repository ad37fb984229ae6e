import type { Cancel, Clock } from '../core/clock.js';
import type { ApiKeyId } from '../core/ids.js';
import type { Logger } from '../core/logger.js';
import type { Principal } from '../core/principal.js';
import type { AuthenticatorStore, KeyUse } from './authenticator.store.js';

/** When keys were last used, written in batches off the hot path. */
export interface KeyUses {
  note(principal: Principal): void;
  /** Writes what is noted; a failure is logged and that batch forgotten. */
  flush(): Promise<void>;
}

/** Also how exact `lastUsedAt` is. */
const FLUSH_AFTER_MS = 60_000;
const MAX_PENDING = 10_000;

export function createKeyUses(settings: { store: Pick<AuthenticatorStore, 'recordUses'>; clock: Clock; logger: Logger }): KeyUses {
  const { store, clock, logger } = settings;
  let pending = new Map<ApiKeyId, KeyUse>();
  let cancelTimer: Cancel | null = null;

  const flush = async (): Promise<void> => {
    cancelTimer?.();
    cancelTimer = null;
    if (pending.size === 0) return;
    const uses = [...pending.values()];
    pending = new Map();
    try {
      await store.recordUses(uses);
    } catch (error) {
      logger.warn({ err: error, keys: uses.length }, 'when keys were last used could not be written');
    }
  };
  return {
    note(principal) {
      const known = pending.has(principal.apiKeyId);
      if (!known && pending.size >= MAX_PENDING) return;
      pending.set(principal.apiKeyId, { principal, at: clock.now() });
      cancelTimer ??= clock.after(FLUSH_AFTER_MS, () => void flush());
    },
    flush,
  };
}
