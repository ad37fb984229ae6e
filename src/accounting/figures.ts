import type { InferenceRecord } from '../core/inference.js';
import { errorCode } from '../storage/error-code.js';
import type { Booking } from './booking.js';
import { usdText } from './ledger-amounts.js';

/** What a log tells of a booking that did not come to the ledger: enough to book it by hand. */
export function figuresOf(of: Booking | InferenceRecord): object {
  if ('inference' in of) return of.record ? figuresOf(of.record) : { row: of.inference };
  const { id, organizationId, apiKeyId, status, served, usage, cost, createdAt } = of;
  const tokens = usage && { ...usage, raw: undefined };
  return { id, organizationId, apiKeyId, status, served, tokens, cost: usdText(cost), createdAt };
}

/** An error of the database may carry the statement's parameters, a whole batch: only its words and code are told. */
export function reasonOf(error: unknown): object {
  if (!(error instanceof Error)) return { reason: String(error) };
  const cause = error.cause instanceof Error ? error.cause.message : undefined;
  return { reason: error.message, cause, code: errorCode(error) ?? undefined };
}
