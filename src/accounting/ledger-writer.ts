import type { Clock } from '../core/clock.js';
import type { InferenceId } from '../core/ids.js';
import type { InferenceRecord } from '../core/inference.js';
import type { Logger } from '../core/logger.js';
import { bookingOf } from './booking.js';
import type { Booking } from './booking.js';
import type { LedgerDrafts, LedgerWriter } from './contract.js';
import { figuresOf, reasonOf } from './figures.js';
import type { Journal } from './journal/journal.js';
import { LEDGER_WRITER_LIMITS } from './ledger-limits.js';
import type { LedgerWriterLimits } from './ledger-limits.js';
import type { LedgerStore } from './ledger.store.js';

export interface LedgerWriterDependencies {
  readonly store: LedgerStore;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Without one, what waits in memory is lost with the process. */
  readonly journal?: Pick<Journal, 'settled' | 'drafted' | 'forget' | 'full'>;
  readonly limits?: Partial<LedgerWriterLimits>;
}

/**
 * 1. `append` writes a record's rows to the journal, puts them into memory and returns: then the caller may be answered. One
 *    batch is under way at a time, so records are booked in order.
 * 2. A batch starts when it is full, when nothing new has come for a moment, or when its oldest record has waited long enough.
 * 3. A batch that fails (no connection, a deadlock, a server that stops) is tried again for as long as it takes; the records
 *    wait, and `saturated` tells when there are too many. Booking is idempotent by id, so a commit whose answer was lost does
 *    no harm. What is committed is forgotten by the journal.
 * 4. Where the fault is a record's own, the batch is halved until that record stands alone; it is logged with its figures, so
 *    that it can be booked by hand, and left out.
 * 5. `close` writes what waits, within its grace; the journal keeps the rest for the next start.
 */
export function createLedgerWriter(dependencies: LedgerWriterDependencies): RestoringLedgerWriter {
  return new BatchingLedgerWriter(dependencies, { ...LEDGER_WRITER_LIMITS, ...dependencies.limits });
}

/** The writer, as the replay of a journal needs it. */
export interface RestoringLedgerWriter extends LedgerWriter, LedgerDrafts {
  /** Books what an earlier process had settled; its journal keeps it until `flush`. */
  restore(booking: Booking): void;
}

type Environment = Pick<LedgerWriterDependencies, 'clock' | 'logger' | 'journal'>;

class BatchingLedgerWriter implements RestoringLedgerWriter {
  private readonly waiting = new Map<InferenceId, Booking>();
  private readonly drafts = new Map<InferenceId, InferenceRecord>();
  private readonly store: LedgerStore;
  private readonly environment: Environment;
  private queue: Booking[] = [];
  /** Counts of records, over the writer's life: taken in, gone from memory, and up to where a drain has been asked for. */
  private appended = 0;
  private gone = 0;
  private wanted = 0;
  private flushes: { readonly upTo: number; readonly resolve: () => void }[] = [];
  private draining = false;
  private abandoned = false;
  private cancelTimer: (() => void) | null = null;
  private endPause: (() => void) | null = null;
  private newestAtMs = 0;
  private oldestAtMs = 0;

  constructor(
    dependencies: LedgerWriterDependencies,
    private readonly limits: LedgerWriterLimits,
  ) {
    this.store = dependencies.store;
    this.environment = dependencies;
  }

  get pendingCount(): number {
    return this.waiting.size;
  }

  get saturated(): boolean {
    return this.waiting.size >= this.limits.maxPending || this.environment.journal?.full === true;
  }

  append(record: InferenceRecord): void {
    if (this.waiting.has(record.id)) return;
    const booking = this.bookingOf(record);
    if (!booking) return;
    this.environment.journal?.settled(booking);
    this.drafts.delete(record.id);
    this.enqueue(booking);
  }

  draft(record: InferenceRecord): void {
    const booking = this.bookingOf(record);
    if (!booking) return;
    this.environment.journal?.drafted(booking);
    this.drafts.set(record.id, record);
  }

  restore(booking: Booking): void {
    if (!this.waiting.has(booking.id)) this.enqueue(booking);
  }

  pending(id: InferenceId): InferenceRecord | null {
    return this.waiting.get(id)?.record ?? this.drafts.get(id) ?? null;
  }

  flush(): Promise<void> {
    if (this.gone >= this.appended) return Promise.resolve();
    return new Promise((resolve) => {
      this.flushes.push({ upTo: this.appended, resolve });
      this.drainUpToHere();
    });
  }

