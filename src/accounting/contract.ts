import type { InferenceId, OrganizationId } from '../core/ids.js';
import type { InferenceRecord } from '../core/inference.js';

/** Takes settled records and books them in batches, off the hot path; idempotent by id, in order, nothing lost that was appended. */
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

/** For what is settled for its caller, and not yet for the books. */
export interface LedgerDrafts {
  /** What is booked should the process die before the `append` that follows; until then `pending` finds it. */
  draft(record: InferenceRecord): void;
}

/** Reads what has been booked. */
export interface LedgerReader {
  find(organizationId: OrganizationId, id: InferenceId): Promise<InferenceRecord | null>;
  /** Absent: not booked. The same few statements however many are asked for. */
  findMany(organizationId: OrganizationId, ids: readonly InferenceId[]): Promise<ReadonlyMap<InferenceId, InferenceRecord>>;
}
