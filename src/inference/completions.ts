import type { LedgerReader, LedgerWriter } from '../accounting/contract.js';
import type { Catalogue } from '../catalog/contract.js';
import { hasContent } from '../core/answer.js';
import type { Clock } from '../core/clock.js';
import { GatewayError } from '../core/errors.js';
import type { CompletionEvent } from '../core/events.js';
import { parseId } from '../core/ids.js';
import type { CompletionId } from '../core/ids.js';
import type { CompletionState, InferenceRecord } from '../core/inference.js';
import type { Logger } from '../core/logger.js';
import type { Principal } from '../core/principal.js';
import type { DispatchOutcome, Router } from '../routing/contract.js';
import { mayEnd, mayReadWords, maySee, viewFor } from './access.js';
import { createAdmissionDesk } from './admission.js';
import type { Admission, Application } from './admission.js';
import type { CompletionOutcome, CompletionRequest, Completions, CompletionsLifecycle, StreamRequest } from './contract.js';
import { createEventLog } from './event-log.js';
import { createFinalizer } from './finalizer.js';
import { checkPosition, fromFirstPull } from './reading.js';
import { createCompletionRegistry, isRunning } from './registry.js';
import type { EndedCompletion } from './registry.js';
import { checkRequest } from './request.js';
import { retentionOf } from './retention.js';
import type { RunningCompletion } from './running.js';
import type { CompletionForm } from './start.js';
import { drain } from './shutdown.js';

