import { LRUCache } from 'lru-cache';
import type { Clock } from '../core/clock.js';
import { GatewayError } from '../core/errors.js';
import type { ApiKeyId } from '../core/ids.js';
import type { Logger } from '../core/logger.js';
import type { Principal } from '../core/principal.js';
import type { AuthenticatorStore } from './authenticator.store.js';
import type { Authenticator } from './contract.js';
import { parseKey } from './key-format.js';
import type { HashKey } from './key-format.js';
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

interface Entry {
  readonly principal: Principal;
  /** The generation it was read in; an older one must be read again. */
  readonly generation: number;
}

const DEFAULT_CAPACITY = 10_000;
const UNKNOWN_CAPACITY = 1_000;
/** A client that goes on with a revoked key costs a query every so often, not with every call. */
const UNKNOWN_FOR_MS = 5_000;
/** So long after the database last answered, known keys go on being served without it. */
export const MAX_STALENESS_MS = 5 * 60_000;

/**
 * 1. A key that can't be one is refused without a query.
 * 2. A key known from the current generation of the configuration is answered from memory; its ends are checked by the clock each time.
 * 3. Else it is read, once for all who ask at the same time.
 * 4. Where that fails because the database is away, what was known before is served up to MAX_STALENESS_MS after the last
 *    confirmed version; what wasn't known is SERVICE_UNAVAILABLE.
 */
export function createAuthenticator(settings: AuthenticatorSettings): CachingAuthenticator {
  const { clock, hashKey } = settings;
  const cache = createKeyCache(settings);
  const uses = createKeyUses(settings);
  const changes = createKeyChanges(clock);

  const find = async (presentedKey: string): Promise<Principal | null> => {
    const key = parseKey(presentedKey);
    if (key === null) return null;
    const principal = await cache.find(hashKey(key));
    return principal !== null && !isOver(principal.expiresAt, clock.now()) ? principal : null;
  };
  return {
    async authenticate(presentedKey) {
      const principal = await find(presentedKey);
      if (principal !== null) uses.note(principal);
      return principal;
    },
    async recheck(presentedKey) {
      const principal = await find(presentedKey);
      if (principal?.expiresAt) changes.announceAt(principal.expiresAt);
      return principal !== null;
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

interface KeyCache {
  find(hash: Buffer): Promise<Principal | null>;
  invalidate(changed: ApiKeyId | undefined): void;
  sizes(): { readonly known: number; readonly unknown: number; readonly reading: number };
}

function createKeyCache({ store, clock, confirmedAt, capacity = DEFAULT_CAPACITY }: AuthenticatorSettings): KeyCache {
  const known = new LRUCache<string, Entry>({ max: capacity });
  const unknown = new LRUCache<string, number>({ max: UNKNOWN_CAPACITY });
  const reading = new Map<string, Promise<Principal | null>>();
  let generation = 0;

  const read = async (hash: Buffer, name: string): Promise<Principal | null> => {
    const readIn = generation;
    const principal = await store.find(hash);
    // What changed while it was read is read again by whoever asks next.
    if (readIn !== generation) return principal;
    if (principal === null) {
      known.delete(name);
      unknown.set(name, clock.monotonicMs() + UNKNOWN_FOR_MS);
    } else known.set(name, { principal, generation });
    return principal;
  };
  /** Names the generation, so that nobody who asks after a change is answered by a read from before it. */
  const readOnce = (hash: Buffer, name: string): Promise<Principal | null> => {
    const flight = `${generation} ${name}`;
    const running = reading.get(flight);
    if (running) return running;
    const started = read(hash, name).finally(() => reading.delete(flight));
    reading.set(flight, started);
    return started;
  };
  const readOrRemember = async (hash: Buffer, name: string): Promise<Principal | null> => {
    try {
      return await readOnce(hash, name);
    } catch (error) {
      if (!(error instanceof GatewayError) || error.code !== 'SERVICE_UNAVAILABLE') throw error;
      const entry = known.get(name);
      if (entry && isFresh(confirmedAt(), clock.now())) return entry.principal;
      throw error;
    }
  };
  return {
    async find(hash) {
      const name = hash.toString('base64');
      const entry = known.get(name);
      if (entry?.generation === generation) {
        if (isFresh(confirmedAt(), clock.now())) return entry.principal;
        return readOrRemember(hash, name);
      }
      if ((unknown.get(name) ?? 0) > clock.monotonicMs()) return null;
      return readOrRemember(hash, name);
    },
    invalidate(changed) {
      generation += 1;
      unknown.clear();
      if (changed === undefined) return;
      for (const [name, entry] of known.entries()) if (entry.principal.apiKeyId === changed) known.delete(name);
    },
    sizes: () => ({ known: known.size, unknown: unknown.size, reading: reading.size }),
  };
}

function isFresh(confirmedAt: Date | null, now: Date): boolean {
  return confirmedAt !== null && now.getTime() - confirmedAt.getTime() <= MAX_STALENESS_MS;
}

function isOver(end: Date | null, now: Date): boolean {
  return end !== null && end.getTime() <= now.getTime();
}
