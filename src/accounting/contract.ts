import type { InferenceId, OrganizationId } from '../core/ids.js';
import type { InferenceRecord } from '../core/inference.js';

/** Takes settled records and books them in batches, off the hot path; idempotent by id, in order, nothing lost while the process lives. */
export interface LedgerWriter {
  /** Never waits. The record can be found with `pending` until its transaction has committed. */
  append(record: InferenceRecord): void;
  pending(id: InferenceId): InferenceRecord | null;
  /** Records appended and not yet committed. */
  readonly pendingCount: number;
  /** More is waiting than the limit allows: new work is refused with SERVICE_UNAVAILABLE until the database has caught up. */
  readonly saturated: boolean;
  /** Resolves when all that was appended before is committed. */
  flush(): Promise<void>;
  /** Stops the timer and flushes, for at most so many milliseconds; tells how many rows were left. */
  close(graceMs: number): Promise<number>;
}

/** Reads what has been booked. */
export interface LedgerReader {
  find(organizationId: OrganizationId, id: InferenceId): Promise<InferenceRecord | null>;
}
