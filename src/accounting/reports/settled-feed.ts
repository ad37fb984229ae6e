import { GatewayError } from '../../core/errors.js';
import type { OrganizationId } from '../../core/ids.js';
import type { InferenceRecord } from '../../core/inference.js';
import type { LedgerStore } from '../ledger.store.js';

/** Tells readers in this process what has been booked. What other replicas book is not heard here. */
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
  /** Readers that have joined. */
  readonly readers: number;
}

/** Records that wait for one reader; they are shared with whoever else waits for them. */
const MAX_WAITING = 1_000;

type Listener = (record: InferenceRecord) => void;

export function createSettledFeed(maxWaiting = MAX_WAITING): SettledFeed {
  const listeners = new Map<OrganizationId, Set<Listener>>();
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
      for (const record of records) for (const listener of [...(listeners.get(record.organizationId) ?? [])]) listener(record);
    },
    read: (organizationId, matches, reader) =>
      createReader({
        maxWaiting,
        matches,
        join: (push) => join(organizationId, push),
        ...(reader ? { reader } : {}),
      }),
    get readers() {
      return [...listeners.values()].reduce((sum, group) => sum + group.size, 0);
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
  readonly join: (push: Listener) => () => void;
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
      return Promise.reject(error instanceof Error ? error : new Error('the reader failed', { cause: error }));
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

/** Stages: `new` until the first pull, `reading`, `broken` where the records that wait are followed by an error, `closed`. */
function createCursor({ maxWaiting, matches, join, reader }: ReaderOptions) {
  const waiting: InferenceRecord[] = [];
  const pulls: Pull[] = [];
  let stage: 'new' | 'reading' | 'closed' | Error = 'new';
  let leave: (() => void) | null = null;

  function stop(next: 'closed' | Error): void {
    stage = next;
    leave?.();
    leave = null;
    reader?.removeEventListener('abort', close);
  }

  function close(): void {
    stop('closed');
    waiting.length = 0;
    for (const pull of pulls.splice(0)) pull.resolve(DONE);
  }

  /** Never throws: whoever books must not suffer from who listens. */
  function hear(record: InferenceRecord): void {
    try {
      if (!matches(record)) return;
      if (pulls.length === 0 && waiting.length >= maxWaiting) stop(fellBehind());
      else waiting.push(record);
    } catch (error) {
      stop(error instanceof Error ? error : new Error('a filter failed', { cause: error }));
    }
    deliver();
  }

  function deliver(): void {
    while (pulls.length > 0) {
      const record = waiting.shift();
      if (record) pulls.shift()?.resolve({ done: false, value: record });
      else if (stage instanceof Error) return failAll(stage);
      else if (stage === 'closed') return close();
      else return;
    }
  }

  function failAll(error: Error): void {
    const [first, ...rest] = pulls.splice(0);
    stop('closed');
    first?.reject(error);
    for (const pull of rest) pull.resolve(DONE);
  }

  function start(): void {
    stage = 'reading';
    leave = join(hear);
    reader?.addEventListener('abort', close, { once: true });
    if (reader?.aborted) close();
  }

  return {
    close,
    pull(pull: Pull): void {
      pulls.push(pull);
      if (stage === 'new') start();
      deliver();
    },
  };
}

function fellBehind(): GatewayError {
  return new GatewayError('EVENTS_EXPIRED', 'The reader fell behind: read "inferences" for what it missed, and subscribe again.');
}
