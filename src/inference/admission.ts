import type { LedgerWriter } from '../accounting/contract.js';
import type { IdempotencyStore, KnownKey } from '../cache/contract.js';
import type { Catalogue } from '../catalog/contract.js';
import type { Clock } from '../core/clock.js';
import { fail, GatewayError, invalidRequest, ok, userError } from '../core/errors.js';
import type { Result } from '../core/errors.js';
import { newInferenceId } from '../core/ids.js';
import type { InferenceId } from '../core/ids.js';
import type { CompletionState } from '../core/inference.js';
import type { Logger } from '../core/logger.js';
import { isOperation, operationOf } from '../core/operations.js';
import { NO_PAYLOAD_STORAGE } from '../core/payload-storage.js';
import type { PlanResult, RoutePlan, Router } from '../routing/contract.js';
import { isVisible } from './cancelling.js';
import type { Finalizer } from './finalizer.js';
import { whyTooDear } from './forecast.js';
import { createIdempotencyKeys } from './idempotency.js';
import type { IdempotencyClaim, IdempotencyKeys } from './idempotency.js';
import type { LostCare } from './lost.js';
import { runningState } from './records.js';
import { mismatch, refuse } from './refusal.js';
import type { Refusal } from './refusal.js';
import type { CompletionRegistry, KeptCompletion } from './registry.js';
import type { Application, CheckedRequest } from './request.js';
import { createRunning } from './running.js';
import type { RunningCompletion } from './running.js';
import type { CompletionStart } from './start.js';
import type { AnswerSchemas } from './structured/schemas.js';

const RETRY_AFTER_MS = 1_000;

/** What a request comes to before anybody is called. */
export type SettledAdmission =
  /** Ready to run; it is registered, and its key taken. */
  | { readonly kind: 'begun'; readonly completion: RunningCompletion }
  /** The same call runs or ran under its key, and is in memory. */
  | { readonly kind: 'attached'; readonly completion: KeptCompletion }
  /** It has ended, here or elsewhere: its outcome and words are stored. */
  | { readonly kind: 'ended'; readonly id: InferenceId }
  /** Another replica runs it. */
  | { readonly kind: 'elsewhere'; readonly id: InferenceId; readonly claim: IdempotencyClaim }
  | Refusal;

/** `waiting`: what it comes to is up to the database. Rejects with GatewayError SERVICE_UNAVAILABLE where that is away. */
export type Admission = SettledAdmission | { readonly kind: 'waiting'; readonly settled: Promise<SettledAdmission> };

/**
 * How a call begins:
 * 1. What is wrong with it, or attaches in memory, is told at once. So is a plain `complete`, which begins without the database.
 * 2. A key is claimed together with the row that says RUNNING, before anybody is called. Equal calls here wait for the same claim.
 * 3. What cannot be planned is looked up under its key all the same: what ran once keeps its outcome. A refusal takes no key.
 * 4. `startCompletion` without a key writes its row too, so that any replica can tell of it.
 */
export interface AdmissionDesk {
  admit(application: Application): Admission;
  /** What is in memory under the request's key already; null also where it would be refused. Begins and books nothing. */
  attach(application: Application): KeptCompletion | null;
  /** What is known under the request's key, here or elsewhere. Begins nothing; null where there is nothing. */
  recall(application: Application): Promise<SettledAdmission | null>;
  /** What was refused before anything was sent may be tried again under its key. */
  release(completion: RunningCompletion): Promise<void>;
  close(): void;
}

export interface AdmissionDependencies {
  readonly catalogue: Catalogue;
  readonly router: Router;
  readonly ledger: LedgerWriter;
  readonly finalizer: Finalizer;
  readonly registry: CompletionRegistry;
  readonly keys: IdempotencyStore;
  readonly lost: LostCare;
  readonly schemas: AnswerSchemas;
  /** Others can see it now: this replica has to say that it works on it, and to hear of it. */
  readonly onAnnounced: () => void;
  readonly clock: Clock;
  readonly logger: Logger;
}

