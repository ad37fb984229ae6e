import type { LedgerDrafts, LedgerWriter } from '../accounting/contract.js';
import { usageWarnings } from '../accounting/outcomes.js';
import { hasContent } from '../core/answer.js';
import type { Answer } from '../core/answer.js';
import { assertNever } from '../core/assert-never.js';
import type { Clock } from '../core/clock.js';
import { CODE_OF_FAILURE, userError } from '../core/errors.js';
import type { UserError } from '../core/errors.js';
import type { Failure } from '../core/failures.js';
import type { AttemptRecord, InferenceRecord, Timing } from '../core/inference.js';
import { isOperation } from '../core/operations.js';
import type { FinishReason, InferenceStatus } from '../core/vocabulary.js';
import type { DispatchOutcome } from '../routing/contract.js';
import { refusedRecord } from './records.js';
import type { RefusedRequest } from './records.js';
import type { RunningCompletion } from './running.js';
import { billOf, servedBy, settleAttempt } from './settlement.js';
import type { Bill } from './settlement.js';
import type { EndReason } from './start.js';

/**
 * The one place that settles. Every way out of a completion (success, provider failure, timeout, cancel, disconnect,
 * shutdown) and every refusal comes through here, and leaves one ledger row.
 */
export interface Finalizer {
  /** Prices the attempts and books the row. Idempotent: asked again, it returns what was booked. */
  settle(completion: RunningCompletion, outcome: DispatchOutcome): InferenceRecord;
  /** What is booked in the end, where the upstream is read on for its true usage; null where `settle` has booked. */
  final(completion: RunningCompletion): Promise<InferenceRecord> | null;
  refuse(request: RefusedRequest, error: UserError): InferenceRecord;
  /** Resolves when everything that was settled is booked or waits in the ledger. */
  allFinal(): Promise<void>;
}

export interface FinalizerDependencies {
  readonly ledger: LedgerWriter;
  readonly drafts?: LedgerDrafts | undefined;
  readonly clock: Clock;
}

export function createFinalizer({ ledger, drafts, clock }: FinalizerDependencies): Finalizer {
  const settled = new WeakMap<RunningCompletion, InferenceRecord>();
  const finals = new WeakMap<RunningCompletion, Promise<InferenceRecord>>();
  const open = new Set<Promise<InferenceRecord>>();

  /** The caller has gone with an estimate; the row waits for the truth, and the journal keeps the estimate until then. */
  async function bookFinal(
    completion: RunningCompletion,
    record: InferenceRecord,
    outcome: Promise<DispatchOutcome>,
  ): Promise<InferenceRecord> {
    drafts?.draft(record);
    const last = await outcome;
    let final = record;
    try {
      final = correctedRecord(completion, record, last);
    } finally {
      ledger.append(final);
    }
    return final;
  }

  return {
    settle(completion, outcome) {
      const known = settled.get(completion);
      if (known) return known;
      const record = settledRecord(completion, outcome, clock);
      settled.set(completion, record);
      const rest = restOf(outcome);
      if (rest) finals.set(completion, keepWhileOpen(open, bookFinal(completion, record, rest)));
      else ledger.append(record);
      return record;
    },
    final: (completion) => finals.get(completion) ?? null,
    refuse(request, error) {
      const record = refusedRecord(request, error);
      ledger.append(record);
      return record;
    },
    allFinal: () => Promise.allSettled(open).then(() => undefined),
  };
}

function keepWhileOpen<T>(open: Set<Promise<T>>, promise: Promise<T>): Promise<T> {
  const close = (): boolean => open.delete(promise);
  open.add(promise);
  promise.then(close, close);
  return promise;
}

/** The outcome with its last attempt as it ended; null where it ended with its caller. */
function restOf(outcome: DispatchOutcome): Promise<DispatchOutcome> | null {
  const rest = outcome.attempts.at(-1)?.rest;
  return rest ? rest.then((last) => ({ ...outcome, attempts: outcome.attempts.with(-1, last) })) : null;
}

/** As the caller was told, but for what it used and cost. */
function correctedRecord({ start, endedBy }: RunningCompletion, record: InferenceRecord, outcome: DispatchOutcome): InferenceRecord {
  const attempts = outcome.attempts.map((attempt) => settleAttempt(attempt, start.call, endedBy));
  const bill = billOf(attempts);
  return { ...record, ...bill, attempts: inOrder(attempts), warnings: warningsOf(outcome.warnings, bill) };
}

function settledRecord(completion: RunningCompletion, outcome: DispatchOutcome, clock: Clock): InferenceRecord {
  const { start, state, endedBy } = completion;
  const last = outcome.attempts.at(-1);
  const attempts = outcome.attempts.map((attempt) => settleAttempt(attempt, start.call, endedBy));
  const bill = billOf(attempts);
  return {
    ...state.record,
    // The books outlive this process, which alone holds the words.
    contentState: 'NOT_STORED',
    usage: bill.usage,
    cost: bill.cost,
    attempts: inOrder(attempts),
    status: statusOf(outcome, endedBy),
    served: last ? servedBy(last.deployment) : null,
    finishReason: isOperation(start.call) ? null : finishReasonOf(outcome, endedBy),
    rawFinishReason: last?.answer.rawFinishReason ?? null,
    warnings: warningsOf(outcome.warnings, bill),
    error: errorOf(outcome, endedBy),
    timing: timingOf(completion, { outcome, endedMs: clock.monotonicMs() }),
    endedAt: clock.now(),
  };
}

