import type { Clock } from '../core/clock.js';
import { userError } from '../core/errors.js';
import type { UserError } from '../core/errors.js';
import { newInferenceId } from '../core/ids.js';
import type { InferenceId } from '../core/ids.js';
import type { CompletionState, RoutingRecord } from '../core/inference.js';
import type { Finalizer } from './finalizer.js';
import { storable } from './input/text.js';
import type { Application } from './request.js';

const MAX_MODEL_LENGTH = 255;

/** A request that calls nobody, and has its row. */
export interface Refusal {
  readonly kind: 'refused';
  readonly state: CompletionState;
  readonly error: UserError;
}

export interface RefusalDependencies {
  readonly finalizer: Finalizer;
  readonly clock: Clock;
}

/** `id`: of the row that says RUNNING already, where there is one. `routing`: the decision, where it came to one. */
export function refuse(
  application: Application & { readonly id?: InferenceId; readonly routing?: RoutingRecord | null },
  error: UserError,
  { finalizer, clock }: RefusalDependencies,
): Refusal {
  const { request, operation, form, checked, id = newInferenceId(operation), routing = null } = application;
  const { principal, requestId, input } = request;
  const call = checked.ok ? checked.value.call : null;
  const requestedModel = storable(input.model, MAX_MODEL_LENGTH);
  const facts = { id, operation, principal, requestedModel, call, form, requestId, routing, at: clock.now() };
  return { kind: 'refused', state: { record: finalizer.refuse(facts, error), message: null }, error };
}

/** The key stands for another input. */
export function mismatch(): UserError {
  const error = userError('IDEMPOTENCY_MISMATCH');
  return { ...error, problems: [{ path: 'idempotencyKey', message: error.message }] };
}
