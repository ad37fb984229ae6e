import type {
  CancelRequests,
  ContentKeeper,
  ContentReader,
  EndedContent,
  IdempotencyStore,
  KeyClaim,
  KnownKey,
  Payload,
} from '../../src/cache/contract.js';
import type { AssistantMessage } from '../../src/core/answer.js';
import type { Clock } from '../../src/core/clock.js';
import { GatewayError } from '../../src/core/errors.js';
import type { OperationResult } from '../../src/core/operations.js';
import type { InferenceId } from '../../src/core/ids.js';
import type { InferenceRecord } from '../../src/core/inference.js';

interface StoredKey {
  readonly claim: KeyClaim;
  readonly id: InferenceId;
  readonly owner: string;
  ownerUntilMs: number;
  endedUntilMs: number | null;
}

/** The part of the database that replicas share, in memory, by the test's clock. */
export interface SharedStores {
  readonly keys: Map<string, StoredKey>;
  readonly contents: Map<InferenceId, EndedContent>;
  readonly starts: Map<InferenceId, InferenceRecord>;
  readonly asked: Set<InferenceId>;
  readonly onAsked: Set<(id: InferenceId) => void>;
  /** While they are lost, requests to cancel are found by looking alone. */
  deaf: boolean;
  readonly clock: Clock;
  /** While it is, everything throws SERVICE_UNAVAILABLE. */
  away: boolean;
  claims: number;
}

export const LEASE_MS = 15_000;
const DAY_MS = 86_400_000;

export function createSharedStores(clock: Clock): SharedStores {
  return {
    keys: new Map(),
    contents: new Map(),
    starts: new Map(),
    asked: new Set(),
    onAsked: new Set(),
    deaf: false,
    clock,
    away: false,
    claims: 0,
  };
}

function reach(shared: SharedStores): Promise<void> {
  if (shared.away) return Promise.reject(new GatewayError('SERVICE_UNAVAILABLE', 'The database is not available.'));
  return Promise.resolve();
}

export function createFakeKeys(shared: SharedStores, owner: string): IdempotencyStore {
  const { keys, starts, clock } = shared;
  const spaceOf = ({ organizationId, apiKeyId, operation, key }: KeyClaim) => JSON.stringify([organizationId, apiKeyId, operation, key]);
  const lookUp = (claim: KeyClaim): KnownKey | null => {
    const key = keys.get(spaceOf(claim));
    if (!key || (key.endedUntilMs ?? Infinity) <= clock.monotonicMs()) return null;
    const state = key.endedUntilMs !== null ? 'ENDED' : key.ownerUntilMs > clock.monotonicMs() ? 'RUNNING' : 'LOST';
    return { id: key.id, sameInput: key.claim.fingerprint === claim.fingerprint, state };
  };
  const named = (ids: readonly InferenceId[]) => [...keys].filter(([, key]) => ids.includes(key.id));
  return {
    async claim(claim, start) {
      await reach(shared);
      shared.claims += 1;
      const known = lookUp(claim);
      if (known) return known;
      keys.set(spaceOf(claim), { claim, id: start.id, owner, ownerUntilMs: clock.monotonicMs() + LEASE_MS, endedUntilMs: null });
      starts.set(start.id, start);
      return null;
    },
    async find(claim) {
      await reach(shared);
      return lookUp(claim);
    },
    async begin(start) {
      await reach(shared);
      starts.set(start.id, start);
    },
    async release(ids) {
      await reach(shared);
      for (const [space] of named(ids)) keys.delete(space);
    },
    async renew(ids) {
      await reach(shared);
      for (const [, key] of named(ids)) if (key.owner === owner) key.ownerUntilMs = clock.monotonicMs() + LEASE_MS;
    },
    async end(ids, until) {
      await reach(shared);
      for (const [, key] of named(ids)) key.endedUntilMs = clock.monotonicMs() + until.getTime() - clock.now().getTime();
    },
    async lost(limit) {
      await reach(shared);
      const lost = [...keys.values()].filter((key) => key.endedUntilMs === null && key.ownerUntilMs <= clock.monotonicMs());
      return lost.slice(0, limit).map(({ id, claim }) => ({ id, organizationId: claim.organizationId }));
    },
  };
}

export function createFakeCancelRequests(shared: SharedStores): CancelRequests {
  const { asked, onAsked } = shared;
  return {
    async ask(_organizationId, id) {
      await reach(shared);
      asked.add(id);
      if (!shared.deaf) for (const hear of onAsked) hear(id);
    },
    async take(ids) {
      await reach(shared);
      return ids.filter((id) => asked.delete(id));
    },
    onAsked: (listener) => void onAsked.add(listener),
  };
}

/** Stores a moment after the end, as the real one does; `stalled` keeps everything waiting. */
export interface FakeKeeper extends ContentKeeper {
  stalled: boolean;
  /** Everything that was handed over. */
  readonly kept: readonly EndedContent[];
}

export function createFakeKeeper(shared: SharedStores): FakeKeeper {
  const { keys, contents, clock } = shared;
  const waiting = new Map<InferenceId, EndedContent>();
  const kept: EndedContent[] = [];
  const store = (content: EndedContent) => {
    if (keeper.stalled || shared.away) return void clock.after(1_000, () => store(content));
    waiting.delete(content.id);
    contents.set(content.id, content);
    for (const key of keys.values()) if (key.id === content.id) key.endedUntilMs = clock.monotonicMs() + DAY_MS;
    content.onStored();
  };
  const keeper: FakeKeeper = {
    stalled: false,
    kept,
    keep(content) {
      kept.push(content);
      waiting.set(content.id, content);
      clock.after(25, () => store(content));
    },
    get waiting() {
      return waiting.keys();
    },
    held: (id) => waiting.get(id)?.payload?.value ?? null,
    close: () => Promise.resolve(),
  };
  return keeper;
}

export function createFakeContents(shared: SharedStores): ContentReader {
  const { contents, clock } = shared;
  const find = async <T>(
    organizationId: string,
    id: InferenceId,
    pick: (content: EndedContent) => { value: T; until: Date } | null,
  ): Promise<T | null> => {
    await reach(shared);
    const content = contents.get(id);
    const kept = content?.organizationId === organizationId ? pick(content) : null;
    return kept && kept.until > clock.now() ? kept.value : null;
  };
  return {
    events: (organizationId, id) => find(organizationId, id, ({ events }) => events),
    async messages(organizationId, ids) {
      const found = new Map<InferenceId, AssistantMessage>();
      for (const id of ids) {
        const last = (await find(organizationId, id, ({ events }) => events))?.at(-1);
        const isEnd = last?.type === 'finished' || last?.type === 'failed';
        const message = isEnd ? last.completion.message : (await find(organizationId, id, ({ payload }) => payload))?.message;
        if (message) found.set(id, message);
      }
      return found;
    },
    async results(organizationId, ids) {
      const found = new Map<InferenceId, OperationResult>();
      for (const id of ids) {
        const last = (await find(organizationId, id, ({ events }) => events))?.at(-1);
        const result = last?.type === 'finished' || last?.type === 'failed' ? last.completion.result : undefined;
        if (result) found.set(id, result);
      }
      return found;
    },
    async payloads(organizationId, ids) {
      const found = new Map<InferenceId, Payload>();
      for (const id of ids) {
        const payload = await find(organizationId, id, (content) => content.payload);
        if (payload) found.set(id, payload);
      }
      return found;
    },
  };
}