  async close(graceMs: number): Promise<number> {
    let cancelGrace = (): void => undefined;
    const grace = new Promise<void>((resolve) => {
      cancelGrace = this.environment.clock.after(graceMs, resolve);
    });
    const flushed = this.flush();
    this.endPause?.();
    await Promise.race([flushed, grace]);
    cancelGrace();
    this.abandoned = true;
    this.cancelTimer?.();
    this.endPause?.();
    return this.waiting.size;
  }

  /** Null where the record can't be made into rows: no later attempt would fare better. */
  private bookingOf(record: InferenceRecord): Booking | null {
    try {
      return bookingOf(record);
    } catch (error) {
      this.leaveOut(record.id, figuresOf(record), error);
      return null;
    }
  }

  private enqueue(booking: Booking): void {
    if (this.abandoned) this.environment.logger.error(figuresOf(booking), 'a record came after the ledger was closed and is not booked');
    this.newestAtMs = this.environment.clock.monotonicMs();
    if (this.queue.length === 0) this.oldestAtMs = this.newestAtMs;
    this.waiting.set(booking.id, booking);
    this.queue.push(booking);
    this.appended += 1;
    this.schedule();
  }

  private leaveOut(id: InferenceId, figures: object, error: unknown): void {
    this.environment.logger.error({ ...reasonOf(error), ...figures, id }, 'a record can’t be booked and is left out of the ledger');
  }

  private schedule(): void {
    if (this.queue.length >= this.limits.batchRecords) this.drainUpToHere();
    else if (!this.draining && this.cancelTimer === null)
      this.cancelTimer = this.environment.clock.after(this.limits.idleMs, () => {
        this.onTimer();
      });
  }

  private onTimer(): void {
    this.cancelTimer = null;
    const nowMs = this.environment.clock.monotonicMs();
    const isIdle = nowMs - this.newestAtMs >= this.limits.idleMs;
    const isDue = nowMs - this.oldestAtMs >= this.limits.busyMs;
    if (isIdle || isDue) this.drainUpToHere();
    else this.schedule();
  }

  private drainUpToHere(): void {
    this.wanted = this.appended;
    if (this.draining || this.abandoned) return;
    this.draining = true;
    this.cancelTimer?.();
    this.cancelTimer = null;
    void this.drain();
  }

  private async drain(): Promise<void> {
    while (this.queue.length > 0 && (this.gone < this.wanted || this.queue.length >= this.limits.batchRecords) && !this.abandoned) {
      const batch = this.queue.slice(0, this.limits.batchRecords);
      this.queue = this.queue.slice(batch.length);
      this.oldestAtMs = this.environment.clock.monotonicMs();
      await this.write(batch);
    }
    this.draining = false;
    if (this.queue.length > 0 && !this.abandoned) this.schedule();
  }

  private async write(batch: readonly Booking[]): Promise<void> {
    for (let attempt = 1; !this.abandoned; attempt += 1) {
      try {
        await this.store.insert(batch);
        this.forget(batch);
        return;
      } catch (error) {
        if (this.store.isRecordFault(error)) {
          await this.isolate(batch, error);
          return;
        }
        await this.pause(attempt, error);
      }
    }
  }

  private async isolate(batch: readonly Booking[], error: unknown): Promise<void> {
    const [first] = batch;
    if (batch.length > 1) {
      const middle = Math.ceil(batch.length / 2);
      await this.write(batch.slice(0, middle));
      await this.write(batch.slice(middle));
    } else if (first) {
      this.leaveOut(first.id, figuresOf(first), error);
      this.forget(batch);
    }
  }

  private async pause(attempt: number, error: unknown): Promise<void> {
    const { firstRetryMs, lastRetryMs } = this.limits;
    const delayMs = Math.min(firstRetryMs * 2 ** (attempt - 1), lastRetryMs);
    this.environment.logger.warn(
      { ...reasonOf(error), attempt, delayMs, waiting: this.waiting.size },
      'the ledger can’t be written; trying again',
    );
    await new Promise<void>((resolve) => {
      const cancel = this.environment.clock.after(delayMs, resolve);
      this.endPause = () => {
        cancel();
        resolve();
      };
    });
    this.endPause = null;
  }

  private forget(batch: readonly Booking[]): void {
    const ids = batch.map((booking) => booking.id);
    for (const id of ids) this.waiting.delete(id);
    this.environment.journal?.forget(ids);
    this.gone += batch.length;
    const done = this.flushes.filter((flush) => flush.upTo <= this.gone);
    if (done.length === 0) return;
    this.flushes = this.flushes.filter((flush) => flush.upTo > this.gone);
    for (const flush of done) flush.resolve();
  }
}
