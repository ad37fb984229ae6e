import { mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Booking } from '../../../src/accounting/booking.js';
import { openJournal } from '../../../src/accounting/journal/open.js';
import type { OpenJournal, OpenJournalOptions } from '../../../src/accounting/journal/open.js';
import type { AttemptStart } from '../../../src/accounting/journal/contract.js';
import { newId } from '../../../src/core/ids.js';
import type { InferenceId } from '../../../src/core/ids.js';
import type { InferenceRecord } from '../../../src/core/inference.js';
import type { Price } from '../../../src/core/pricing.js';
import { collectingLogger } from '../../kit/logger.js';
import type { CollectingLogger } from '../../kit/logger.js';
import { createManualClock } from '../../kit/manual-clock.js';
import type { ManualClock } from '../../kit/manual-clock.js';
import { newServed, sampleRecord } from '../records.js';
import { simplePrice } from '../samples.js';

/** $1 a million input tokens, $2 a million output tokens. */
export const PRICE = simplePrice({ INPUT: '1', OUTPUT: '2' });

export function makeFolder(): string {
  return mkdtempSync(path.join(tmpdir(), 'glidepath-journal-'));
}

export function journalFiles(dataDir: string): string[] {
  return readdirSync(path.join(dataDir, 'journal')).toSorted();
}

export interface Desk {
  readonly journal: OpenJournal;
  readonly clock: ManualClock;
  readonly logger: CollectingLogger;
}

export async function openDesk(dataDir: string, limits: NonNullable<OpenJournalOptions['limits']> = {}): Promise<Desk> {
  const clock = createManualClock();
  const logger = collectingLogger();
  return { journal: await openJournal({ dataDir, clock, logger, limits }), clock, logger };
}

/** Keeps what is booked, once an id, as the ledger does. */
export function createBooks() {
  const rows = new Map<InferenceId, { inference: Record<string, unknown>; attempts: Record<string, unknown>[] }>();
  const order: InferenceId[] = [];
  return {
    rows,
    order,
    restore(booking: Booking) {
      if (rows.has(booking.id)) return;
      order.push(booking.id);
      rows.set(booking.id, {
        inference: JSON.parse(booking.inference) as Record<string, unknown>,
        attempts: JSON.parse(`[${booking.attempts}]`) as Record<string, unknown>[],
      });
    },
    flush: () => Promise.resolve(),
  };
}

export function startOf(overrides: Partial<AttemptStart> = {}, price: Price | null = PRICE): AttemptStart {
  return {
    record: runningRecord(),
    attempt: { id: newId('attempt'), index: 0, served: newServed(), startedAt: new Date('2026-11-21T12:00:00.250Z') },
    earlier: [],
    promptTokens: 100,
    priceFor: () => price,
    ...overrides,
  };
}

export function runningRecord(overrides: Partial<InferenceRecord> = {}): InferenceRecord {
  const open = { status: 'RUNNING', finishReason: null, rawFinishReason: null, endedAt: null, served: null } as const;
  return sampleRecord({ ...open, ...overrides });
}
