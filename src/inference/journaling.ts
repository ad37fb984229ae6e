import { estimateInput, unitsOf } from '../accounting/call-estimate.js';
import type { AttemptTrace, CallJournal } from '../accounting/journal/contract.js';
import type { AttemptRecord } from '../core/inference.js';
import type { Attempt, DispatchWatch } from '../routing/contract.js';
import type { RunningCompletion } from './running.js';
import { priceOf, servedBy, settleAttempt } from './settlement.js';

type Journaled = Pick<RunningCompletion, 'start' | 'state' | 'watch'>;

/** The completion's watch, with every attempt in the journal before its first upstream byte, and what comes of it. */
export function journaledWatch(completion: Journaled, journal: CallJournal): DispatchWatch {
  const { watch } = completion;
  const follower = createFollower(completion, journal);
  return {
    ...watch,
    onAttemptStarted(attempt) {
      follower.start(attempt);
      watch.onAttemptStarted?.(attempt);
    },
    onDeltas(deltas) {
      follower.deltas(deltas);
      watch.onDeltas(deltas);
    },
    onAttemptFailed(attempt: Attempt, reason: string) {
      follower.leave(attempt);
      watch.onAttemptFailed?.(attempt, reason);
    },
    onAttemptOutrun(attempt: Attempt) {
      follower.leave(attempt);
      watch.onAttemptOutrun?.(attempt);
    },
  };
}

/** The journal follows one attempt; another that runs beside it is settled there as if the process died now. */
function createFollower({ start, state }: Journaled, journal: CallJournal) {
  const { call } = start;
  const earlier: AttemptRecord[] = [];
  const running: Attempt[] = [];
  let promptTokens: number | null = null;
  let followed: { readonly attempt: Attempt; readonly trace: AttemptTrace } | null = null;

  function follow(attempt: Attempt): void {
    const { id, index, startedAt, deployment, reason, asked } = attempt;
    const beside = running.filter((other) => other.id !== id);
    promptTokens ??= estimateInput(call);
    const trace = journal.attemptStarted({
      record: state.record,
      attempt: { id, index, served: servedBy(deployment), startedAt, ...(reason === undefined ? {} : { reason }) },
      earlier: [...earlier, ...beside.map((one) => settleAttempt({ ...one, status: 'CANCELLED', accepted: true }, call, null))],
      promptTokens: asked ? estimateInput(asked) : promptTokens,
      promptUnits: unitsOf(call),
      priceFor: (serviceTier) => priceOf(deployment, startedAt, serviceTier),
    });
    followed = { attempt, trace };
  }

  return {
    start(attempt: Attempt): void {
      follow(attempt);
      running.push(attempt);
    },
    deltas(deltas: Parameters<AttemptTrace['deltas']>[0]): void {
      followed?.trace.deltas(deltas);
    },
    leave(attempt: Attempt): void {
      earlier.push(settleAttempt(attempt, call, null));
      const at = running.findIndex(({ id }) => id === attempt.id);
      if (at >= 0) running.splice(at, 1);
      const [other] = running;
      if (other && followed?.attempt.id === attempt.id) follow(other);
    },
  };
}
