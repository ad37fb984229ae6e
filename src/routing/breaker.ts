import { FAILURE_POLICIES } from '../core/failures.js';
import type { Failure } from '../core/failures.js';
import { errorRateOf } from './measures.js';
import type { Sample } from './measures.js';

/** Times in milliseconds. */
export const BREAKER = {
  failuresInRow: 3,
  attempts: 10,
  errorRate: 0.5,
  openMs: 30_000,
  probes: 2,
  closedTargetMs: 300_000,
  /** A 429 that names no time. */
  cooldownMs: 5_000,
  returnMs: 30_000,
  firstShare: 0.1,
} as const;

/**
 * One target's breaker. All instants are monotonic milliseconds.
 * 1. Closed: three failures in a row, or more than half of at least ten in the window, open it for 30 s.
 * 2. Open: nobody is sent there. AUTH and TARGET_NOT_FOUND open it at once, for 5 min; AUTH until its credential changes.
 * 3. Half open, when its time is over: one call at a time is a probe. Two good ones close it, a bad one opens it again.
 * 4. Closed again: it gets its share back by and by, over 30 s.
 * Beside it stands a cooldown, by 429s: the latest of the known deadlines; it needs no probes.
 */
export interface Breaker {
  row: number;
  open: { untilMs: number; reason: string; credentialSetAtMs: number | null } | null;
  probesGood: number;
  /** Since when a probe runs. */
  probeSinceMs: number | null;
  cooldownUntilMs: number;
  returnedAtMs: number | null;
}

export type BreakerPhase = 'closed' | 'open' | 'cooling' | 'due' | 'probing';

export function newBreaker(): Breaker {
  return { row: 0, open: null, probesGood: 0, probeSinceMs: null, cooldownUntilMs: -Infinity, returnedAtMs: null };
}

export function phaseOf(breaker: Breaker, nowMs: number): BreakerPhase {
  if (breaker.open && breaker.open.untilMs > nowMs) return 'open';
  if (breaker.cooldownUntilMs > nowMs) return 'cooling';
  if (!breaker.open) return 'closed';
  return breaker.probeSinceMs === null ? 'due' : 'probing';
}

/** How much of its share it gets: 1 where all is well, 0 where a probe is due. */
export function shareOf(breaker: Breaker, nowMs: number): number {
  if (breaker.open) return 0;
  if (breaker.returnedAtMs === null) return 1;
  const passed = (nowMs - breaker.returnedAtMs) / BREAKER.returnMs;
  return Math.min(1, Math.max(BREAKER.firstShare, passed));
}

/** Whether nothing of it depends on the time. */
export function isCalm({ open, cooldownUntilMs, returnedAtMs }: Breaker): boolean {
  return open === null && cooldownUntilMs === -Infinity && returnedAtMs === null;
}

/** A cooldown or a return that is over leaves no trace. */
export function forgetPast(breaker: Breaker, nowMs: number): void {
  if (breaker.cooldownUntilMs <= nowMs) breaker.cooldownUntilMs = -Infinity;
  if (breaker.open === null && shareOf(breaker, nowMs) === 1) breaker.returnedAtMs = null;
}

export interface Ended {
  readonly failure: Failure | null;
  /** The attempt began with the probe or after it. */
  readonly isProbe: boolean;
  readonly credentialSetAtMs: number | null;
  readonly nowMs: number;
}

/** What an attempt's end does to the breaker; `samples` hold it already. */
export function attemptEnded(breaker: Breaker, samples: Sample[], ended: Ended): void {
  const { failure, isProbe, nowMs } = ended;
  const probing = breaker.open !== null && isProbe;
  if (probing) breaker.probeSinceMs = null;
  if (failure === null) return succeeded(breaker, samples, { probing, nowMs });
  switch (FAILURE_POLICIES[failure.class].health) {
    case 'none':
      return;
    case 'cooldown':
      breaker.cooldownUntilMs = Math.max(breaker.cooldownUntilMs, nowMs + (failure.retryAfterMs ?? BREAKER.cooldownMs));
      return;
    case 'close-target': {
      const credentialSetAtMs = failure.class === 'AUTH' ? ended.credentialSetAtMs : null;
      const reason = failure.class === 'AUTH' ? 'the provider refused the credential' : 'the provider does not know the model';
      return openFor(breaker, { untilMs: nowMs + BREAKER.closedTargetMs, reason: `${failure.class}: ${reason}`, credentialSetAtMs });
    }
    case 'counts':
      return failed(breaker, samples, { failure, probing, nowMs });
  }
}

function succeeded(breaker: Breaker, samples: Sample[], { probing, nowMs }: { probing: boolean; nowMs: number }): void {
  breaker.row = 0;
  if (!probing) return;
  breaker.probesGood += 1;
  if (breaker.probesGood < BREAKER.probes) return;
  Object.assign(breaker, { open: null, probesGood: 0, returnedAtMs: nowMs });
  // What was before the outage's end says nothing of what comes.
  samples.length = 0;
}

function failed(breaker: Breaker, samples: readonly Sample[], now: { failure: Failure; probing: boolean; nowMs: number }): void {
  const { failure, probing, nowMs } = now;
  breaker.row += 1;
  const inRow = breaker.row >= BREAKER.failuresInRow;
  const rate = errorRateOf(samples);
  const tooMany = samples.length >= BREAKER.attempts && rate > BREAKER.errorRate;
  if (breaker.open !== null && !probing) return;
  if (!probing && !inRow && !tooMany) return;
  const why = probing
    ? 'a probe failed'
    : inRow
      ? `${breaker.row} failures in a row`
      : `${Math.round(rate * 100)} % of ${samples.length} failed`;
  openFor(breaker, { untilMs: nowMs + BREAKER.openMs, reason: `${failure.class}: ${why}`, credentialSetAtMs: null });
}

function openFor(breaker: Breaker, open: NonNullable<Breaker['open']>): void {
  if (breaker.open && breaker.open.untilMs > open.untilMs) return;
  Object.assign(breaker, { open, probesGood: 0, returnedAtMs: null, row: 0 });
}
