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

  return {
    close,
    pull(pull: Pull): void {
      queue.pull(pull);
      if (joined || queue.closed) return;
      joined = true;
      leave = join(hear);
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
