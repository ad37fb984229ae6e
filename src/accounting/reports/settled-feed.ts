import { LRUCache } from 'lru-cache';
import { GatewayError } from '../../core/errors.js';
import type { InferenceId, OrganizationId } from '../../core/ids.js';
import type { InferenceRecord } from '../../core/inference.js';
import type { LedgerStore } from '../ledger.store.js';

/** Tells readers in this process what has been booked, here or by another replica. */
export interface SettledFeed {
  publish(records: readonly InferenceRecord[]): void;
  /**
   * An organization's records that match, as they are booked. A reader joins at its first `next()`, and leaves at
   * `return()`, which settles at once, or as `reader` aborts. One that falls too far behind gets EVENTS_EXPIRED.
   */
  read(
    organizationId: OrganizationId,
    matches: (record: InferenceRecord) => boolean,
    reader?: AbortSignal,
  ): AsyncIterableIterator<InferenceRecord>;
  /** Something was missed that can't be told any more: these readers, else all, get EVENTS_EXPIRED. */
  lose(organizationId?: OrganizationId): void;
  /** Whether it was published, not long ago. */
  knows(id: InferenceId): boolean;
  /** Readers that have joined. */
  readonly readers: number;
  /** Whose readers they are. */
  readonly organizations: Iterable<OrganizationId>;
}

/** Records that wait for one reader; they are shared with whoever else waits for them. */
const MAX_WAITING = 1_000;

/** Ids by which what is read after a gap is told from what has been heard. */
const MAX_KNOWN = 20_000;

interface Listener {
  hear(record: InferenceRecord): void;
  lose(): void;
}

export function createSettledFeed(maxWaiting = MAX_WAITING): SettledFeed {
  const listeners = new Map<OrganizationId, Set<Listener>>();
  const known = new LRUCache<InferenceId, true>({ max: MAX_KNOWN });
  const join = (organizationId: OrganizationId, listener: Listener): (() => void) => {
    const group = listeners.get(organizationId) ?? new Set();
    listeners.set(organizationId, group.add(listener));
    return () => {
      group.delete(listener);
      if (group.size === 0) listeners.delete(organizationId);
    };
  };
  return {
    publish(records) {
      for (const record of records) {
        known.set(record.id, true);
        for (const listener of [...(listeners.get(record.organizationId) ?? [])]) listener.hear(record);
      }
    },
    lose(organizationId) {
      const groups = organizationId === undefined ? [...listeners.values()] : [listeners.get(organizationId) ?? []];
      for (const listener of groups.flatMap((group) => [...group])) listener.lose();
    },
    knows: (id) => known.has(id),
    read: (organizationId, matches, reader) =>
      createReader({
        maxWaiting,
        matches,
        join: (listener) => join(organizationId, listener),
        ...(reader ? { reader } : {}),
      }),
    get readers() {
      return [...listeners.values()].reduce((sum, group) => sum + group.size, 0);
    },
    get organizations() {
      return [...listeners.keys()];
    },
  };
}

/** The store as it was, and a word to the feed after each batch that was committed: whoever hears of a record finds it. */
export function announceBooked(store: LedgerStore, feed: Pick<SettledFeed, 'publish'>): LedgerStore {
  return {
    ...store,
    async insert(bookings) {
      await store.insert(bookings);
      feed.publish(bookings.flatMap(({ record }) => (record === null || record.status === 'RUNNING' ? [] : [record])));
    },
  };
}

type Step = IteratorResult<InferenceRecord, undefined>;
const DONE: Step = { done: true, value: undefined };

interface Pull {
  readonly resolve: (step: Step) => void;
  readonly reject: (error: Error) => void;
}

interface ReaderOptions {
  readonly maxWaiting: number;
  readonly matches: (record: InferenceRecord) => boolean;
  readonly join: (listener: Listener) => () => void;
  readonly reader?: AbortSignal;
}

/** By hand, because an async generator queues `return()` behind a `next()` that waits for the next record. */
function createReader(options: ReaderOptions): AsyncIterableIterator<InferenceRecord, undefined> {
  const { pull, close } = createCursor(options);
  return {
    next: () =>
      new Promise((resolve, reject) => {
        pull({ resolve, reject });
      }),
    return: () => {
      close();
      return Promise.resolve(DONE);
    },
    throw: (error: unknown) => {
      close();
      return Promise.reject(asError(error));
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

function createCursor({ maxWaiting, matches, join, reader }: ReaderOptions) {
  const queue = createQueue(maxWaiting);
  let joined = false;
  let leave: (() => void) | null = null;

  function goAway(): void {
    leave?.();
    leave = null;
    reader?.removeEventListener('abort', close);
  }

  function close(): void {
    goAway();
    queue.close();
  }

  /** Never throws: whoever books must not suffer from who listens. */
  function hear(record: InferenceRecord): void {
    try {
      if (matches(record) && !queue.push(record)) goAway();
    } catch (error) {
      goAway();
      queue.fail(asError(error));
    }
  }

  function lose(): void {
    goAway();
    queue.fail(fellBehind());
  }

  return {
    close,
    pull(pull: Pull): void {
      queue.pull(pull);
      if (joined || queue.closed) return;
      joined = true;
      leave = join({ hear, lose });
      reader?.addEventListener('abort', close, { once: true });
      if (reader?.aborted) close();
    },
  };
}

/** Records on one side, pulls on the other: at most one of them waits. After a failure what waits is handed out first. */
function createQueue(maxWaiting: number) {
  const records: InferenceRecord[] = [];
  const pulls: Pull[] = [];
  let end: 'none' | 'closed' | Error = 'none';

  function finish(how: 'closed' | Error): void {
    end = how;
    deliver();
  }

  function deliver(): void {
    while (pulls.length > 0 && (records.length > 0 || end !== 'none')) {
      const [pull, record] = [pulls.shift(), records.shift()];
      if (record) pull?.resolve({ done: false, value: record });
      else if (end instanceof Error) pull?.reject(end);
      else pull?.resolve(DONE);
      if (!record) end = 'closed';
    }
  }

  return {
    get closed() {
      return end === 'closed';
    },
    close(): void {
      records.length = 0;
      finish('closed');
    },
    fail: finish,
    pull(pull: Pull): void {
      pulls.push(pull);
      deliver();
    },
    /** False where there is no room left: then the reader has failed. */
    push(record: InferenceRecord): boolean {
      const hasRoom = pulls.length > 0 || records.length < maxWaiting;
      if (hasRoom) records.push(record);
      else end = fellBehind();
      deliver();
      return hasRoom;
    },
  };
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error('the reader failed', { cause: error });
}

function fellBehind(): GatewayError {
  return new GatewayError('EVENTS_EXPIRED', 'The reader fell behind: read "inferences" for what it missed, and subscribe again.');
}
