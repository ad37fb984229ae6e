import type { LedgerDrafts, LedgerReader, LedgerWriter } from '../accounting/contract.js';
import type { CallJournal } from '../accounting/journal/contract.js';
import type { CancelRequests, ContentKeeper, ContentReader, IdempotencyStore } from '../cache/contract.js';
import type { Catalogue } from '../catalog/contract.js';
import type { Clock } from '../core/clock.js';
import { userError } from '../core/errors.js';
import type { UserError } from '../core/errors.js';
import type { CompletionState, InferenceRecord } from '../core/inference.js';
import type { Logger } from '../core/logger.js';
import type { Router } from '../routing/contract.js';
import { createAdmissionDesk } from './admission.js';
import type { AdmissionDesk, SettledAdmission } from './admission.js';
import type {
  CompletionOutcome,
  CompletionRequest,
  Completions,
  CompletionsLifecycle,
  InferenceRequest,
  StreamRequest,
} from './contract.js';
import { createCancelling } from './cancelling.js';
import { createElsewhereWatch } from './elsewhere.js';
import type { ElsewhereWatch, WaitEnd } from './elsewhere.js';
import { createFinalizer } from './finalizer.js';
import type { Finalizer } from './finalizer.js';
import { createForecaster } from './forecast.js';
import { createHeartbeat } from './heartbeat.js';
import { createLookup } from './lookup.js';
import type { Lookup } from './lookup.js';
import { createLostCare } from './lost.js';
import { leaveReason } from './presence.js';
import { checkPosition, eventsElsewhere, eventsOfRefusal, readFromBirth } from './reading.js';
import type { Birth, CompletionEvents } from './reading.js';
import { createOperationForecaster } from './operation-forecast.js';
import { wasNeverSent } from './records.js';
import { createCompletionRegistry, isRunning } from './registry.js';
import type { CompletionRegistry, KeptCompletion } from './registry.js';
import { applicationOf, operationApplicationOf } from './request.js';
import type { Application } from './request.js';
import { run } from './runner.js';
import { DEFAULT_TIMEOUT_MS } from './running.js';
import type { RunningCompletion } from './running.js';
import { drain } from './shutdown.js';
import type { AnswerSchemas } from './structured/schemas.js';

export interface CompletionsDependencies {
  readonly catalogue: Catalogue;
  readonly router: Router;
  readonly ledger: LedgerWriter;
  readonly books: LedgerReader;
  readonly journal?: CallJournal;
  readonly drafts?: LedgerDrafts;
  /** Which inference was begun under which key, on any replica. */
  readonly keys: IdempotencyStore;
  readonly cancelRequests: CancelRequests;
  readonly keeper: ContentKeeper;
  readonly contents: ContentReader;
  readonly schemas: AnswerSchemas;
  /** Books a settlement in a lost replica's place. Resolves when it is committed. */
  readonly bookProvisional: (record: InferenceRecord) => Promise<void>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Bytes for what is kept of ended completions. */
  readonly maxEndedBytes?: number;
}

interface Parts extends CompletionsDependencies {
  readonly finalizer: Finalizer;
  readonly registry: CompletionRegistry;
  readonly desk: AdmissionDesk;
  readonly lookup: Lookup;
  readonly elsewhere: ElsewhereWatch;
  /** Begun is not launched: a stream calls nobody before it is read. */
  readonly launched: WeakSet<RunningCompletion>;
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
  const lost = createLostCare({ ...dependencies, registry });
  const cancelling = createCancelling({ ...dependencies, requests: dependencies.cancelRequests, registry });
  const lookup = createLookup({ ...dependencies, registry, cancelling });
  const heartbeat = createHeartbeat({ ...dependencies, registry, cancelling });
  const desk = createAdmissionDesk({ ...dependencies, finalizer, registry, lost, onAnnounced: heartbeat.wake });
  const elsewhere = createElsewhereWatch(dependencies);
  const parts: Parts = { ...dependencies, finalizer, registry, desk, lookup, elsewhere, launched: new WeakSet() };
  const { find, read, cancel, records, messages, results, prompts } = lookup;
  return {
    ...{ find, read, cancel, records, messages, results, prompts },
    ...createForecaster(dependencies),
    complete: (request, reader) => complete(applicationOf(request, 'complete'), reader, parts),
    estimateOperation: createOperationForecaster(dependencies),
    operate: (request, reader) => complete(operationApplicationOf(request), reader, parts),
    start: (request) => start(request, parts),
    stream: (request) => stream(request, parts),
    settleLost: () => lost.settleAll(),
    async shutdown(graceMs) {
      desk.close();
      await drain(registry.running, graceMs, clock);
      await dependencies.router.endDrains();
      await finalizer.allFinal();
      heartbeat.stop();
    },
    get running() {
      return registry.running.size;
    },
  };
}