interface Desk extends AdmissionDependencies {
  readonly remembered: IdempotencyKeys;
  readonly claims: WeakMap<RunningCompletion, IdempotencyClaim>;
  /** Claims on their way to the database, by their space. */
  readonly claiming: Map<string, Promise<SettledAdmission>>;
  closed: boolean;
}

/** A call that may be made, before it is. */
interface Prepared {
  readonly application: Application;
  readonly start: CompletionStart;
  readonly plan: RoutePlan;
}

/** A refusal that was routed comes with the record of that. */
type Preparation = Extract<Result<Prepared>, { readonly ok: true }> | Extract<PlanResult, { readonly ok: false }>;

export function createAdmissionDesk(dependencies: AdmissionDependencies): AdmissionDesk {
  const remembered = createIdempotencyKeys(dependencies);
  const desk: Desk = { ...dependencies, remembered, claims: new WeakMap(), claiming: new Map(), closed: false };
  return {
    admit: (application) => admit(application, desk),
    attach({ checked }) {
      const earlier = checked.ok ? earlierUnder(checked.value.claim, desk) : checked;
      return earlier.ok ? earlier.value : null;
    },
    async recall(application) {
      const claim = application.checked.ok ? application.checked.value.claim : null;
      const known = claim && (await desk.keys.find(claim));
      return claim && known ? admitKnown(known, { application, claim }, desk) : null;
    },
    release: (completion) => release(completion, desk),
    close() {
      desk.closed = true;
    },
  };
}

function admit(application: Application, desk: Desk): Admission {
  const { checked, form } = application;
  if (!checked.ok) return refuse(application, checked.error, desk);
  const { claim } = checked.value;
  const earlier = earlierUnder(claim, desk);
  if (!earlier.ok) return refuse(application, earlier.error, desk);
  if (earlier.value !== null) return { kind: 'attached', completion: earlier.value };
  const claiming = claim && desk.claiming.get(claim.space);
  if (claiming) return { kind: 'waiting', settled: afterwards(claiming, application, desk) };
  ensureOpen(desk);
  const prepared = prepare(application, checked.value, desk);
  if (claim) return { kind: 'waiting', settled: claimKey(claim, prepared, { application, desk }) };
  if (!prepared.ok) return refuse({ ...application, routing: prepared.record }, prepared.error, desk);
  if (form === 'complete') return begin(prepared.value, null, desk);
  return { kind: 'waiting', settled: announce(prepared.value, desk) };
}

async function afterwards(earlier: Promise<unknown>, application: Application, desk: Desk): Promise<SettledAdmission> {
  await earlier;
  const admission = admit(application, desk);
  return admission.kind === 'waiting' ? admission.settled : admission;
}

function ensureOpen({ closed, ledger }: Desk): void {
  if (closed) throw new GatewayError('SERVICE_UNAVAILABLE', 'The gateway is stopping.', { retryAfterMs: RETRY_AFTER_MS });
  if (ledger.saturated) throw new GatewayError('SERVICE_UNAVAILABLE', 'The ledger is behind.', { retryAfterMs: RETRY_AFTER_MS });
}

/** The completion that was begun under the key and is in memory; null where none is. */
function earlierUnder(claim: IdempotencyClaim | null, { remembered, registry }: Desk): Result<KeptCompletion | null> {
  const earlier = claim && remembered.find(claim);
  const completion = earlier && registry.find(earlier.id);
  if (!completion) return ok(null);
  return earlier.sameInput ? ok(completion) : fail(mismatch());
}

