import type { Cancel, Clock } from '../../core/clock.js';
import type { InferenceId } from '../../core/ids.js';
import type { Logger } from '../../core/logger.js';
import type { Price } from '../../core/pricing.js';
import type { Booking } from '../booking.js';
import { storedPrice } from '../ledger-amounts.js';
import type { StoredPrice } from '../ledger-amounts.js';
import { toAttemptRows } from '../ledger-rows.js';
import type { AttemptStart, AttemptTrace, CallJournal } from './contract.js';
import type { ProgressEntry } from './entries.js';
import { createProgressCount } from './progress.js';
import type { ProgressCount } from './progress.js';
import { createRetention } from './retention.js';
import type { Retention } from './retention.js';
import type { SegmentLog } from './segments.js';

export interface JournalLimits {
  /** Past so many bytes of what is not booked yet, no new work is taken. */
  readonly maxBytes: number;
  /** Past so many, what only waits for long calls is gathered from old segments, so that those can go. */
  readonly gatherAboveBytes: number;
  readonly progressMs: number;
}

export const JOURNAL_LIMITS: JournalLimits = {
  maxBytes: 512 * 1024 * 1024,
  gatherAboveBytes: 64 * 1024 * 1024,
  progressMs: 1_000,
};

export interface JournalDependencies {
  readonly segments: SegmentLog;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly limits?: Partial<JournalLimits>;
}

/** The writer's side of the journal, beside the calls' own. */
export interface Journal extends CallJournal {
  /** Keeps what is to be booked. From now on a killed process books it at its next start. */
  settled(booking: Booking): void;
  /** Keeps what is to be booked if nothing better is settled before this process dies. */
  drafted(booking: Booking): void;
  /** These are in the ledger, or left out of it for good: nothing of them is needed here any more. */
  forget(ids: readonly InferenceId[]): void;
  /** At its limit, or not writable. */
  readonly full: boolean;
  readonly bytes: number;
  close(): Promise<void>;
}

/**
 * No usage is lost while the process's disk lives:
 *
 * 1. Before the first byte of each attempt a start line is handed to the system (write(2), which outlives the process). It
 *    alone settles the call: who asked, who serves, at what price, the prompt's estimate, and the earlier attempts' rows.
 * 2. At most once a second one line for each call on its way tells what was delivered and reported since.
 * 3. At the end the outcome is written, the very rows that go to Postgres; then the caller is answered.
 * 4. When the rows are committed the inference is forgotten; a segment of which every inference is forgotten is removed.
 * 5. What was written is brought to the disk (fdatasync) within 100 ms: a host that dies can lose so much, a process nothing.
 * 6. The next start replays what is left (recovery.ts): outcomes are booked, what has none is settled as a crash. Booking
 *    takes each id once, so a line that is read twice does no harm, nor does a crash on the way.
 * 7. At its limit in bytes, or when the disk refuses, the journal is full: new work is refused, what runs goes on.
 *
 * No prompt, no word of an answer and no credential is ever written.
 */
export function createJournal(dependencies: JournalDependencies): Journal {
  return new FileJournal(dependencies);
}

class FileJournal implements Journal {
  private readonly limits: JournalLimits;
  private readonly segments: SegmentLog;
  private readonly clock: Clock;
  private readonly retention: Retention;
  private readonly live = new Map<InferenceId, Trace>();
  private readonly moved = new Set<Trace>();
  private readonly prices = new WeakMap<Price, string>();
  private cancelProgress: Cancel | null = null;

  constructor({ segments, clock, limits }: JournalDependencies) {
    this.limits = { ...JOURNAL_LIMITS, ...limits };
    this.segments = segments;
    this.clock = clock;
    this.retention = createRetention(segments, this.limits.gatherAboveBytes);
  }

  get full(): boolean {
    return this.segments.failing || this.segments.bytes >= this.limits.maxBytes;
  }

  get bytes(): number {
    return this.segments.bytes;
  }

  attemptStarted(start: AttemptStart): AttemptTrace {
    const { id } = start.record;
    this.end(id);
    const trace = new Trace(start, (one) => this.noteMoved(one));
    this.live.set(id, trace);
    this.retention.keep(id, 'start', this.startLine(start));
    return trace;
  }

  settled(booking: Booking): void {
    this.end(booking.id);
    this.retention.settle(booking.id, outcomeLine('outcome', booking));
  }

  drafted(booking: Booking): void {
    this.end(booking.id);
    this.retention.keep(booking.id, 'draft', outcomeLine('draft', booking));
  }

  forget(ids: readonly InferenceId[]): void {
    this.retention.forget(ids);
  }

  close(): Promise<void> {
    this.cancelProgress?.();
    return this.segments.close({ empty: this.retention.empty });
  }

  private end(id: InferenceId): void {
    const trace = this.live.get(id);
    if (!trace) return;
    this.live.delete(id);
    this.moved.delete(trace);
  }

  private noteMoved(trace: Trace): void {
    if (this.live.get(trace.start.record.id) !== trace) return;
    this.moved.add(trace);
    this.cancelProgress ??= this.clock.after(this.limits.progressMs, () => this.writeProgress());
  }

  private writeProgress(): void {
    this.cancelProgress = null;
    for (const trace of this.moved) this.retention.keep(trace.start.record.id, 'progress', JSON.stringify(this.progressEntry(trace)));
    this.moved.clear();
  }

  /** A StartEntry, put together by hand: the price is most of it, and the same for many calls. */
  private startLine({ record, attempt, earlier, promptTokens, promptUnits, priceFor }: AttemptStart): string {
    const rows = earlier.length === 0 ? '[]' : JSON.stringify(toAttemptRows({ ...record, attempts: earlier }));
    const prices = JSON.stringify(earlier.flatMap(({ cost }) => (cost?.price ? [storedPrice(cost.price)] : [])));
    const call = `"id":"${record.id}","call":${JSON.stringify(record)},"attempt":${JSON.stringify(attempt)}`;
    const before = `"earlier":${rows},"earlierPrices":${prices},"promptTokens":${promptTokens}${promptUnits ? `,"promptUnits":${JSON.stringify(promptUnits)}` : ''}`;
    return `{"kind":"start",${call},${before},"price":${this.priceText(priceFor(null))}}`;
  }

  private progressEntry({ start, count }: Trace): ProgressEntry {
    const { serviceTier } = count;
    return {
      kind: 'progress',
      id: start.record.id,
      attemptId: start.attempt.id,
      at: this.clock.now().toISOString(),
      delivered: count.delivered(),
      reported: count.reported,
      ...(serviceTier === null ? {} : { price: storedPriceOf(start.priceFor(serviceTier)) }),
    };
  }

  private priceText(price: Price | null): string {
    if (price === null) return 'null';
    const text = this.prices.get(price) ?? JSON.stringify(storedPrice(price));
    this.prices.set(price, text);
    return text;
  }
}

class Trace implements AttemptTrace {
  readonly count: ProgressCount = createProgressCount();

  constructor(
    readonly start: AttemptStart,
    private readonly onMoved: (trace: Trace) => void,
  ) {}

  deltas(deltas: Parameters<AttemptTrace['deltas']>[0]): void {
    this.count.add(deltas);
    this.onMoved(this);
  }
}

function storedPriceOf(price: Price | null): StoredPrice | null {
  return price && storedPrice(price);
}

function outcomeLine(kind: 'draft' | 'outcome', { id, inference, attempts }: Booking): string {
  return `{"kind":"${kind}","id":"${id}","inference":${inference},"attempts":[${attempts}]}`;
}