export interface CompletionsDependencies {
  readonly catalogue: Catalogue;
  readonly router: Router;
  readonly ledger: LedgerWriter;
  readonly books: LedgerReader;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * The life of a completion:
 * 1. admit: check the input, attach to an equal call under the same key, or plan who answers. A refusal ends here, with its row.
 * 2. run: dispatch to the plan's targets while its deltas become events; whatever ends it, dispatch returns a value.
 * 3. settle: price the attempts, book the row, once.
 * 4. conclude: the last events, the outcome for whoever waits, and the words kept for those who come back.
 */
export function createCompletions(dependencies: CompletionsDependencies): Completions & CompletionsLifecycle {
  const { router, ledger, books, clock, logger } = dependencies;
  const finalizer = createFinalizer({ ledger, clock });
  const registry = createCompletionRegistry({ clock });
  const desk = createAdmissionDesk({ ...dependencies, finalizer, registry });

  function apply(request: CompletionRequest, form: CompletionForm): Application {
    return { request, form, checked: checkRequest(request) };
  }

  function admit(application: Application): Admission {
    const admission = desk.admit(application);
    if (admission.kind === 'begun') void run(admission.completion);
    return admission;
  }

  async function run(completion: RunningCompletion): Promise<void> {
    const outcome = await dispatch(completion);
    const record = settle(completion, outcome);
    const { keptMs, contentState } = retentionOf(completion.start);
    const contentExpiresAt = contentState === 'AVAILABLE' ? new Date(clock.now().getTime() + keptMs) : null;
    const answer = outcome.attempts.at(-1)?.answer;
    const message = answer && (hasContent(answer) || record.status === 'SUCCEEDED') ? answer.message : null;
    const state: CompletionState = { record: { ...record, contentState, contentExpiresAt }, message };
    // What was refused before anything was sent may be tried again under its key.
    if (record.status === 'BLOCKED') desk.releaseKey(completion);
    completion.conclude(state);
    registry.end(record.id, { state, log: completion.log }, keptMs);
  }

  async function dispatch({ start, plan, watch }: RunningCompletion): Promise<DispatchOutcome> {
    try {
      return await router.dispatch(start.call, plan, watch);
    } catch (error) {
      logger.error({ err: error, completionId: start.id }, 'dispatch failed unexpectedly');
      return UNKNOWN_OUTCOME;
    }
  }

  function settle(completion: RunningCompletion, outcome: DispatchOutcome): InferenceRecord {
    try {
      return finalizer.settle(completion, outcome);
    } catch (error) {
      // A row that says less is better than none: without attempts there is nothing left that could fail.
      logger.error({ err: error, completionId: completion.start.id }, 'settlement failed unexpectedly');
      return finalizer.settle(completion, UNKNOWN_OUTCOME);
    }
  }

  async function outcomeOfForgotten(principal: Principal, id: CompletionId): Promise<CompletionOutcome> {
    const record = ledger.pending(id) ?? (await books.find(principal.organizationId, id));
    if (record === null) throw new GatewayError('SERVICE_UNAVAILABLE', 'The outcome of this key can’t be read now.');
    return outcomeOfState({ record, message: null });
  }

  async function complete(request: CompletionRequest, reader: AbortSignal): Promise<CompletionOutcome> {
    const admission = admit(apply(request, 'complete'));
    if (admission.kind === 'refused') return admission;
    if (admission.kind === 'forgotten') return outcomeOfForgotten(request.principal, admission.id);
    const { completion } = admission;
    return isRunning(completion) ? attend(completion, reader) : outcomeOfState(completion.state);
  }

  async function start(request: CompletionRequest): Promise<CompletionOutcome> {
    const admission = admit(apply(request, 'start'));
    if (admission.kind === 'refused') return admission;
    if (admission.kind === 'forgotten') return outcomeOfForgotten(request.principal, admission.id);
    return outcomeOfState(admission.completion.state);
  }

  async function stream(request: StreamRequest): Promise<AsyncIterableIterator<CompletionEvent>> {
    const application = apply(request, 'stream');
    const known = desk.lookUp(application);
    if (known === 'forgotten') throw eventsExpired();
    checkPosition(request.after, known?.log ?? null);
    if (known) return known.log.read(request.after);
    desk.ensureOpen();
    return fromFirstPull(() => eventsOf(admit(application), request.after));
  }

  function eventsOf(admission: Admission, after: number): AsyncIterableIterator<CompletionEvent> {
    if (admission.kind === 'forgotten') throw eventsExpired();
    if (admission.kind !== 'refused') return admission.completion.log.read(after);
    const { state, error } = admission;
    const log = createEventLog({ completionId: state.record.id, clock });
    log.append({ type: 'failed', error, completion: state });
    return log.read(after);
  }

  /** What is in memory, else what waits to be booked, else what is. */
  async function locate(principal: Principal, text: string): Promise<Located | null> {
    const id = parseId('completion', text);
    if (id === null) return null;
    const kept = registry.find(id);
    if (kept) return { state: kept.state, kept };
    const record = ledger.pending(id) ?? (await books.find(principal.organizationId, id));
    return record && { state: { record, message: null }, kept: null };
  }

  async function find(principal: Principal, id: string): Promise<CompletionState | null> {
    const located = await locate(principal, id);
    return located && maySee(principal, located.state.record) ? viewFor(principal, located.state) : null;
  }

  async function read(principal: Principal, id: string, after: number): Promise<AsyncIterableIterator<CompletionEvent>> {
    const located = await locate(principal, id);
    if (!located || !mayReadWords(principal, located.state.record)) throw new GatewayError('NOT_FOUND', 'There is no such completion.');
    if (!located.kept) throw eventsExpired();
    checkPosition(after, located.kept.log);
    return located.kept.log.read(after);
  }

  async function cancel(principal: Principal, id: string): Promise<CompletionState | null> {
    const located = await locate(principal, id);
    if (!located || !mayEnd(principal, located.state.record)) return null;
    const { kept, state } = located;
    if (!kept || !isRunning(kept)) return viewFor(principal, state);
    kept.end('cancelled');
    return (await kept.done).state;
  }

  return {
    ...{ complete, start, stream, read, find, cancel },
    shutdown: async (graceMs) => {
      desk.close();
      await drain(registry.running, graceMs, clock);
    },
    get running() {
      return registry.running.size;
    },
  };
}

interface Located {
  readonly state: CompletionState;
  /** Null where memory no longer holds it. */
  readonly kept: RunningCompletion | EndedCompletion | null;
}

/** What is known of a dispatch that broke a promise of its own. */
const UNKNOWN_OUTCOME: DispatchOutcome = { status: 'failed', attempts: [], warnings: [], pausedMs: 0 };

function outcomeOfState(state: CompletionState): CompletionOutcome {
  return { state, error: state.record.error };
}

function eventsExpired(): GatewayError {
  return new GatewayError('EVENTS_EXPIRED', 'The events of this completion are no longer kept.');
}

/** Waits for the end as one of its readers, until the caller is gone. */
async function attend(completion: RunningCompletion, reader: AbortSignal): Promise<CompletionOutcome> {
  const leave = completion.presence.join();
  reader.addEventListener('abort', leave, { once: true });
  if (reader.aborted) leave();
  try {
    return await completion.done;
  } finally {
    reader.removeEventListener('abort', leave);
    leave();
  }
}
