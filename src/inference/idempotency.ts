import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { KeyClaim } from '../cache/contract.js';
import type { Clock } from '../core/clock.js';
import type { InferenceId } from '../core/ids.js';
import { canonicalJson } from '../core/json.js';
import { formatUsd } from '../core/money.js';
import { operationOf } from '../core/operations.js';
import type { InferenceCall } from '../core/operations.js';
import type { Principal } from '../core/principal.js';
import { KEYED_MS } from './retention.js';

/** More than 100,000 keys of the usual length. */
const MAX_KEY_BYTES = 64 * 1024 * 1024;
const BYTES_PER_KEY = 300;
/** A cache alone lets go of what has expired only where room is needed. */
const PURGE_EVERY_MS = 60 * 60 * 1000;

/** A claim with its space as one text, by which this replica remembers it. */
export interface IdempotencyClaim extends KeyClaim {
  readonly space: string;
}

type Remembered = Pick<IdempotencyClaim, 'space' | 'fingerprint'>;

/** Which completion was begun here under which key: what this replica can tell without asking. A refusal never takes its key. */
export interface IdempotencyKeys {
  find(claim: Remembered): { readonly id: InferenceId; readonly sameInput: boolean } | null;
  take(claim: Remembered, id: InferenceId): void;
  release(claim: Pick<Remembered, 'space'>): void;
  /** Roughly what they take in memory. */
  readonly bytes: number;
}

export function createIdempotencyKeys(options: { readonly clock: Clock; readonly maxBytes?: number }): IdempotencyKeys {
  const { clock, maxBytes = MAX_KEY_BYTES } = options;
  const taken = new LRUCache<string, { readonly id: InferenceId; readonly fingerprint: string }>({
    maxSize: maxBytes,
    sizeCalculation: (_, space) => BYTES_PER_KEY + 2 * space.length,
    ttl: KEYED_MS,
    perf: { now: () => clock.monotonicMs() },
    ttlResolution: 0,
  });
  let purgedMs = clock.monotonicMs();
  return {
    find({ space, fingerprint }) {
      const known = taken.get(space);
      return known ? { id: known.id, sameInput: known.fingerprint === fingerprint } : null;
    },
    take({ space, fingerprint }, id) {
      taken.set(space, { id, fingerprint });
      const nowMs = clock.monotonicMs();
      if (nowMs - purgedMs < PURGE_EVERY_MS) return;
      purgedMs = nowMs;
      taken.purgeStale();
    },
    release({ space }) {
      taken.delete(space);
    },
    get bytes() {
      return taken.calculatedSize;
    },
  };
}

export function claimOf(principal: Principal, idempotencyKey: string, call: InferenceCall): IdempotencyClaim {
  const { organizationId, apiKeyId } = principal;
  const operation = operationOf(call);
  const space = JSON.stringify([organizationId, apiKeyId, operation, idempotencyKey]);
  return { organizationId, apiKeyId, operation, key: idempotencyKey, space, fingerprint: fingerprintOf(call) };
}

/** Equal for calls that ask for the same; how long they may take, and what happens when the reader leaves, is not part of it. */
export function fingerprintOf(call: InferenceCall): string {
  const maxCost = call.maxCost === null ? null : formatUsd(call.maxCost);
  const canonical = canonicalJson({ ...call, maxCost, onDisconnect: null, timeoutMs: null });
  return createHash('sha256').update(canonical).digest('base64');
}
