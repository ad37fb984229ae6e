import type { GraphQLFormattedError } from 'graphql';
import { GatewayError, TOP_LEVEL_CODES, type TopLevelCode } from '../core/errors.js';

/** The HTTP status of an answer that holds no data, by the code of its first error. */
export const STATUS_OF_CODE: Readonly<Record<TopLevelCode, number>> = {
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  BAD_USER_INPUT: 400,
  GRAPHQL_VALIDATION_FAILED: 400,
  OPERATION_TOO_COSTLY: 400,
  SERVICE_UNAVAILABLE: 503,
  INTERNAL: 500,
  NOT_FOUND: 404,
  EVENTS_EXPIRED: 410,
  EVENTS_ELSEWHERE: 409,
};

const DEFAULT_RETRY_AFTER_MS = 2_000;

export interface ErrorBody {
  readonly errors: readonly GraphQLFormattedError[];
}

export function errorBody(code: TopLevelCode, message: string, requestId: string): ErrorBody {
  return { errors: [{ message, extensions: { code, requestId } }] };
}

export function statusOf(errors: readonly GraphQLFormattedError[]): number {
  const code = errors[0]?.extensions?.['code'];
  return isTopLevelCode(code) ? STATUS_OF_CODE[code] : 500;
}

/** For the Retry-After header, in whole seconds: what the error says, else a little. */
export function retryAfterSeconds(retryAfterMs: unknown): string {
  const ms = typeof retryAfterMs === 'number' ? retryAfterMs : DEFAULT_RETRY_AFTER_MS;
  return String(Math.max(1, Math.ceil(ms / 1000)));
}

export function stopping(): GatewayError {
  return new GatewayError('SERVICE_UNAVAILABLE', 'The gateway is stopping; another replica will answer.');
}

function isTopLevelCode(code: unknown): code is TopLevelCode {
  return TOP_LEVEL_CODES.some((known) => known === code);
}
