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
  /timeout exceeded when trying to connect|timeout expired|query read timeout|connection terminated|connection ended|connection error and is not queryable|client was closed|calling end on the pool|driver not connected|connection timeout|query runner (?:was )?already released/i;
/** A statement that got no answer; and a connection that was given up because of that. */
const SILENT_MESSAGES = /query read timeout|connection terminated$/i;
/** The server is stopping or starting; and a connection that broke, or stayed silent, while it was made. */
const UNREACHABLE_STATES = /^57P0[1-5]$/;
const UNREACHABLE_MESSAGES = /timeout expired|connection terminated|connection timeout/i;

const RETRY_AFTER_MS = 1_000;

/** SERVICE_UNAVAILABLE where the database is away, which must never look like a wrong key or a bug; else the error itself. */
export function asGatewayError(error: unknown): unknown {
  if (error instanceof GatewayError || !isUnavailable(error)) return error;
  return new GatewayError('SERVICE_UNAVAILABLE', 'The database is not available.', { cause: error, retryAfterMs: RETRY_AFTER_MS });
}

export function isUnavailable(error: unknown): boolean {
  const code = errorCode(error);
  if (code !== null && (UNAVAILABLE_STATES.test(code) || NETWORK_CODES.has(code))) return true;
  return MESSAGES.test(messageOf(error)) || membersOf(error).some(isUnavailable);
}

/** Where making a connection failed like this, nobody else can make one now. */
export function isUnreachable(error: unknown): boolean {
  const code = errorCode(error);
  if (code !== null && (UNREACHABLE_STATES.test(code) || NETWORK_CODES.has(code))) return true;
  return UNREACHABLE_MESSAGES.test(messageOf(error)) || membersOf(error).some(isUnreachable);
}

/** The connection broke. Where nothing has been done on it yet, another may serve. */
export function isLost(error: unknown): boolean {
  return isUnavailable(error) && !wasSilent(error);
}

/** It may still be at work, or on a network that swallows everything: the connection is of no more use. */
export function wasSilent(error: unknown): boolean {
  return SILENT_MESSAGES.test(messageOf(error));
}

/** Node tries every address of a host, and wraps what each said. */
function membersOf(error: unknown): readonly unknown[] {
  if (typeof error !== 'object' || error === null || !('errors' in error) || !Array.isArray(error.errors)) return [];
  const members: readonly unknown[] = error.errors;
  return members;
}

function messageOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'message' in error ? String(error.message) : '';
}
