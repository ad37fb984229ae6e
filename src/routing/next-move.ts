import { assertNever } from '../core/assert-never.js';
import type { Random } from '../core/clock.js';
import { FAILURE_POLICIES } from '../core/failures.js';
import type { Failure } from '../core/failures.js';

/** All in milliseconds but the counts. */
export const RETRY_DEFAULTS = {
  retries: 2,
  backoffMs: 500,
  maxBackoffMs: 5_000,
  maxRetryAfterMs: 60_000,
  minJitter: 0.8,
  maxJitter: 1.2,
} as const;

/** What is known when an attempt has failed. */
export interface Situation {
  /** Retries this target has had already, and may have in all. */
  readonly retries: number;
  readonly maxRetries: number;
  /** How often this target has failed in this class, this time included. */
  readonly failuresOfClass: number;
  /** Words have reached the caller. */
  readonly contentSeen: boolean;
  /** Another target of the plan could be asked now, for this failure. */
  readonly otherTargetHealthy: boolean;
  /** Milliseconds already waited because upstreams asked for it. */
  readonly waitedMs: number;
  /** Milliseconds until the call's own deadline. */
  readonly remainingMs: number;
  /** The retry budget allows one more. */
  readonly budgetAllows: boolean;
}

/** `next`: another target, where the plan has one. */
export type Move =
  | { readonly kind: 'retry'; readonly delayMs: number; readonly reason: string }
  | { readonly kind: 'next'; readonly reason: string }
  | { readonly kind: 'stop'; readonly reason: string };

/** What to do after a failure: the table of failure classes, put to work. */
export function nextMove(failure: Failure, situation: Situation, random: Random): Move {
  if (situation.contentSeen) return { kind: 'stop', reason: 'the answer had begun: nothing is restarted in silence' };
  const refusal = whyNoRetry(failure, situation);
  if (refusal !== null) return withoutRetry({ failure, situation }, refusal);
  const delayMs = delayBeforeRetry(failure, situation, random);
  if (delayMs >= situation.remainingMs) return withoutRetry({ failure, situation }, 'the call would be over before the retry');
  const asked = failure.retryAfterMs ?? 0;
  if (asked > 0 && situation.waitedMs + asked > RETRY_DEFAULTS.maxRetryAfterMs)
    return withoutRetry({ failure, situation }, 'the upstream asks for a longer wait');
  return { kind: 'retry', delayMs, reason: `${failure.class}: asked again` };
}

function whyNoRetry(failure: Failure, situation: Situation): string | null {
  if (!mayAskAgain(failure, situation)) return `${failure.class} is not asked again`;
  if (situation.otherTargetHealthy && FAILURE_POLICIES[failure.class].sameTarget !== 'once-corrected')
    return `${failure.class}: another target is healthy`;
  if (situation.retries >= situation.maxRetries) return `${situation.maxRetries} retries are used up`;
  return situation.budgetAllows ? null : 'the retry budget is used up';
}

function mayAskAgain(failure: Failure, situation: Situation): boolean {
  const policy = FAILURE_POLICIES[failure.class].sameTarget;
  switch (policy) {
    case 'no':
      return false;
    case 'yes':
    case 'before-content':
      return true;
    case 'once':
      return situation.failuresOfClass === 1;
    case 'once-corrected':
      return situation.failuresOfClass === 1 && failure.parameter !== undefined;
    case 'after-retry-after':
      return !situation.otherTargetHealthy;
    default:
      return assertNever(policy);
  }
}

function withoutRetry({ failure, situation }: { failure: Failure; situation: Situation }, reason: string): Move {
  const policy = FAILURE_POLICIES[failure.class].nextTarget;
  switch (policy) {
    case 'yes':
    case 'before-content':
      return { kind: 'next', reason };
    // Where the plan has nobody whom this failure leads to, it ends here all the same.
    case 'no':
    case 'larger-window':
    case 'if-route-says':
      return { kind: situation.otherTargetHealthy ? 'next' : 'stop', reason };
    default:
      return assertNever(policy);
  }
}

/** A corrected request needs no pause; else 500 ms × 2ⁿ with jitter, and never before the upstream allows it. */
function delayBeforeRetry(failure: Failure, situation: Situation, random: Random): number {
  if (failure.class === 'UNSUPPORTED_PARAMETER') return 0;
  const { backoffMs, maxBackoffMs, minJitter, maxJitter } = RETRY_DEFAULTS;
  const jitter = minJitter + random() * (maxJitter - minJitter);
  const backoff = Math.min(backoffMs * 2 ** situation.retries, maxBackoffMs) * jitter;
  return Math.max(backoff, failure.retryAfterMs ?? 0);
}
