import { isContent } from '../core/answer.js';
import type { AnswerDelta } from '../core/answer.js';
import type { Clock } from '../core/clock.js';
import type { CompletionState } from '../core/inference.js';
import type { DispatchWatch, RoutePlan } from '../routing/contract.js';
import { createDeltaCoalescer } from './coalescer.js';
import type { CompletionOutcome } from './contract.js';
import { createEventLog } from './event-log.js';
import type { EventLog } from './event-log.js';
import { createPresence, disconnectGraceMs } from './presence.js';
import type { Presence } from './presence.js';
import { runningState } from './records.js';
import { settleAttempt } from './settlement.js';
import type { CompletionStart, EndReason } from './start.js';

export const DEFAULT_TIMEOUT_MS = 600_000;
/** An answer whose events take more memory than this is ended: no model writes a book by intent. */
export const MAX_LOG_BYTES = 64 * 1024 * 1024;

/** A completion on its way: who watches it, how to end it, and its events so far. */
export interface RunningCompletion {
  readonly start: CompletionStart;
  readonly plan: RoutePlan;
  readonly state: CompletionState;
  readonly log: EventLog;
  readonly presence: Presence;
  /** What dispatch is to tell, and to heed. */
  readonly watch: DispatchWatch;
  readonly firstTokenMs: number | null;
  readonly endedBy: EndReason | null;
  /** Resolves with the settled outcome; never rejects. */
  readonly done: Promise<CompletionOutcome>;
  /** Ends the upstream call; what it came to is settled on its way out. Without effect once the call has ended. */
  end(reason: EndReason): void;
  /** Writes the last events and wakes whoever waits. Once. */
  conclude(state: CompletionState): void;
}

export function createRunning(start: CompletionStart, plan: RoutePlan, clock: Clock): RunningCompletion {
  const controller = new AbortController();
  let endedBy: EndReason | null = null;
  let firstTokenMs: number | null = null;
  const { promise: done, resolve } = withResolvers<CompletionOutcome>();

  const end = (reason: EndReason) => {
    if (endedBy !== null || log.ended) return;
    endedBy = reason;
    controller.abort(reason);
  };
  const presence = createPresence({
    clock,
    graceMs: disconnectGraceMs({ onDisconnect: start.call.onDisconnect, keyed: start.keyed, detached: start.form === 'start' }),
    onAbandoned: () => {
      end('cancelled');
    },
  });
  const log = createEventLog({ completionId: start.id, clock, onReader: () => presence.join() });
  const coalescer = createDeltaCoalescer({ clock, emit: log.append });
  const timeoutMs = start.call.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  const cancelDeadline = clock.after(timeoutMs, () => {
    end('deadline');
  });

  function onDeltas(deltas: readonly AnswerDelta[]): void {
    if (firstTokenMs === null && deltas.some(isContent)) firstTokenMs = clock.monotonicMs() - start.startedMs;
    for (const delta of deltas) coalescer.push(delta);
    if (log.bytes > MAX_LOG_BYTES) end('oversized');
  }

  function conclude(state: CompletionState): void {
    cancelDeadline();
    coalescer.flush();
    const { usage, cost, error } = state.record;
    if (usage && cost) log.append({ type: 'usage', usage, cost });
    log.append(error === null ? { type: 'finished', completion: state } : { type: 'failed', error, completion: state });
    resolve({ state, error });
  }

  const state = runningState(start, plan);
  log.append({ type: 'started', completion: state });
  return {
    ...{ start, plan, state, log, presence, done, end, conclude },
    watch: {
      stream: start.form !== 'complete',
      signal: controller.signal,
      deadlineAtMs: start.startedMs + timeoutMs,
      onDeltas,
      onAttemptFailed: (attempt, reason) => {
        log.append({ type: 'rerouted', failed: settleAttempt(attempt, start.call, null), reason });
      },
    },
    get firstTokenMs() {
      return start.form === 'complete' ? null : firstTokenMs;
    },
    get endedBy() {
      return endedBy;
    },
  };
}

function withResolvers<T>(): { readonly promise: Promise<T>; readonly resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
