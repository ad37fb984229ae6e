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
