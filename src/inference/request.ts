import { fail, invalidRequest, ok } from '../core/errors.js';
import type { InputProblem, Result } from '../core/errors.js';
import type { InferenceCall } from '../core/operations.js';
import type { Operation } from '../core/vocabulary.js';
import type { CompletionRequest, InferenceRequest, OperationRequest } from './contract.js';
import { claimOf } from './idempotency.js';
import type { IdempotencyClaim } from './idempotency.js';
import { parseOperationInput } from './input/operations.js';
import { parseCompletionInput } from './input/parse.js';
import { whyNotStorable } from './input/text.js';
import type { CompletionForm } from './start.js';

const MAX_KEY_LENGTH = 255;

/** A request whose input makes sense: the call, and its claim on an idempotency key. */
export interface CheckedRequest {
  readonly call: InferenceCall;
  readonly claim: IdempotencyClaim | null;
}

/** A request with what its check came to. */
export interface Application {
  readonly request: InferenceRequest;
  readonly operation: Operation;
  readonly form: CompletionForm;
  readonly checked: Result<CheckedRequest>;
}

export function applicationOf(request: CompletionRequest, form: CompletionForm): Application {
  return { request, operation: 'COMPLETION', form, checked: checkRequest(request, parseCompletionInput(request.input)) };
}

export function operationApplicationOf(request: OperationRequest): Application {
  const { operation, input } = request;
  return { request, operation, form: 'complete', checked: checkRequest(request, parseOperationInput(operation, input)) };
}

/** Every problem of a request at once: the idempotency key's and the input's. */
function checkRequest({ principal, idempotencyKey }: InferenceRequest, parsed: Result<InferenceCall>): Result<CheckedRequest> {
  const keyProblems = problemsOfKey(idempotencyKey);
  if (!parsed.ok) return fail(invalidRequest([...keyProblems, ...(parsed.error.problems ?? [])]));
  if (keyProblems.length > 0) return fail(invalidRequest(keyProblems));
  const call = parsed.value;
  return ok({ call, claim: idempotencyKey === null ? null : claimOf(principal, idempotencyKey, call) });
}

function problemsOfKey(key: string | null): readonly InputProblem[] {
  if (key === null) return [];
  const message = key.length < 1 || key.length > MAX_KEY_LENGTH ? `must have 1 to ${MAX_KEY_LENGTH} characters` : whyNotStorable(key);
  return message === null ? [] : [{ path: 'idempotencyKey', message }];
}
