import type { LedgerDrafts, LedgerReader, LedgerWriter } from '../accounting/contract.js';
import type { CallJournal } from '../accounting/journal/contract.js';
import type { Catalogue } from '../catalog/contract.js';
import type { Clock } from '../core/clock.js';
import { GatewayError } from '../core/errors.js';
import type { CompletionId } from '../core/ids.js';
import type { CompletionState } from '../core/inference.js';
import type { Logger } from '../core/logger.js';
import type { Principal } from '../core/principal.js';
import type { Router } from '../routing/contract.js';
import { createAdmissionDesk } from './admission.js';
import type { Admission, AdmissionDesk } from './admission.js';
import type { CompletionOutcome, Completions, CompletionsLifecycle, StreamRequest } from './contract.js';
import { createFinalizer } from './finalizer.js';
import type { Finalizer } from './finalizer.js';
import { createForecaster } from './forecast.js';
import { createLookup } from './lookup.js';
import { leaveReason } from './presence.js';
import { checkPosition, eventsExpired, eventsOfRefusal, fromFirstPull } from './reading.js';
import type { CompletionEvents } from './reading.js';
import { createCompletionRegistry, isRunning } from './registry.js';
import type { CompletionRegistry } from './registry.js';
import { applicationOf } from './request.js';
import type { Application } from './request.js';
import { run } from './runner.js';
import type { RunningCompletion } from './running.js';
import { drain } from './shutdown.js';

export interface CompletionsDependencies {
  readonly catalogue: Catalogue;
  readonly router: Router;
  readonly ledger: LedgerWriter;
  readonly books: LedgerReader;
  readonly journal?: CallJournal;
  readonly drafts?: LedgerDrafts;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Bytes for what is kept of ended completions. */
  readonly maxEndedBytes?: number;
}

interface Parts extends CompletionsDependencies {
  readonly finalizer: Finalizer;
  readonly registry: CompletionRegistry;
  readonly desk: AdmissionDesk;
}

/**
 * The life of a completion:
 * 1. admit: check the input, attach to an equal call under the same key, or plan who answers. A refusal ends here, with its row.
 * 2. dispatch: ask the plan's targets, while their deltas become events; whatever ends it, dispatch returns a value.
 * 3. settle: price the attempts and book the row, once.
 * 4. conclude: the last events, the outcome for whoever waits, and the words kept for those who come back.
 */
export function createCompletions(dependencies: CompletionsDependencies): Completions & CompletionsLifecycle {
  const { clock, maxEndedBytes } = dependencies;
  const finalizer = createFinalizer(dependencies);
  const registry = createCompletionRegistry({ clock, maxBytes: maxEndedBytes });
  const parts: Parts = { ...dependencies, finalizer, registry, desk: createAdmissionDesk({ ...dependencies, finalizer, registry }) };
  return {
    ...createLookup({ ...dependencies, registry }),
    ...createForecaster(dependencies),
    async complete(request, reader) {
      const admission = admit(applicationOf(request, 'complete'), parts);
      return outcomeOf(admission, request.principal, { ...parts, wait: (completion) => attend(completion, reader) });
    },
    async start(request) {
      const admission = admit(applicationOf(request, 'start'), parts);
      return outcomeOf(admission, request.principal, { ...parts, wait: ({ state }) => ({ state, error: null }) });
    },
    stream: (request) => stream(request, parts),
    async shutdown(graceMs) {
      parts.desk.close();
      await drain(registry.running, graceMs, clock);
      await dependencies.router.endDrains();
      await finalizer.allFinal();
    },
    get running() {
      return registry.running.size;
    },
  };
}

function admit(application: Application, parts: Parts): Admission {
  const admission = parts.desk.admit(application);
  if (admission.kind === 'begun') void runToEnd(admission.completion, parts);
  return admission;
}

async function runToEnd(completion: RunningCompletion, parts: Parts): Promise<void> {
  const { record } = await run(completion, parts);
  // What was refused before anything was sent may be tried again under its key.
  if (record.status === 'BLOCKED') parts.desk.releaseKey(completion);
}

interface Waiting extends Parts {
  /** What is answered for a completion that runs. */
  readonly wait: (completion: RunningCompletion) => CompletionOutcome | Promise<CompletionOutcome>;
}

async function outcomeOf(admission: Admission, principal: Principal, { wait, ...parts }: Waiting): Promise<CompletionOutcome> {
  switch (admission.kind) {
    case 'refused':
      return { state: admission.state, error: admission.error };
    case 'forgotten':
      return outcomeOfState(await bookedState(principal, admission.id, parts));
    case 'begun':
      return wait(admission.completion);
    case 'attached':
      return isRunning(admission.completion) ? wait(admission.completion) : outcomeOfState(admission.completion.state);
  }
}

function outcomeOfState(state: CompletionState): CompletionOutcome {
  return { state, error: state.record.error };
}

async function bookedState({ organizationId }: Principal, id: CompletionId, { ledger, books }: Parts): Promise<CompletionState> {
  const record = ledger.pending(id) ?? (await books.find(organizationId, id));
  if (record === null) throw new GatewayError('SERVICE_UNAVAILABLE', 'What came of this key can’t be read now.');
  return { record, message: null };
}

/** Waits for the end as one of its readers, until the caller is gone. */
async function attend(completion: RunningCompletion, reader: AbortSignal): Promise<CompletionOutcome> {
  const goAway = completion.presence.join();
  const leave = () => goAway(leaveReason(reader));
  reader.addEventListener('abort', leave, { once: true });
  if (reader.aborted) leave();
  try {
    return await completion.done;
  } finally {
    reader.removeEventListener('abort', leave);
    leave();
  }
}

async function stream(request: StreamRequest, parts: Parts): Promise<CompletionEvents> {
  const application = applicationOf(request, 'stream');
  const known = parts.desk.lookUp(application);
  if (known === 'forgotten') throw eventsExpired();
  const { after, reader } = request;
  checkPosition(after, known?.log ?? null);
  if (known) return known.log.read(after, reader);
  parts.desk.ensureOpen();
  return fromFirstPull(() => eventsOf(admit(application, parts), parts.clock, reader));
}

function eventsOf(admission: Admission, clock: Clock, reader: AbortSignal | undefined): CompletionEvents {
  switch (admission.kind) {
    case 'refused':
      return eventsOfRefusal(admission.state, admission.error, clock);
    case 'forgotten':
      throw eventsExpired();
    case 'begun':
    case 'attached':
      return admission.completion.log.read(-1, reader);
  }
}
