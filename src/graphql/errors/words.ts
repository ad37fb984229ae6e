import type { ErrorCode } from '../../core/vocabulary.js';
import { declareEnum } from '../declare-enum.js';

/** Codes that nothing raises yet: budgets, limits, guardrails and the cache bring theirs. */
type LaterCode = 'CACHE_MISS' | 'RATE_LIMITED' | 'BUDGET_EXCEEDED' | 'HOLD_EXHAUSTED' | 'CONTENT_BLOCKED';

export const ErrorCodeEnum = declareEnum<Exclude<ErrorCode, LaterCode>>('ErrorCode', 'What callers branch on.', {
  INVALID_REQUEST: 'The input is wrong (InvalidRequest); `problems` tells where.',
  IDEMPOTENCY_MISMATCH: 'The idempotency key was used with another input (InvalidRequest).',
  COST_LIMIT_EXCEEDED: 'The call is predicted to cost more than `maxCost` (InvalidRequest).',
  MODEL_NOT_FOUND: 'No enabled deployment serves the model (ModelUnavailable).',
  MODEL_NOT_ALLOWED: 'The API key may not use the model (ModelUnavailable).',
  CAPABILITY_NOT_SUPPORTED: 'No model of the targets can take what the call holds; the message names it (ModelUnavailable).',
  UNPRICED_MODEL: 'The model has no price, and `maxCost` asks for one (ModelUnavailable).',
  CONTEXT_LENGTH_EXCEEDED: 'The prompt is longer than the context window (ProvidersFailed).',
  PROVIDER_FAILED: 'The provider failed or could not be reached (ProvidersFailed). Retryable with a new idempotency key.',
  PROVIDER_TIMEOUT: 'The provider did not answer in time (ProvidersFailed). Retryable with a new idempotency key.',
  PROVIDER_OVERLOADED: 'The provider is overloaded or limits our rate (ProvidersFailed). Retryable with a new idempotency key.',
  PROVIDER_AUTH_FAILED: 'The provider refused the gateway’s credential (ProvidersFailed).',
  PROVIDER_CONTENT_FILTER: 'The provider refused the content (ProvidersFailed).',
  ALL_TARGETS_COOLING: 'Every target is cooling down (ProvidersFailed). Retryable after `retryAfterMs`.',
  DEADLINE_EXCEEDED: 'The call’s time was over (GatewayFailed). Retryable with a new idempotency key.',
  CANCELLED: 'The call was cancelled (Cancelled).',
  INTERRUPTED: 'The gateway stopped or crashed before the call ended (GatewayFailed). Retryable with a new idempotency key.',
  CONFLICT: 'In conflict with what exists (Conflict).',
  NOT_FOUND: 'There is no such thing, or it is not yours (NotFound).',
});
