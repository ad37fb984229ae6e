import type { Clock } from '../core/clock.js';
import type { InferenceId } from '../core/ids.js';
import type { InferenceRecord } from '../core/inference.js';
import type { Logger } from '../core/logger.js';
import { errorCode } from '../storage/error-code.js';
import type { LedgerWriter } from './contract.js';
import { usdText } from './ledger-amounts.js';
import type { LedgerStore } from './ledger.store.js';

export interface LedgerWriterLimits {
  /** Records in one transaction. */
  readonly batchRecords: number;
  /** Nothing new for so long: write. */
  readonly idleMs: number;
  /** However busy it is, nothing waits longer for its batch. */
  readonly busyMs: number;
  /** Records in memory from which on the writer calls itself saturated. */
  readonly maxPending: number;
  /** Pause before trying a batch again: doubled each time, from the first to the last. */
  readonly firstRetryMs: number;
  readonly lastRetryMs: number;
}

export const LEDGER_WRITER_LIMITS: LedgerWriterLimits = {
  batchRecords: 200,
  idleMs: 20,
  busyMs: 250,
  maxPending: 50_000,
  firstRetryMs: 100,
  lastRetryMs: 5_000,
};

export interface LedgerWriterDependencies {
  readonly store: LedgerStore;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly limits?: Partial<LedgerWriterLimits>;
}

/**
 * 1. `append` puts a record into memory and returns. One batch is under way at a time, so records are booked in order.
 * 2. A batch starts when it is full, when nothing new has come for a moment, or when its oldest record has waited long enough.
 * 3. A batch that fails is tried again for as long as it takes; the records wait in memory, and `saturated` tells when there
 *    are too many. Booking is idempotent by id, so a commit whose answer was lost does no harm.
 * 4. Where the fault is a record's own, the batch is halved until that record stands alone; it is logged with its figures, so
 *    that it can be booked by hand, and left out.
 * 5. `close` writes what waits, within its grace.
 */
export function createLedgerWriter({ store, clock, logger, limits: given }: LedgerWriterDependencies): LedgerWriter {
  return new BatchingLedgerWriter(store, { clock, logger }, { ...LEDGER_WRITER_LIMITS, ...given });
}

type Environment = Pick<LedgerWriterDependencies, 'clock' | 'logger'>;

class BatchingLedgerWriter implements LedgerWriter {
  private readonly waiting = new Map<InferenceId, InferenceRecord>();
  private queue: InferenceRecord[] = [];
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
    private readonly store: LedgerStore,
    private readonly environment: Environment,
    private readonly limits: LedgerWriterLimits,
  ) {}

  get pendingCount(): number {
    return this.waiting.size;
  }

  get saturated(): boolean {
    return this.waiting.size >= this.limits.maxPending;
  }

  append(record: InferenceRecord): void {
    if (this.waiting.has(record.id)) return;
    if (this.abandoned) this.environment.logger.error(figuresOf(record), 'a record came after the ledger was closed and is not booked');
    this.newestAtMs = this.environment.clock.monotonicMs();
    if (this.queue.length === 0) this.oldestAtMs = this.newestAtMs;
    this.waiting.set(record.id, record);
    this.queue.push(record);
    this.appended += 1;
    this.schedule();
  }

  pending(id: InferenceId): InferenceRecord | null {
    return this.waiting.get(id) ?? null;
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

  private async write(batch: readonly InferenceRecord[]): Promise<void> {
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

  private async isolate(batch: readonly InferenceRecord[], error: unknown): Promise<void> {
    const [first] = batch;
    if (batch.length > 1) {
      const middle = Math.ceil(batch.length / 2);
      await this.write(batch.slice(0, middle));
      await this.write(batch.slice(middle));
    } else if (first) {
      this.environment.logger.error({ ...reasonOf(error), ...figuresOf(first) }, 'a record can’t be booked and is left out of the ledger');
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

  private forget(batch: readonly InferenceRecord[]): void {
    for (const record of batch) this.waiting.delete(record.id);
    this.gone += batch.length;
    const done = this.flushes.filter((flush) => flush.upTo <= this.gone);
    if (done.length === 0) return;
    this.flushes = this.flushes.filter((flush) => flush.upTo > this.gone);
    for (const flush of done) flush.resolve();
  }
}

function figuresOf(record: InferenceRecord): object {
  const { id, organizationId, apiKeyId, status, served, usage, cost, createdAt } = record;
  const tokens = usage && { ...usage, raw: undefined };
  return { id, organizationId, apiKeyId, status, served, tokens, cost: usdText(cost), createdAt };
}

/** An error of the database carries the statement's parameters, a whole batch: only its words and code are told. */
function reasonOf(error: unknown): object {
  if (!(error instanceof Error)) return { reason: String(error) };
  const cause = error.cause instanceof Error ? error.cause.message : undefined;
  return { reason: error.message, cause, code: errorCode(error) ?? undefined };
}
