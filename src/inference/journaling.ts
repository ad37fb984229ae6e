import { estimateInput } from '../accounting/call-estimate.js';
import type { AttemptTrace, CallJournal } from '../accounting/journal/contract.js';
import type { AttemptRecord } from '../core/inference.js';
import type { Attempt, DispatchWatch } from '../routing/contract.js';
import type { RunningCompletion } from './running.js';
import { priceOf, servedBy, settleAttempt } from './settlement.js';

/** The completion's watch, with every attempt in the journal before its first upstream byte, and what comes of it. */
export function journaledWatch({ start, state, watch }: RunningCompletion, journal: CallJournal): DispatchWatch {
  const earlier: AttemptRecord[] = [];
  let promptTokens: number | null = null;
  let trace: AttemptTrace | null = null;
  return {
    ...watch,
    onAttemptStarted(attempt) {
      promptTokens ??= estimateInput(start.call);
      trace = journal.attemptStarted({
        record: state.record,
        attempt: { id: attempt.id, index: attempt.index, served: servedBy(attempt.deployment), startedAt: attempt.startedAt },
        earlier: [...earlier],
        promptTokens,
        priceFor: (serviceTier) => priceOf(attempt.deployment, attempt.startedAt, serviceTier),
      });
      watch.onAttemptStarted?.(attempt);
    },
    onDeltas(deltas) {
      trace?.deltas(deltas);
      watch.onDeltas(deltas);
    },
    onAttemptFailed(attempt: Attempt, reason: string) {
      earlier.push(settleAttempt(attempt, start.call, null));
      watch.onAttemptFailed?.(attempt, reason);
    },
  };
}
