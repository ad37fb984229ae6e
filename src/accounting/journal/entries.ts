import type { AttemptId, InferenceId } from '../../core/ids.js';
import type { AttemptRecord, InferenceRecord } from '../../core/inference.js';
import { isJsonObject } from '../../core/json.js';
import type { TokenClasses, TokenUsage, UsageUnits } from '../../core/usage.js';
import type { StoredPrice } from '../ledger-amounts.js';
import type { AttemptRow, InferenceRow } from '../ledger-rows.js';

/**
 * The lines of the journal. Each stands alone; of the same kind and inference the last one counts.
 *
 * start: before an attempt's first upstream byte. progress: what came since. draft: the outcome as it is to be booked if
 * nothing better follows. outcome: the rows as they go to the ledger. probe: nothing, written to see whether writing works.
 */
export type JournalEntry = StartEntry | ProgressEntry | OutcomeEntry | { readonly kind: 'probe' };

/** What of a RUNNING record is read again; instants are ISO 8601. */
export type StoredRecord = Omit<InferenceRecord, 'createdAt' | 'endedAt' | 'contentExpiresAt' | 'attempts' | 'usage' | 'cost'> & {
  readonly createdAt: string;
};

export interface StartEntry {
  readonly kind: 'start';
  readonly id: InferenceId;
  readonly call: StoredRecord;
  readonly attempt: Pick<AttemptRecord, 'id' | 'index' | 'served' | 'reason'> & { readonly startedAt: string };
  /** Rows of the attempts before this one. */
  readonly earlier: readonly AttemptRow[];
  readonly earlierPrices: readonly StoredPrice[];
  readonly promptTokens: number;
  readonly promptUnits?: UsageUnits;
  readonly price: StoredPrice | null;
}

export interface ProgressEntry {
  readonly kind: 'progress';
  readonly id: InferenceId;
  readonly attemptId: AttemptId;
  /** ISO 8601. */
  readonly at: string;
  /** Estimated tokens of what was delivered; null where nothing was. */
  readonly delivered: TokenClasses | null;
  /** The provider's last reading. */
  readonly reported: TokenUsage | null;
  /** Present where the response named a service tier with another price than the start's. */
  readonly price?: StoredPrice | null;
}

export interface OutcomeEntry {
  readonly kind: 'draft' | 'outcome';
  readonly id: InferenceId;
  readonly inference: InferenceRow;
  readonly attempts: readonly AttemptRow[];
}

/** Null where the text is no line that this version knows; the checksum has told already that it is as it was written. */
export function parseEntry(text: string): JournalEntry | null {
  try {
    const value: unknown = JSON.parse(text);
    return isEntry(value) ? value : null;
  } catch {
    return null;
  }
}

function isEntry(value: unknown): value is JournalEntry {
  if (!isJsonObject(value)) return false;
  switch (value['kind']) {
    case 'start':
      return isText(value['id']) && isJsonObject(value['call']) && isJsonObject(value['attempt']) && Array.isArray(value['earlier']);
    case 'progress':
      return isText(value['id']) && isText(value['attemptId']) && isText(value['at']);
    case 'draft':
    case 'outcome':
      return isText(value['id']) && isJsonObject(value['inference']) && Array.isArray(value['attempts']);
    default:
      return value['kind'] === 'probe';
  }
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}
