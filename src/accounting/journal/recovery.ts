import type { InferenceId } from '../../core/ids.js';
import type { Logger } from '../../core/logger.js';
import { bookingFromRows } from '../booking.js';
import type { Booking } from '../booking.js';
import { bookingOfCrash } from './crash.js';
import { parseEntry } from './entries.js';
import type { JournalEntry, OutcomeEntry, ProgressEntry, StartEntry } from './entries.js';
import type { SegmentLog, SegmentNumber } from './segments.js';

export interface RecoveryDependencies {
  readonly segments: SegmentLog;
  readonly ledger: { restore(booking: Booking): void; flush(): Promise<void> };
  readonly logger: Logger;
}

export interface Recovered {
  /** Outcomes that had been settled and perhaps not committed. */
  readonly settled: number;
  /** Calls that were on their way. */
  readonly interrupted: number;
}

interface Unsettled {
  start?: StartEntry;
  progress?: ProgressEntry;
  draft?: OutcomeEntry;
}

/**
 * The replay of what earlier processes left, before new work is taken:
 *
 * 1. Segments are read oldest first. Outcomes are booked as they come; of the rest the last lines of each call are kept.
 * 2. What has a draft is booked as drafted. What had only started is settled as a crash, by the table of who pays.
 * 3. When all is committed the segments are removed; one with damage within is set aside for an operator.
 *
 * Dying anywhere in between costs nothing: the segments are still there, and each id is booked once.
 */
export async function recover({ segments, ledger, logger }: RecoveryDependencies): Promise<Recovered> {
  const settled = new Set<InferenceId>();
  const unsettled = new Map<InferenceId, Unsettled>();
  const damaged = new Set<SegmentNumber>();
  for (const segment of segments.past) {
    const entries = readSegment(segment, { segments, logger });
    if (entries.damaged) damaged.add(segment);
    for (const entry of entries.list) take(entry, { settled, unsettled, ledger });
    await ledger.flush();
  }
  let interrupted = 0;
  for (const { start, progress, draft } of unsettled.values()) {
    if (draft) ledger.restore(bookingFromRows(draft.id, draft.inference, draft.attempts));
    else if (start) ledger.restore(bookingOfCrash(start, progress ?? null));
    if (draft ?? start) interrupted += 1;
  }
  await ledger.flush();
  for (const segment of segments.past)
    if (damaged.has(segment)) segments.setAside(segment);
    else segments.remove(segment);
  if (settled.size + interrupted > 0)
    logger.info({ settled: settled.size, interrupted }, 'booked what an earlier process had left in its journal');
  return { settled: settled.size, interrupted };
}

function readSegment(segment: SegmentNumber, { segments, logger }: Pick<RecoveryDependencies, 'segments' | 'logger'>) {
  const { texts, damagedBytes, tornBytes } = segments.read(segment);
  const list = texts.flatMap((text) => parseEntry(text) ?? []);
  const unknown = texts.length - list.length;
  if (tornBytes > 0) logger.warn({ segment, tornBytes }, 'the journal ends in a line that was never finished; it is cut off');
  const damaged = damagedBytes > 0 || unknown > 0;
  if (damaged)
    logger.error({ segment, damagedBytes, unknown }, 'the journal is damaged; what can be read is booked, and the file set aside');
  return { list, damaged };
}

interface Taking {
  readonly settled: Set<InferenceId>;
  readonly unsettled: Map<InferenceId, Unsettled>;
  readonly ledger: RecoveryDependencies['ledger'];
}

function take(entry: JournalEntry, { settled, unsettled, ledger }: Taking): void {
  if (entry.kind === 'probe' || settled.has(entry.id)) return;
  const known = unsettled.get(entry.id) ?? {};
  switch (entry.kind) {
    case 'outcome':
      settled.add(entry.id);
      unsettled.delete(entry.id);
      ledger.restore(bookingFromRows(entry.id, entry.inference, entry.attempts));
      return;
    case 'start':
      unsettled.set(entry.id, { start: entry });
      return;
    case 'progress':
      unsettled.set(entry.id, { ...known, progress: entry });
      return;
    case 'draft':
      unsettled.set(entry.id, { ...known, draft: entry });
  }
}
