import type { InferenceId } from '../core/ids.js';
import type { InferenceRecord } from '../core/inference.js';
import { ATTEMPT_DEFAULTS, INFERENCE_DEFAULTS, toAttemptRows, toInferenceRow } from './ledger-rows.js';
import type { AttemptRow, InferenceRow } from './ledger-rows.js';
import { routeColumns } from './ledger-routes.js';
import { storableJson } from './storable-json.js';

/** A settled inference as the rows that go to the ledger, serialised once: the journal keeps the same text. */
export interface Booking {
  readonly id: InferenceId;
  /** JSON of the row of `inference`. */
  readonly inference: string;
  /** JSON of the rows of `attempt`, joined by commas; empty where there are none. */
  readonly attempts: string;
  /** Null for what an earlier process left. */
  readonly record: InferenceRecord | null;
}

export interface BookingOptions {
  /** Settled for a replica that is lost: what that one says, should it come back, replaces it, once. It has no attempts. */
  readonly provisional?: boolean;
}

/** @throws where the record can't be made into rows. */
export function bookingOf(record: InferenceRecord, { provisional = false }: BookingOptions = {}): Booking {
  const row = toInferenceRow(record);
  return {
    id: record.id,
    inference: storableJson(provisional ? { ...row, provisional } : row),
    attempts: provisional ? '' : toAttemptRows(record).map(storableJson).join(','),
    record,
  };
}

/** A booking of rows that were kept, perhaps by a version that knew fewer columns. */
export function bookingFromRows(id: InferenceId, inference: InferenceRow, attempts: readonly AttemptRow[]): Booking {
  return {
    id,
    inference: storableJson({ ...INFERENCE_DEFAULTS, ...routeColumns(inference.routing, []), ...inference }),
    attempts: attempts.map((row) => storableJson({ ...ATTEMPT_DEFAULTS, ...row })).join(','),
    record: null,
  };
}
