import { userError } from '../../core/errors.js';
import { uuidFromId } from '../../core/ids.js';
import type { AttemptRecord, InferenceRecord } from '../../core/inference.js';
import { bookingOf } from '../booking.js';
import type { Booking } from '../booking.js';
import { priceFrom } from '../ledger-amounts.js';
import { attemptFrom } from '../ledger-records.js';
import { settleCounted, sumUsage, usageWarnings } from '../outcomes.js';
import { costOf, sumCosts } from '../price.js';
import type { ProgressEntry, StartEntry } from './entries.js';

/** Settles a call whose process died, by the table of who pays: a gateway error, with what the journal knows of it. */
export function bookingOfCrash(start: StartEntry, progress: ProgressEntry | null): Booking {
  return bookingOf(recordOfCrash(start, progress));
}

export function recordOfCrash(start: StartEntry, progress: ProgressEntry | null): InferenceRecord {
  // Progress of an attempt before the last one says nothing of it.
  const since = progress?.attemptId === start.attempt.id ? progress : null;
  const last = attemptOfCrash(start, since);
  const attempts = [...earlierAttempts(start), last];
  const usage = sumUsage(attempts.flatMap((attempt) => attempt.usage ?? []));
  return {
    ...start.call,
    status: 'FAILED',
    createdAt: new Date(start.call.createdAt),
    endedAt: new Date(since?.at ?? start.attempt.startedAt),
    contentState: 'NOT_STORED',
    contentExpiresAt: null,
    served: last.served,
    attempts,
    usage,
    cost: sumCosts(attempts.flatMap((attempt) => attempt.cost ?? [])),
    finishReason: since?.delivered ? 'INCOMPLETE' : null,
    warnings: [...start.call.warnings, ...usageWarnings(usage)],
    error: userError('INTERRUPTED'),
  };
}

function attemptOfCrash({ attempt, price, promptTokens, promptUnits }: StartEntry, progress: ProgressEntry | null): AttemptRecord {
  const delivered = progress?.delivered ?? null;
  const usage = settleCounted({
    outcome: 'gateway-failed',
    reported: progress?.reported ?? null,
    delivered: delivered && (() => delivered),
    // The start is written just before the request is sent, and nothing that could tell them apart outlives the process.
    accepted: true,
    promptEstimate: promptTokens,
    promptUnits,
  });
  const stored = progress?.price === undefined ? price : progress.price;
  return {
    ...attempt,
    startedAt: new Date(attempt.startedAt),
    status: 'CANCELLED',
    failure: null,
    firstTokenMs: null,
    durationMs: null,
    usage,
    cost: costOf(usage, stored && priceFrom(stored)),
  };
}

function earlierAttempts({ earlier, earlierPrices }: StartEntry): AttemptRecord[] {
  const prices = new Map(earlierPrices.map((price) => [uuidFromId(price.id), priceFrom(price)]));
  return earlier.map((row) => attemptFrom({ ...row, started_at: new Date(row.started_at) }, prices));
}