function prepare(application: Application, { call, claim }: CheckedRequest, desk: Desk): Preparation {
  const { catalogue, router, clock, schemas } = desk;
  const problem = schemas.problem(call);
  if (problem) return { ok: false, error: invalidRequest([problem]), record: null };
  const { principal, requestId } = application.request;
  const snapshot = catalogue.snapshot(principal.organizationId);
  const plan = router.plan(call, { principal, snapshot, stream: application.form !== 'complete' });
  if (!plan.ok) return plan;
  const tooDear = whyTooDear(call, plan.value, clock.now());
  if (tooDear) return { ok: false, error: tooDear, record: plan.value.record };
  const createdAt = clock.now();
  const startedMs = clock.monotonicMs();
  const payloadStorage = isOperation(call) ? NO_PAYLOAD_STORAGE : snapshot.organization.payloadStorage;
  const id = newInferenceId(operationOf(call));
  const { form } = application;
  const start = { id, principal, call, form, keyed: claim !== null, payloadStorage, requestId, createdAt, startedMs };
  return { ok: true, value: { application, start, plan: plan.value } };
}

/** Registered and, with a claim, remembered under its key, so that equal calls attach from now on. */
function begin({ start, plan }: Prepared, claim: IdempotencyClaim | null, desk: Desk): SettledAdmission {
  const completion = createRunning(start, plan, desk.clock);
  desk.registry.begin(completion);
  if (claim) {
    desk.remembered.take(claim, start.id);
    desk.claims.set(completion, claim);
  }
  if (isVisible(completion)) desk.onAnnounced();
  return { kind: 'begun', completion };
}

type Claiming = { readonly application: Application; readonly desk: Desk };

function claimKey(claim: IdempotencyClaim, prepared: Preparation, claiming: Claiming): Promise<SettledAdmission> {
  const { desk } = claiming;
  const settled = claimInStore(claim, prepared, claiming);
  const forget = () => void desk.claiming.delete(claim.space);
  desk.claiming.set(claim.space, settled);
  settled.then(forget, forget);
  return settled;
}

async function claimInStore(claim: IdempotencyClaim, prepared: Preparation, { application, desk }: Claiming): Promise<SettledAdmission> {
  const known = prepared.ok ? await desk.keys.claim(claim, startRow(prepared.value)) : await desk.keys.find(claim);
  if (known) return admitKnown(known, { application, claim }, desk);
  if (!prepared.ok) return refuse({ ...application, routing: prepared.record }, prepared.error, desk);
  await stayOpen(prepared.value, desk);
  return begin(prepared.value, claim, desk);
}

async function announce(prepared: Prepared, desk: Desk): Promise<SettledAdmission> {
  await desk.keys.begin(startRow(prepared));
  await stayOpen(prepared, desk);
  return begin(prepared, null, desk);
}

/** While the database was asked, the process may have begun to stop: then nobody is called, and the row says so. */
async function stayOpen({ application, start }: Prepared, desk: Desk): Promise<void> {
  if (!desk.closed) return;
  refuse({ ...application, id: start.id }, userError('INTERRUPTED'), desk);
  if (start.keyed) await desk.keys.release([start.id]);
  ensureOpen(desk);
}

/** What a replica that asks the ledger reads while it runs. Nothing is stored of it yet. */
function startRow({ start, plan }: Prepared): CompletionState['record'] {
  return { ...runningState(start, plan).record, contentState: 'NOT_STORED' };
}

type Claimed = { readonly application: Application; readonly claim: IdempotencyClaim };

async function admitKnown({ id, sameInput, state }: KnownKey, { application, claim }: Claimed, desk: Desk): Promise<SettledAdmission> {
  if (!sameInput) return refuse(application, mismatch(), desk);
  const completion = desk.registry.find(id);
  if (completion) return { kind: 'attached', completion };
  if (state === 'RUNNING') return { kind: 'elsewhere', id, claim };
  if (state === 'LOST') await desk.lost.settle({ ...claim, id });
  return { kind: 'ended', id };
}

async function release(completion: RunningCompletion, { claims, remembered, keys, logger }: Desk): Promise<void> {
  const claim = claims.get(completion);
  if (!claim) return;
  remembered.release(claim);
  try {
    await keys.release([completion.start.id]);
  } catch (error) {
    // Its lease ends by itself; then the refusal is what the key stands for.
    logger.warn({ reason: String(error), completionId: completion.start.id }, 'the key of a refused call could not be freed');
  }
}