function statusOf({ status, attempts, refusal }: DispatchOutcome, endedBy: EndReason | null): InferenceStatus {
  if (status === 'succeeded') return 'SUCCEEDED';
  if (refusal || isUnsent(attempts)) return 'BLOCKED';
  if (status === 'cancelled' && endedBy === 'cancelled') return 'CANCELLED';
  return status === 'cancelled' && attempts.length === 0 ? 'BLOCKED' : 'FAILED';
}

/** Each target was left for what it has no form for, or for a file that could not be had: nothing went upstream. */
function isUnsent(attempts: DispatchOutcome['attempts']): boolean {
  return attempts.length > 0 && attempts.every(({ failure }) => failure?.callerMessage !== undefined);
}

/** An answer that was cut says so: nothing that lacks its end passes for a STOP. */
function finishReasonOf({ status, attempts }: DispatchOutcome, endedBy: EndReason | null): FinishReason | null {
  const answer = attempts.at(-1)?.answer;
  if (status === 'succeeded') return finishReasonOfWhole(answer);
  if (endedBy === 'cancelled') return 'CANCELLED';
  return answer && hasContent(answer) ? 'INCOMPLETE' : null;
}

function finishReasonOfWhole(answer: Answer | undefined): FinishReason {
  return answer?.ended ? (answer.finishReason ?? 'OTHER') : 'INCOMPLETE';
}

function errorOf({ status, attempts, refusal }: DispatchOutcome, endedBy: EndReason | null): UserError | null {
  if (status === 'succeeded') return null;
  if (refusal) return refusal;
  const failure = attempts.at(-1)?.failure;
  if (status === 'failed') return failure ? errorOfFailure(failure) : userError('INTERRUPTED');
  switch (endedBy) {
    case 'cancelled':
      return userError('CANCELLED');
    case 'deadline':
      return userError('DEADLINE_EXCEEDED');
    case 'oversized':
      return userError('PROVIDER_FAILED', { message: 'The answer is longer than the gateway takes.' });
    case 'interrupted':
    case null:
      return userError('INTERRUPTED');
    default:
      return assertNever(endedBy);
  }
}

/** What a caller may know of an upstream's failure; the upstream's own words stay with the attempt, for operators. */
function errorOfFailure(failure: Failure): UserError {
  const { class: failureClass, httpStatus, parameter, callerMessage, callerProblems = [], retryAfterMs } = failure;
  const code = CODE_OF_FAILURE[failureClass];
  if (code !== 'INVALID_REQUEST') return userError(code, { retryAfterMs });
  if (callerMessage !== undefined) return userError(code, { message: callerMessage, problems: callerProblems });
  const status = httpStatus === null ? '' : ` (HTTP ${httpStatus})`;
  if (parameter === undefined) return userError(code, { message: `The provider refused the request${status}.`, problems: [] });
  const message = `the provider does not take this${status}`;
  return userError(code, { message: `${parameter}: ${message}`, problems: [{ path: parameter, message }] });
}

function warningsOf(warnings: readonly string[], { usage }: Bill): readonly string[] {
  const notes = usageWarnings(usage);
  return notes.length === 0 ? warnings : [...warnings, ...notes];
}

/** As they began: of two that ran beside one another the one that counts may have been the first. */
function inOrder(attempts: readonly AttemptRecord[]): readonly AttemptRecord[] {
  return attempts.toSorted((left, right) => left.index - right.index);
}

interface Spans {
  readonly outcome: DispatchOutcome;
  readonly endedMs: number;
}

function timingOf({ start, firstTokenMs }: RunningCompletion, { outcome, endedMs }: Spans): Timing {
  const totalMs = endedMs - start.startedMs;
  return { queuedMs: 0, gatewayMs: Math.max(0, totalMs - upstreamMsOf(outcome) - outcome.pausedMs), firstTokenMs, totalMs };
}

/** How long upstreams were waited for: what ran side by side counts once. */
function upstreamMsOf({ attempts }: DispatchOutcome): number {
  const ran = attempts.map(({ startedAt, durationMs }) => ({ from: startedAt.getTime(), ms: durationMs ?? 0 }));
  if (attempts.every(({ outrun }) => outrun !== true)) return ran.reduce((sum, { ms }) => sum + ms, 0);
  let [total, until] = [0, -Infinity];
  for (const { from, ms } of ran.toSorted((left, right) => left.from - right.from)) {
    total += Math.max(0, from + ms - Math.max(from, until));
    until = Math.max(until, from + ms);
  }
  return total;
}
