import type { LedgerWriter } from '../accounting/contract.js';
import type { Catalogue } from '../catalog/contract.js';
import type { Clock } from '../core/clock.js';
import { fail, GatewayError, ok, userError } from '../core/errors.js';
import type { Result, UserError } from '../core/errors.js';
import { newId } from '../core/ids.js';
import type { CompletionId } from '../core/ids.js';
import type { CompletionState } from '../core/inference.js';
import type { Router } from '../routing/contract.js';
import type { Finalizer } from './finalizer.js';
import { whyTooDear } from './forecast.js';
import { createIdempotencyKeys } from './idempotency.js';
import type { IdempotencyClaim, IdempotencyKeys } from './idempotency.js';
import { storable } from './input/text.js';
import type { CompletionRegistry, KeptCompletion } from './registry.js';
import type { Application, CheckedRequest } from './request.js';
import { createRunning } from './running.js';
import type { RunningCompletion } from './running.js';

const MAX_MODEL_LENGTH = 255;
const RETRY_AFTER_MS = 1_000;

/** What a request comes to before anybody is called. */
export type Admission =
  /** Ready to run; it is registered, and its key taken. */
  | { readonly kind: 'begun'; readonly completion: RunningCompletion }
  /** The same call runs or ran under its key. */
  | { readonly kind: 'attached'; readonly completion: KeptCompletion }
  /** It ran, but its words are no longer in memory. */
  | { readonly kind: 'forgotten'; readonly id: CompletionId }
  | { readonly kind: 'refused'; readonly state: CompletionState; readonly error: UserError };

export interface AdmissionDesk {
  /** Attaches, or plans and begins, or refuses; nothing in it waits, so that equal keys can't race. */
  admit(application: Application): Admission;
  /** What is known under the request's key already; null also where it would be refused. Begins and books nothing. */
  lookUp(application: Application): KeptCompletion | 'forgotten' | null;
  /** Throws GatewayError SERVICE_UNAVAILABLE while no new work is taken. */
  ensureOpen(): void;
  releaseKey(completion: RunningCompletion): void;
  close(): void;
}

export interface AdmissionDependencies {
  readonly catalogue: Catalogue;
  readonly router: Router;
  readonly ledger: LedgerWriter;
  readonly finalizer: Finalizer;
  readonly registry: CompletionRegistry;
  readonly clock: Clock;
}

interface Desk extends AdmissionDependencies {
  readonly keys: IdempotencyKeys;
  readonly claims: WeakMap<RunningCompletion, IdempotencyClaim>;
  closed: boolean;
}

export function createAdmissionDesk(dependencies: AdmissionDependencies): AdmissionDesk {
  const desk: Desk = { ...dependencies, keys: createIdempotencyKeys(dependencies), claims: new WeakMap(), closed: false };
  return {
    admit: (application) => admit(application, desk),
    lookUp({ checked }) {
      const earlier = checked.ok ? earlierUnder(checked.value.claim, desk) : checked;
      if (!earlier.ok || earlier.value === null) return null;
      return desk.registry.find(earlier.value) ?? 'forgotten';
    },
    ensureOpen: () => ensureOpen(desk),
    releaseKey(completion) {
      const claim = desk.claims.get(completion);
      if (claim) desk.keys.release(claim);
    },
    close() {
      desk.closed = true;
    },
  };
}

function admit(application: Application, desk: Desk): Admission {
  const { checked } = application;
  if (!checked.ok) return refuse(application, checked.error, desk);
  const earlier = earlierUnder(checked.value.claim, desk);
  if (!earlier.ok) return refuse(application, earlier.error, desk);
  if (earlier.value !== null) {
    const completion = desk.registry.find(earlier.value);
    return completion ? { kind: 'attached', completion } : { kind: 'forgotten', id: earlier.value };
  }
  ensureOpen(desk);
  const begun = begin(application, checked.value, desk);
  return begun.ok ? { kind: 'begun', completion: begun.value } : refuse(application, begun.error, desk);
}

function ensureOpen({ closed, ledger }: Desk): void {
  if (closed) throw new GatewayError('SERVICE_UNAVAILABLE', 'The gateway is stopping.', { retryAfterMs: RETRY_AFTER_MS });
  if (ledger.saturated) throw new GatewayError('SERVICE_UNAVAILABLE', 'The ledger is behind.', { retryAfterMs: RETRY_AFTER_MS });
}

/** The completion that was begun under the key; null where none was. */
function earlierUnder(claim: IdempotencyClaim | null, { keys }: Desk): Result<CompletionId | null> {
  const earlier = claim && keys.find(claim);
  if (!earlier) return ok(null);
  if (earlier.sameInput) return ok(earlier.id);
  const error = userError('IDEMPOTENCY_MISMATCH');
  return fail({ ...error, problems: [{ path: 'idempotencyKey', message: error.message }] });
}

function begin({ request, form }: Application, { call, claim }: CheckedRequest, desk: Desk): Result<RunningCompletion> {
  const { catalogue, router, registry, clock, keys, claims } = desk;
  const { principal, requestId } = request;
  const plan = router.plan(call, { principal, snapshot: catalogue.snapshot(principal.organizationId) });
  if (!plan.ok) return plan;
  const tooDear = whyTooDear(call, plan.value, clock.now());
  if (tooDear) return fail(tooDear);
  const times = { createdAt: clock.now(), startedMs: clock.monotonicMs() };
  const start = { id: newId('completion'), principal, call, form, keyed: claim !== null, requestId, ...times };
  const completion = createRunning(start, plan.value, clock);
  registry.begin(completion);
  if (claim) {
    keys.take(claim, start.id);
    claims.set(completion, claim);
  }
  return ok(completion);
}

function refuse({ request, form, checked }: Application, error: UserError, { finalizer, clock }: Desk): Admission {
  const { principal, requestId, input } = request;
  const call = checked.ok ? checked.value.call : null;
  const requestedModel = storable(input.model, MAX_MODEL_LENGTH);
  const facts = { id: newId('completion'), principal, requestedModel, call, form, requestId, at: clock.now() };
  return { kind: 'refused', state: { record: finalizer.refuse(facts, error), message: null }, error };
}
