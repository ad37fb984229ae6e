import type { AnswerDelta } from '../../core/answer.js';
import type { AttemptRecord, InferenceRecord } from '../../core/inference.js';
import type { Price } from '../../core/pricing.js';
import type { UsageUnits } from '../../core/usage.js';

/** What is known of an upstream call just before its first byte: enough to settle it, should this process die. */
export interface AttemptStart {
  /** As RUNNING. */
  readonly record: InferenceRecord;
  readonly attempt: Pick<AttemptRecord, 'id' | 'index' | 'served' | 'startedAt' | 'reason'>;
  /** Attempts of the same inference that have ended, settled. */
  readonly earlier: readonly AttemptRecord[];
  /** Estimated tokens of the prompt. */
  readonly promptTokens: number;
  /** What of it is billed by the piece. */
  readonly promptUnits?: UsageUnits | undefined;
  /** The price in force for a service tier as the response names it; null: while it names none. */
  readonly priceFor: (serviceTier: string | null) => Price | null;
}

/** Follows one upstream call, for the journal. */
export interface AttemptTrace {
  /** What has come; costs a few additions, and at most one line in the journal a second. */
  deltas(deltas: readonly AnswerDelta[]): void;
}

/** What happens between the start of a call and its settlement, kept where a killed process leaves it. */
export interface CallJournal {
  /** Returns when the start is written. Call it before the upstream is. */
  attemptStarted(start: AttemptStart): AttemptTrace;
}
