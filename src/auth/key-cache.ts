import { LRUCache } from 'lru-cache';
import type { Clock } from '../core/clock.js';
import { GatewayError } from '../core/errors.js';
import type { ApiKeyId } from '../core/ids.js';
import type { Principal } from '../core/principal.js';
import type { AuthenticatorStore } from './authenticator.store.js';
import { impatient } from './patience.js';

/** Whom a key's hash stands for, from memory where that is current. */
export interface KeyCache {
  find(hash: Buffer): Promise<FoundKey | null>;
  invalidate(changed: ApiKeyId | undefined): void;
  sizes(): KeyCacheSizes;
}

export interface FoundKey {
  readonly principal: Principal;
  /** Not: it was served as it was remembered, because nobody could tell whether it still is so. */
  readonly current: boolean;
}

export interface KeyCacheSizes {
  readonly known: number;
  readonly unknown: number;
  readonly reading: number;
}

export interface KeyCacheSettings {
  readonly store: Pick<AuthenticatorStore, 'find'>;
  readonly clock: Clock;
  /** When the database last confirmed the configuration version; null: never yet. */
  readonly confirmedAt: () => Date | null;
  /** Known keys kept; 10,000 where not given. */
  readonly capacity?: number;
}

const DEFAULT_CAPACITY = 10_000;
const UNKNOWN_CAPACITY = 1_000;
/** A client that goes on with a revoked key costs a query every so often, not with every call. */
const UNKNOWN_FOR_MS = 5_000;
/** So long after the database last answered, known keys go on being served without it. */
export const MAX_STALENESS_MS = 5 * 60_000;
export function createKeyCache(settings: KeyCacheSettings): KeyCache {
  const { clock, confirmedAt } = settings;
  const memory = createMemory(settings);
  const isFresh = (): boolean => {
    const at = confirmedAt();
    return at !== null && clock.now().getTime() - at.getTime() <= MAX_STALENESS_MS;
  };
  /** What is remembered, as far as it may be served without the database. */
  const fallback = (name: string): FoundKey | null => {
    const remembered = memory.known(name);
    return remembered !== null && isFresh() ? { principal: remembered.principal, current: false } : null;
  };
  return {
    async find(hash) {
      const name = hash.toString('base64');
      const known = memory.known(name);
      if (known?.current && isFresh()) return { principal: known.principal, current: true };
      if (known === null && memory.isUnknown(name)) return null;
      const reading = memory.read(hash, name).then(
        (principal) => principal && { principal, current: true },
        (error: unknown) => {
          const away = error instanceof GatewayError && error.code === 'SERVICE_UNAVAILABLE';
          const served = away ? fallback(name) : null;
          if (served === null) throw error;
          return served;
        },
      );
      return known === null ? reading : impatient(reading, { clock, fallback: () => fallback(name) });
    },
    invalidate: memory.invalidate,
    sizes: memory.sizes,
  };
}

interface Entry {
  readonly principal: Principal;
  /** The generation of the configuration it was read in; an older one must be read again. */
  readonly generation: number;
}

/** What was read, bounded, by generation of the configuration. */
function createMemory({ store, clock, capacity = DEFAULT_CAPACITY }: KeyCacheSettings) {
  const entries = new LRUCache<string, Entry>({ max: capacity });
  const unknown = new LRUCache<string, number>({ max: UNKNOWN_CAPACITY });
  const reading = new Map<string, Promise<Principal | null>>();
  let generation = 0;

  const read = async (hash: Buffer, name: string): Promise<Principal | null> => {
    const readIn = generation;
    const principal = await store.find(hash);
    // What changed while it was read is read again by whoever asks next.
    if (readIn !== generation) return principal;
    entries.delete(name);
    if (principal === null) unknown.set(name, clock.monotonicMs() + UNKNOWN_FOR_MS);
    else entries.set(name, { principal, generation });
    return principal;
  };
  return {
    known: (name: string) => {
      const entry = entries.get(name);
      return entry ? { principal: entry.principal, current: entry.generation === generation } : null;
    },
    isUnknown: (name: string) => (unknown.get(name) ?? 0) > clock.monotonicMs(),
    /** One read for all who ask in the same generation: nobody who asks after a change is answered by a read from before it. */
    read: (hash: Buffer, name: string): Promise<Principal | null> => {
      const flight = `${generation} ${name}`;
      const running = reading.get(flight);
      if (running) return running;
      const started = read(hash, name).finally(() => reading.delete(flight));
      reading.set(flight, started);
      return started;
    },
    invalidate: (changed: ApiKeyId | undefined): void => {
      generation += 1;
      unknown.clear();
      if (changed === undefined) return;
      for (const [name, entry] of entries.entries()) if (entry.principal.apiKeyId === changed) entries.delete(name);
    },
    sizes: () => ({ known: entries.size, unknown: unknown.size, reading: reading.size }),
  };
}
