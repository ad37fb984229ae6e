import type { Clock } from '../core/clock.js';
import type { ApiKeyId } from '../core/ids.js';
import type { Logger } from '../core/logger.js';
import type { AuthenticatorStore } from './authenticator.store.js';
import type { Authenticator } from './contract.js';
import { parseKey } from './key-format.js';
import type { HashKey } from './key-format.js';
import { createKeyCache } from './key-cache.js';
import type { FoundKey } from './key-cache.js';
import { createKeyChanges } from './key-changes.js';
import { createKeyUses } from './key-uses.js';

export interface AuthenticatorSettings {
  readonly store: AuthenticatorStore;
  readonly hashKey: HashKey;
  readonly clock: Clock;
  readonly logger: Logger;
  /** When the database last confirmed the configuration version; null: never yet. */
  readonly confirmedAt: () => Date | null;
  /** Known keys kept; 10,000 where not given. */
  readonly capacity?: number;
}

export interface CachingAuthenticator extends Authenticator {
  /** Keys may have changed: what is known must be read again. A key named here is forgotten at once, also while the database is away. */
  invalidate(changed?: ApiKeyId): void;
  /** Writes when keys were last used; call it before the database closes. */
  flush(): Promise<void>;
  /** Entries held, for tests and metrics. */
  sizes(): { readonly known: number; readonly unknown: number; readonly reading: number };
}

const ASK_AGAIN_MS = 5_000;

/**
 * 1. A key that can't be one is refused without a query.
 * 2. A key known from the current generation of the configuration is answered from memory; its ends are checked by the clock each time.
 * 3. Else it is read, once for all who ask at the same time.
 * 4. Where that fails because the database is away, or does not come to an end, what was known before is served up to
 *    MAX_STALENESS_MS after the last confirmed version; what wasn't known is SERVICE_UNAVAILABLE. Whoever holds on to a key
 *    that was served like this is told to ask again: a change must not be missed because it could not be read when it came.
 */
export function createAuthenticator(settings: AuthenticatorSettings): CachingAuthenticator {
  const { clock, hashKey } = settings;
  const cache = createKeyCache(settings);
  const uses = createKeyUses(settings);
  const changes = createKeyChanges(clock);

  const find = async (presentedKey: string): Promise<FoundKey | null> => {
    const key = parseKey(presentedKey);
    if (key === null) return null;
    const found = await cache.find(hashKey(key));
    return found !== null && !isOver(found.principal.expiresAt, clock.now()) ? found : null;
  };
  return {
    async authenticate(presentedKey) {
      const found = await find(presentedKey);
      if (found !== null) uses.note(found.principal);
      return found && found.principal;
    },
    async recheck(presentedKey) {
      const found = await find(presentedKey);
      if (found?.current === false) changes.announceAt(new Date(clock.now().getTime() + ASK_AGAIN_MS));
      if (found?.principal.expiresAt) changes.announceAt(found.principal.expiresAt);
      return found !== null;
    },
    onChange: changes.onChange,
    invalidate(changed) {
      cache.invalidate(changed);
      changes.announce();
    },
    flush: () => uses.flush(),
    sizes: () => cache.sizes(),
  };
}

function isOver(end: Date | null, now: Date): boolean {
  return end !== null && end.getTime() <= now.getTime();
}
