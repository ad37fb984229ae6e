import { isServing } from '../core/catalogue.js';
import type { Deployment } from '../core/catalogue.js';
import type { Cancel, Clock } from '../core/clock.js';
import { totalOutput } from '../core/usage.js';
import type { HealthState } from '../core/vocabulary.js';
import { isCalm, newBreaker, phaseOf, shareOf } from './breaker.js';
import type { Breaker } from './breaker.js';
import type { Attempt } from './contract.js';
import { NO_READING } from './evidence.js';
import type { Block, Reading, Standing } from './evidence.js';
import { addSample, answerMsOf, dropOld, errorRateOf, moved, percentileOf, sampleOf } from './measures.js';
import type { Sample } from './measures.js';
import { whyNotServing } from './serving.js';

/** So many attempts, and so large a share of them failed, make a target DEGRADED. */
const DEGRADED = { attempts: 5, errorRate: 0.2 } as const;

/** What is kept of one target. */
export interface Watched {
  deployment: Deployment;
  inFlight: number;
  readonly samples: Sample[];
  readonly breaker: Breaker;
  /** When its last attempt began; monotonic. */
  calledMs: number;
  latencyMs: number | null;
  firstTokenMs: number | null;
  tokensPerSecond: number | null;
  msPerToken: number | null;
  state: HealthState;
  since: Date;
  cancelLook: Cancel | null;
  /** As it was last told, while that holds. */
  standing: Standing | null;
}

export function newWatched(deployment: Deployment, since: Date): Watched {
  const averages = { latencyMs: null, firstTokenMs: null, tokensPerSecond: null, msPerToken: null };
  return {
    deployment,
    inFlight: 0,
    samples: [],
    breaker: newBreaker(),
    calledMs: -Infinity,
    ...averages,
    state: 'HEALTHY',
    since,
    cancelLook: null,
    standing: null,
  };
}

export function learn(target: Watched, attempt: Attempt): void {
  const { failure, firstTokenMs, answer } = attempt;
  if (failure !== null && failure.class !== 'TIMEOUT') return;
  const durationMs = answerMsOf(attempt);
  target.msPerToken = moved(target.msPerToken, msPerTokenOf(target, attempt));
  target.latencyMs = moved(target.latencyMs, durationMs);
  target.firstTokenMs = moved(target.firstTokenMs, firstTokenMs);
  const tokens = answer.usage?.output ?? 0;
  if (tokens > 0 && durationMs !== null && durationMs > 0) {
    const value = (tokens / durationMs) * 1_000;
    target.tokensPerSecond = target.tokensPerSecond === null ? value : target.tokensPerSecond + 0.3 * (value - target.tokensPerSecond);
  }
}

/**
 * Thinking counts among the tokens: it is what the time went by for. Who ran out of time or was outrun has none to count, and is taken to be as
 * much slower for each token as it was on the whole; an answer without tokens (vectors, an empty text) tells nothing. Asked before the latency moves.
 */
function msPerTokenOf({ msPerToken, latencyMs }: Watched, attempt: Attempt): number | null {
  const durationMs = answerMsOf(attempt);
  if (durationMs === null) return null;
  const { usage } = attempt.answer;
  const tokens = usage === null ? 0 : totalOutput(usage);
  if (tokens > 0) return durationMs / tokens;
  if (attempt.status === 'SUCCEEDED' || msPerToken === null || latencyMs === null || durationMs <= latencyMs) return null;
  return latencyMs > 0 ? (msPerToken * durationMs) / latencyMs : null;
}

export interface SlowQuestion {
  readonly percentile: number;
  readonly streamed: boolean;
}

export function slowAfter({ samples }: Watched, { percentile, streamed }: SlowQuestion, nowMs: number): number | null {
  dropOld(samples, nowMs);
  return percentileOf(samples, { fraction: percentile / 100, of: streamed ? 'firstTokenMs' : 'durationMs' });
}

/** Who is outrun by a hedge took at least so long: where that is more than usual, forgetting it would make a slow target look fast. */
export function learnSlowness(target: Watched, attempt: Attempt, nowMs: number): void {
  const atLeastMs = attempt.durationMs ?? 0;
  if (atLeastMs <= (target.latencyMs ?? 0)) return;
  const slow = target.firstTokenMs === null ? attempt : { ...attempt, firstTokenMs: atLeastMs };
  addSample(target.samples, sampleOf(slow, nowMs));
  learn(target, slow);
}

/** Made anew when an attempt has begun or ended; between those it moves only while the breaker does. */
export function standingOf(target: Watched, clock: Clock): Standing {
  const { breaker } = target;
  if (isCalm(breaker)) return (target.standing ??= { block: null, reading: readingOf(target, 1) });
  return { block: blockOf(breaker, clock), reading: readingOf(target, shareOf(breaker, clock.monotonicMs())) };
}

function readingOf({ inFlight, latencyMs, firstTokenMs, tokensPerSecond, msPerToken }: Watched, share: number): Reading {
  if (inFlight === 0 && latencyMs === null && firstTokenMs === null && tokensPerSecond === null && share === 1) return NO_READING;
  return { inFlight, latencyMs, firstTokenMs, tokensPerSecond, msPerToken, share };
}

/** A probe ends nobody knows when: a second is what is told. */
const PROBE_MS = 1_000;

export function blockOf(breaker: Breaker, clock: Clock): Block | null {
  const { open, cooldownUntilMs } = breaker;
  if (open === null && cooldownUntilMs === -Infinity) return null;
  const nowMs = clock.monotonicMs();
  const phase = phaseOf(breaker, nowMs);
  if (phase === 'closed' || phase === 'due') return null;
  const instant = (untilMs: number) => clock.now().getTime() + untilMs - nowMs;
  if (phase === 'open' && open) return { untilMs: instant(Math.max(open.untilMs, cooldownUntilMs)), reason: `open: ${open.reason}` };
  if (phase === 'cooling') return { untilMs: instant(cooldownUntilMs), reason: 'cooling down: RATE_LIMITED' };
  return { untilMs: instant(nowMs + PROBE_MS), reason: 'half open, and a probe is running' };
}

export interface Verdict {
  readonly state: HealthState;
  readonly reason: string | null;
  readonly untilMs: number | null;
}

export function judge({ deployment, samples, breaker }: Watched, nowMs: number): Verdict {
  if (!isServing(deployment)) return { state: 'DISABLED', reason: whyNotServing(deployment), untilMs: null };
  const phase = phaseOf(breaker, nowMs);
  if (phase === 'open' && breaker.open) return { state: 'OPEN', reason: breaker.open.reason, untilMs: breaker.open.untilMs };
  if (phase === 'cooling') return { state: 'OPEN', reason: 'RATE_LIMITED: cooling down', untilMs: breaker.cooldownUntilMs };
  if (phase !== 'closed') return { state: 'HALF_OPEN', reason: breaker.open?.reason ?? null, untilMs: null };
  const errorRate = errorRateOf(samples);
  if (samples.length < DEGRADED.attempts || errorRate < DEGRADED.errorRate) return { state: 'HEALTHY', reason: null, untilMs: null };
  const reason = `${Math.round(errorRate * 100)} % of ${samples.length} attempts failed in the last minute`;
  return { state: 'DEGRADED', reason, untilMs: null };
}
