/** What of prompts and answers an organization keeps beyond what resuming and idempotency need. */
export const PAYLOAD_STORAGE_MODES = ['NONE', 'REDACTED', 'FULL'] as const;
export type PayloadStorageMode = (typeof PAYLOAD_STORAGE_MODES)[number];

export const RETENTION_DAYS = { min: 1, max: 3_650 } as const;

export interface PayloadStorage {
  readonly mode: PayloadStorageMode;
  /** From the end of a completion; of no effect with NONE. */
  readonly retentionDays: number;
}

export const NO_PAYLOAD_STORAGE: PayloadStorage = { mode: 'NONE', retentionDays: 30 };
