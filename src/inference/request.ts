import type { CompletionCall } from '../core/completion.js';
import { fail, invalidRequest, ok } from '../core/errors.js';
import type { InputProblem, Result } from '../core/errors.js';
import type { CompletionRequest } from './contract.js';
import { claimOf } from './idempotency.js';
import type { IdempotencyClaim } from './idempotency.js';
import { parseCompletionInput } from './input/parse.js';
import { whyNotStorable } from './input/text.js';
import type { CompletionForm } from './start.js';

const MAX_KEY_LENGTH = 255;

/** A request whose input makes sense: the call, and its claim on an idempotency key. */
export interface CheckedRequest {
  readonly call: CompletionCall;
  readonly claim: IdempotencyClaim | null;
}

/** A request with what its check came to. */
export interface Application {
  readonly request: CompletionRequest;
  readonly form: CompletionForm;
  readonly checked: Result<CheckedRequest>;
}

export function applicationOf(request: CompletionRequest, form: CompletionForm): Application {
  return { request, form, checked: checkRequest(request) };
}

/** Every problem of a request at once: the idempotency key's and the input's. */
function checkRequest({ principal, input, idempotencyKey }: CompletionRequest): Result<CheckedRequest> {
  const keyProblems = problemsOfKey(idempotencyKey);
  const parsed = parseCompletionInput(input);
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
