import type { ErrorCode, FailureClass } from './vocabulary.js';

/** The types of the public contract that carry an error to a caller. */
export type UserErrorType =
  | 'InvalidRequest'
  | 'ModelUnavailable'
  | 'RateLimited'
  | 'BudgetExceeded'
  | 'ContentBlocked'
  | 'ProvidersFailed'
  | 'Cancelled'
  | 'GatewayFailed'
  | 'Conflict'
  | 'NotFound';

export interface ErrorEntry {
  readonly type: UserErrorType;
  readonly retryable: boolean;
  /** What a caller reads where the place that raises it says nothing more exact. */
  readonly message: string;
}

const entry = (type: UserErrorType, message: string, retryable = false): ErrorEntry => ({ type, retryable, message });

/** Which type carries which code: the one table that code, docs and tests share. */
export const ERROR_CATALOGUE: Readonly<Record<ErrorCode, ErrorEntry>> = {
  INVALID_REQUEST: entry('InvalidRequest', 'The request is not valid.'),
  IDEMPOTENCY_MISMATCH: entry('InvalidRequest', 'This idempotency key was used with another input.'),
  COST_LIMIT_EXCEEDED: entry('InvalidRequest', 'The call is predicted to cost more than maxCost.'),
  CACHE_MISS: entry('InvalidRequest', 'No cached answer, and only a cached one was asked for.'),
  MODEL_NOT_FOUND: entry('ModelUnavailable', 'No enabled deployment serves this model.'),
  MODEL_NOT_ALLOWED: entry('ModelUnavailable', 'This API key may not use this model.'),
  CAPABILITY_NOT_SUPPORTED: entry('ModelUnavailable', 'The model lacks a capability that the call needs.'),
  UNPRICED_MODEL: entry('ModelUnavailable', 'The model has no price, and a budget applies.'),
  RATE_LIMITED: entry('RateLimited', 'A rate limit is reached.', true),
  BUDGET_EXCEEDED: entry('BudgetExceeded', 'The budget does not cover this call.'),
  HOLD_EXHAUSTED: entry('BudgetExceeded', 'The budget is held by running calls.', true),
  CONTENT_BLOCKED: entry('ContentBlocked', 'A guardrail blocked the content.'),
  CONTEXT_LENGTH_EXCEEDED: entry('ProvidersFailed', 'The prompt is longer than the model’s context window.'),
  PROVIDER_FAILED: entry('ProvidersFailed', 'The provider failed to answer.', true),
  PROVIDER_TIMEOUT: entry('ProvidersFailed', 'The provider did not answer in time.', true),
  PROVIDER_OVERLOADED: entry('ProvidersFailed', 'The provider is overloaded or limits our rate.', true),
  PROVIDER_AUTH_FAILED: entry('ProvidersFailed', 'The provider refused the gateway’s credential.'),
  PROVIDER_CONTENT_FILTER: entry('ProvidersFailed', 'The provider refused the content.'),
  ALL_TARGETS_COOLING: entry('ProvidersFailed', 'Every target is cooling down.', true),
  DEADLINE_EXCEEDED: entry('GatewayFailed', 'The call’s time is over.', true),
  CANCELLED: entry('Cancelled', 'The call was cancelled.'),
  INTERRUPTED: entry('GatewayFailed', 'The gateway stopped before the call ended.', true),
  CONFLICT: entry('Conflict', 'This is in conflict with what exists.'),
  NOT_FOUND: entry('NotFound', 'There is no such thing.'),
};

/** The code a caller sees when the last attempt failed in this class. */
export const CODE_OF_FAILURE: Readonly<Record<FailureClass, ErrorCode>> = {
  RATE_LIMITED: 'PROVIDER_OVERLOADED',
  OVERLOADED: 'PROVIDER_OVERLOADED',
  SERVER_ERROR: 'PROVIDER_FAILED',
  CONNECTION: 'PROVIDER_FAILED',
  BAD_RESPONSE: 'PROVIDER_FAILED',
  TARGET_NOT_FOUND: 'PROVIDER_FAILED',
  TIMEOUT: 'PROVIDER_TIMEOUT',
  AUTH: 'PROVIDER_AUTH_FAILED',
  CONTENT_FILTER: 'PROVIDER_CONTENT_FILTER',
  CONTEXT_LENGTH: 'CONTEXT_LENGTH_EXCEEDED',
  UNSUPPORTED_PARAMETER: 'INVALID_REQUEST',
  CALLER: 'INVALID_REQUEST',
};

/** One thing wrong with an input, at a path as in the input: messages.2.parts.0.image.url */
export interface InputProblem {
  readonly path: string;
  readonly message: string;
}

/** An expected error, as a value: it becomes the contract type that the catalogue names for its code. */
export interface UserError {
  readonly code: ErrorCode;
  readonly message: string;
  /** InvalidRequest */
  readonly problems?: readonly InputProblem[];
  /** ModelUnavailable: as the caller wrote it */
  readonly model?: string;
  /** ProvidersFailed, GatewayFailed, RateLimited */
  readonly retryAfterMs?: number | null;
  /** Conflict */
  readonly field?: string;
  /** NotFound */
  readonly targetId?: string;
}

export function userError(code: ErrorCode, details: Partial<Omit<UserError, 'code'>> = {}): UserError {
  return { message: ERROR_CATALOGUE[code].message, ...details, code };
}

export function invalidRequest(problems: readonly InputProblem[]): UserError {
  const [first] = problems;
  const message = problems.length === 1 && first ? `${first.path}: ${first.message}` : `The request has ${problems.length} problems.`;
  return userError('INVALID_REQUEST', { message, problems });
}

export function conflict(message: string, field?: string): UserError {
  return userError('CONFLICT', { message, ...(field === undefined ? {} : { field }) });
}

export function notFound(what: string, targetId?: string): UserError {
  return userError('NOT_FOUND', { message: `There is no such ${what}.`, ...(targetId === undefined ? {} : { targetId }) });
}

/** A value or an expected error; nothing expected is thrown. */
export type Result<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: UserError };

export const ok = <T>(value: T): Result<T> => ({ ok: true, value });
export const fail = (error: UserError): Result<never> => ({ ok: false, error });

/** Codes of top-level GraphQL errors (`extensions.code`). */
export const TOP_LEVEL_CODES = [
  'UNAUTHENTICATED',
  'FORBIDDEN',
  'BAD_USER_INPUT',
  'GRAPHQL_VALIDATION_FAILED',
  'OPERATION_TOO_COSTLY',
  'SERVICE_UNAVAILABLE',
  'INTERNAL',
  'NOT_FOUND',
  'EVENTS_EXPIRED',
  'EVENTS_ELSEWHERE',
] as const;
export type TopLevelCode = (typeof TOP_LEVEL_CODES)[number];

/**
 * An error that ends an operation. `message` is fit for the caller; the internal detail travels in `cause`,
 * reaches the log and never an answer.
 */
export class GatewayError extends Error {
  override readonly name = 'GatewayError';

  constructor(
    readonly code: TopLevelCode,
    message: string,
    options?: { cause?: unknown; retryAfterMs?: number },
  ) {
    super(message, options);
    this.retryAfterMs = options?.retryAfterMs ?? null;
  }

  readonly retryAfterMs: number | null;
}
