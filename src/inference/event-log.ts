import type { Clock } from '../core/clock.js';
import { isTerminal } from '../core/events.js';
import type { CompletionEvent, CompletionEventBody } from '../core/events.js';
import type { InferenceId } from '../core/ids.js';
import type { ReadPosition } from './contract.js';
import { isDelta, joinedAt, wordsOf } from './deltas.js';
import { leaveReason } from './presence.js';
import type { Leave } from './presence.js';

/**
 * The numbered events of one completion, and its readers.
 * 1. Events are kept as they are appended, 0, 1, 2 …; the terminal one is last, and nothing is appended after it.
 * 2. A reader holds a position and nothing else: it replays what is there, then waits. A slow one costs no memory.
 *    From where it is found to be behind until it has caught up, adjacent deltas come to it joined, so that it can catch up.
 * 3. A reader joins at its first `next()`, and leaves at `return()`, at `throw()`, as its signal aborts, or with the terminal event.
 * 4. `return()` settles at once, also while a `next()` is pending; an async generator would queue it behind the silence.
 */
export interface EventLog {
  append(body: CompletionEventBody): void;
  /** Events numbered above `after`; empty where the log has ended at or before that. */
  read(position: ReadPosition): AsyncIterableIterator<CompletionEvent>;
  readonly events: readonly CompletionEvent[];
  readonly length: number;
  readonly ended: boolean;
  /** Roughly what the events take in memory. */
  readonly bytes: number;
}

export interface EventLogOptions {
  readonly completionId: InferenceId;
  readonly clock: Clock;
  /** Called as a reader joins; what it returns, as that reader leaves. Forgotten once the log has ended. */
  readonly onReader?: () => Leave;
}

interface LogState {
  readonly events: readonly CompletionEvent[];
  /** Wakes readers that have read everything. */
  readonly waiting: Set<() => void>;
  onReader: (() => Leave) | null;
  ended: boolean;
}

const BYTES_PER_EVENT = 160;

export function createEventLog(options: EventLogOptions): EventLog {
  return new MemoryEventLog(options);
}

class MemoryEventLog implements EventLog, LogState {
  readonly events: CompletionEvent[] = [];
  readonly waiting = new Set<() => void>();
  onReader: (() => Leave) | null;
  ended = false;
  bytes = 0;
  private readonly completionId: InferenceId;
  private readonly clock: Clock;

  constructor({ completionId, clock, onReader }: EventLogOptions) {
    this.completionId = completionId;
    this.clock = clock;
    this.onReader = onReader ?? null;
  }

  get length(): number {
    return this.events.length;
  }

  append(body: CompletionEventBody): void {
    if (this.ended) return;
    this.events.push({ completionId: this.completionId, sequence: this.events.length, at: this.clock.now(), ...body });
    this.bytes += BYTES_PER_EVENT + 2 * lengthOf(body);
    this.ended = isTerminal(body);
    if (this.ended) this.onReader = null;
    if (this.waiting.size > 0) for (const wake of [...this.waiting]) wake();
  }

  read(position: ReadPosition): AsyncIterableIterator<CompletionEvent> {
    return createReader(createCursor(this, position));
  }
}

/** What was kept of a log that has ended, to be read as it was. */
export function readEnded(events: readonly CompletionEvent[], position: ReadPosition): AsyncIterableIterator<CompletionEvent> {
  const log: LogState = { events, waiting: new Set(), onReader: null, ended: true };
  return createReader(createCursor(log, position));
}

function lengthOf(body: CompletionEventBody): number {
  return isDelta(body) ? wordsOf(body).length : 0;
}

type Step = IteratorResult<CompletionEvent, undefined>;
const DONE: Step = { done: true, value: undefined };

function createReader(cursor: Cursor): AsyncIterableIterator<CompletionEvent, undefined> {
  return {
    next: () => new Promise(cursor.pull),
    return: () => {
      cursor.close();
      return Promise.resolve(DONE);
    },
    throw: (error: unknown) => {
      cursor.close();
      return Promise.reject(error instanceof Error ? error : new Error('the reader failed', { cause: error }));
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

type Settle = (step: Step) => void;

/** A position in the log, and those who wait for what comes there. */
interface Cursor {
  pull(settle: Settle): void;
  close(): void;
}

function createCursor(log: LogState, { after, reader, isBehind = () => false }: ReadPosition): Cursor {
  const pulls: Settle[] = [];
  const place = createPlace(log.events, after + 1, isBehind);
  let leave: Leave | null = null;
  let stage: 'new' | 'reading' | 'closed' = 'new';

  function join(): void {
    stage = 'reading';
    leave = log.onReader?.() ?? null;
    log.waiting.add(deliver);
    reader?.addEventListener('abort', close, { once: true });
    if (reader?.aborted) close();
  }

  function close(): void {
    stage = 'closed';
    log.waiting.delete(deliver);
    reader?.removeEventListener('abort', close);
    for (const settle of pulls.splice(0)) settle(DONE);
    leave?.(leaveReason(reader));
    leave = null;
  }

  function deliver(): void {
    while (pulls.length > 0) {
      const event = place.take();
      if (event === undefined) break;
      pulls.shift()?.({ done: false, value: event });
    }
    if (log.ended && place.isAtEnd()) close();
  }

  function pull(settle: Settle): void {
    if (stage === 'closed') return settle(DONE);
    pulls.push(settle);
    if (stage === 'new') join();
    deliver();
  }

  return { pull, close };
}

interface Place {
  /** The next event, or what is joined to it; nothing where all have been taken. */
  take(): CompletionEvent | undefined;
  isAtEnd(): boolean;
}

function createPlace(events: readonly CompletionEvent[], first: number, isBehind: () => boolean): Place {
  let position = first;
  let catchingUp = false;
  return {
    take() {
      catchingUp = position < events.length && (catchingUp || isBehind());
      const event = catchingUp ? joinedAt(events, position) : events[position];
      if (event) position = event.sequence + 1;
      return event;
    },
    isAtEnd: () => position >= events.length,
  };
}
