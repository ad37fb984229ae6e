import { GatewayError } from '../core/errors.js';
import { errorCode } from './error-code.js';

/** SQLSTATE classes and codes that say the database is away, stopping, full or read-only after a fail-over. */
const UNAVAILABLE_STATES = /^(08...|53...|57P0[1-5]|25006)$/;
const NETWORK_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOENT',
]);
/** pg and pg-pool mark these by words alone; TypeORM the last, when a connection broke between two statements of a transaction. */
const MESSAGES =
  /timeout exceeded when trying to connect|connection terminated|connection ended|connection error and is not queryable|client was closed|calling end on the pool|driver not connected|connection timeout|query runner (?:was )?already released/i;

const RETRY_AFTER_MS = 1_000;

/** SERVICE_UNAVAILABLE where the database is away, which must never look like a wrong key or a bug; else the error itself. */
export function asGatewayError(error: unknown): unknown {
  if (error instanceof GatewayError || !isUnavailable(error)) return error;
  return new GatewayError('SERVICE_UNAVAILABLE', 'The database is not available.', { cause: error, retryAfterMs: RETRY_AFTER_MS });
}

export function isUnavailable(error: unknown): boolean {
  const code = errorCode(error);
  if (code !== null && (UNAVAILABLE_STATES.test(code) || NETWORK_CODES.has(code))) return true;
  if (typeof error !== 'object' || error === null) return false;
  // Node tries every address of a host, and wraps what each said.
  if ('errors' in error && Array.isArray(error.errors) && error.errors.some(isUnavailable)) return true;
  return 'message' in error && MESSAGES.test(String(error.message));
}
