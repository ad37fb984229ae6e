import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Clock } from '../core/clock.js';
import type { CompletionCall } from '../core/completion.js';
import type { CompletionId } from '../core/ids.js';
import { isJsonObject } from '../core/json.js';
import { formatUsd } from '../core/money.js';
import type { Principal } from '../core/principal.js';
import type { Operation } from '../core/vocabulary.js';
import { KEYED_MS } from './retention.js';

/** More than 100,000 keys of the usual length. */
const MAX_KEY_BYTES = 64 * 1024 * 1024;
const BYTES_PER_KEY = 300;
const OPERATION: Operation = 'COMPLETION';

/** An idempotency key in its own space: equal keys of two API keys, or for two operations, have nothing to do with each other. */
export interface IdempotencyClaim {
  readonly space: string;
  readonly fingerprint: string;
}

/** Which completion was begun under which key, kept for 24 hours. A refusal never takes its key. */
export interface IdempotencyKeys {
  find(claim: IdempotencyClaim): { readonly id: CompletionId; readonly sameInput: boolean } | null;
  take(claim: IdempotencyClaim, id: CompletionId): void;
  release(claim: IdempotencyClaim): void;
}

export function createIdempotencyKeys(options: { readonly clock: Clock; readonly maxBytes?: number }): IdempotencyKeys {
  const { clock, maxBytes = MAX_KEY_BYTES } = options;
  const taken = new LRUCache<string, { readonly id: CompletionId; readonly fingerprint: string }>({
    maxSize: maxBytes,
    sizeCalculation: (_, space) => BYTES_PER_KEY + 2 * space.length,
    ttl: KEYED_MS,
    perf: { now: () => clock.monotonicMs() },
    ttlResolution: 0,
  });
  return {
    find({ space, fingerprint }) {
      const known = taken.get(space);
      return known ? { id: known.id, sameInput: known.fingerprint === fingerprint } : null;
    },
    take({ space, fingerprint }, id) {
      taken.set(space, { id, fingerprint });
    },
    release({ space }) {
      taken.delete(space);
    },
  };
}

export function claimOf(principal: Principal, idempotencyKey: string, call: CompletionCall): IdempotencyClaim {
  const space = JSON.stringify([principal.organizationId, principal.apiKeyId, OPERATION, idempotencyKey]);
  return { space, fingerprint: fingerprintOf(call) };
}

/** Equal for calls that ask for the same; how long they may take, and what happens when the reader leaves, is not part of it. */
export function fingerprintOf(call: CompletionCall): string {
  const maxCost = call.maxCost === null ? null : formatUsd(call.maxCost);
  const canonical = JSON.stringify({ ...call, maxCost, onDisconnect: null, timeoutMs: null }, (_, value: unknown) => sortKeys(value));
  return createHash('sha256').update(canonical).digest('base64');
}

function sortKeys(value: unknown): unknown {
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1)));
}