async function complete(application: Application, reader: AbortSignal, parts: Parts): Promise<CompletionOutcome> {
  const { request } = application;
  const deadlineMs = parts.clock.monotonicMs() + timeoutOf(application);
  for (;;) {
    let admission = parts.desk.admit(application);
    if (admission.kind === 'waiting') admission = await admission.settled;
    if (admission.kind === 'begun') launch(admission.completion, parts);
    if (admission.kind !== 'elsewhere') return outcomeOf(admission, request, { parts, wait: (completion) => attend(completion, reader) });
    const end = await parts.elsewhere.wait(admission.claim, { deadlineMs, reader });
    if (end !== 'ended') return { state: await parts.lookup.outcome(request.principal, admission.id), error: unmet(end) };
  }
}

function timeoutOf({ checked }: Application): number {
  return (checked.ok ? checked.value.call.timeoutMs : null) ?? DEFAULT_TIMEOUT_MS;
}

/** Why a caller is told nothing of a call that goes on elsewhere. */
function unmet(end: Exclude<WaitEnd, 'ended'>): UserError {
  return userError(end === 'deadline' ? 'DEADLINE_EXCEEDED' : 'CANCELLED');
}

async function start(request: CompletionRequest, parts: Parts): Promise<CompletionOutcome> {
  let admission = parts.desk.admit(applicationOf(request, 'start'));
  if (admission.kind === 'waiting') admission = await admission.settled;
  if (admission.kind === 'begun') launch(admission.completion, parts);
  return outcomeOf(admission, request, { parts, wait: ({ state }) => ({ state, error: null }) });
}

function launch(completion: RunningCompletion, parts: Parts): void {
  if (parts.launched.has(completion)) return;
  parts.launched.add(completion);
  void runToEnd(completion, parts);
}

async function runToEnd(completion: RunningCompletion, parts: Parts): Promise<void> {
  const { record } = await run(completion, parts);
  if (wasNeverSent(record)) await parts.desk.release(completion);
}

interface Waiting {
  readonly parts: Parts;
  /** What is answered for a completion that runs here. */
  readonly wait: (completion: RunningCompletion) => CompletionOutcome | Promise<CompletionOutcome>;
}

async function outcomeOf(
  admission: SettledAdmission,
  { principal }: InferenceRequest,
  { parts, wait }: Waiting,
): Promise<CompletionOutcome> {
  switch (admission.kind) {
    case 'refused':
      return { state: admission.state, error: admission.error };
    case 'ended':
    case 'elsewhere':
      return outcomeOfState(await parts.lookup.outcome(principal, admission.id));
    case 'begun':
      return wait(admission.completion);
    case 'attached':
      if (!isRunning(admission.completion)) return outcomeOfState(admission.completion.state);
      launch(admission.completion, parts);
      return wait(admission.completion);
  }
}

function outcomeOfState(state: CompletionState): CompletionOutcome {
  return { state, error: state.record.error };
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
  const { after } = request;
  const application = applicationOf(request, 'stream');
  const known = parts.desk.attach(application);
  if (known) return follow(known, request, parts);
  let admission = after === -1 ? parts.desk.admit(application) : await resumed(application, after, parts);
  if (admission.kind === 'waiting') admission = await admission.settled;
  return eventsOf(admission, request, parts);
}

/** Who names a position has read something already: nothing begins for them. */
async function resumed(application: Application, after: number, { desk }: Parts): Promise<SettledAdmission> {
  const admission = await desk.recall(application);
  if (admission) return admission;
  checkPosition(after, null);
  throw new Error('no position but -1 fits what has not begun');
}

function eventsOf(admission: SettledAdmission, request: StreamRequest, parts: Parts): CompletionEvents | Promise<CompletionEvents> {
  const { principal } = request;
  switch (admission.kind) {
    case 'refused':
      return eventsOfRefusal(admission.state, admission.error, parts.clock);
    case 'elsewhere':
      throw eventsElsewhere();
    case 'ended':
      return parts.lookup.stored(principal, admission.id, request);
    case 'begun':
      return readFromBirth(birthOf(admission.completion, parts), request);
    case 'attached':
      return follow(admission.completion, request, parts);
  }
}

function follow(completion: KeptCompletion, position: StreamRequest, parts: Parts): CompletionEvents {
  checkPosition(position.after, completion.log);
  if (isRunning(completion)) launch(completion, parts);
  return completion.log.read(position);
}

function birthOf(completion: RunningCompletion, parts: Parts): Birth {
  const begin = () => launch(completion, parts);
  completion.watch.signal.addEventListener('abort', begin, { once: true });
  return {
    completion,
    launch: begin,
    isLaunched: () => parts.launched.has(completion),
  };
}
