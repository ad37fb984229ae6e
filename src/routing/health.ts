import { isServing } from '../core/catalogue.js';
import type { Deployment } from '../core/catalogue.js';
import type { Cancel, Clock } from '../core/clock.js';
import type { DeploymentId } from '../core/ids.js';
import type { HealthState } from '../core/vocabulary.js';
import { attemptEnded, newBreaker, phaseOf, shareOf } from './breaker.js';
import type { Breaker } from './breaker.js';
import type { Attempt } from './contract.js';
import { NO_READING } from './evidence.js';
import type { Block, Reading } from './evidence.js';
import { addSample, dropOld, errorRateOf, measure, moved, percentileOf, sampleOf } from './measures.js';
import type { Measures, Sample } from './measures.js';
import { whyNotServing } from './serving.js';

const MAX_DEPLOYMENTS = 5_000;
/** So many attempts, and so large a share of them failed, make a target DEGRADED. */
const DEGRADED = { attempts: 5, errorRate: 0.2 } as const;

/** How a deployment has been doing in the last minute, as the public contract names it. */
export interface DeploymentHealth extends Measures {
  readonly state: HealthState;
  readonly reason: string | null;
  readonly since: Date;
  readonly until: Date | null;
  readonly inFlight: number;
}

export type HealthListener = (deployment: DeploymentId, state: HealthState) => void;

/** What this process has seen of its upstreams; a port, so that replicas can share it. Read by GraphQL and plans, fed by dispatch. */
export interface HealthBoard {
  health(deployment: Deployment): DeploymentHealth;
  /** That nobody is to be sent there now; null: one may. */
  block(deployment: Deployment): Block | null;
  reading(deployment: Deployment): Reading;
  /** How long this percentile (50 to 99) of the last minute's answers took, in ms; streamed: until the first token. Null: too few. */
  slowAfter(deployment: Deployment, question: { readonly percentile: number; readonly streamed: boolean }): number | null;
  /** Before a call goes there: takes the one place for a probe where it is half open; false: another call has it. */
  admit(deployment: Deployment): boolean;
  attemptStarted(deployment: Deployment): void;
  attemptEnded(attempt: Attempt): void;
  /** Told whenever a state changes; returns how to end that. */
  onChange(listener: HealthListener): () => void;
  /** Of all that is known, how many are in each state: for metrics. */
  states(): readonly { readonly deployment: Deployment; readonly state: HealthState }[];
}

interface Watched {
  deployment: Deployment;
  inFlight: number;
  readonly samples: Sample[];
  readonly breaker: Breaker;
  latencyMs: number | null;
  firstTokenMs: number | null;
  tokensPerSecond: number | null;
  state: HealthState;
  since: Date;
  cancelLook: Cancel | null;
}

interface Board {
  readonly clock: Clock;
  readonly watched: Map<DeploymentId, Watched>;
  readonly listeners: Set<HealthListener>;
}

export function createHealthBoard({ clock }: { readonly clock: Clock }): HealthBoard {
  const board: Board = { clock, watched: new Map(), listeners: new Set() };
  const { watched, listeners } = board;
  return {
    health(deployment) {
      const target = watch(board, deployment);
      const { state, reason, untilMs } = settle(board, target);
      const until = untilMs === null ? null : new Date(clock.now().getTime() + untilMs - clock.monotonicMs());
      return { state, reason, since: target.since, until, inFlight: target.inFlight, ...measure(target.samples) };
    },
    block(deployment) {
      const target = watched.get(deployment.id);
      return target ? blockOf(renewed(target, deployment).breaker, clock) : null;
    },
    reading(deployment) {
      const target = watched.get(deployment.id);
      return target ? readingOf(target, clock) : NO_READING;
    },
    slowAfter(deployment, question) {
      const target = watched.get(deployment.id);
      return target ? slowAfter(target, question, clock.monotonicMs()) : null;
    },
    admit(deployment) {
      const target = watch(board, deployment);
      const phase = phaseOf(target.breaker, clock.monotonicMs());
      if (phase === 'due') target.breaker.probeSinceMs = clock.now().getTime();
      if (phase === 'due') settle(board, target);
      return phase === 'due' || phase === 'closed';
    },
    attemptStarted(deployment) {
      watch(board, deployment).inFlight += 1;
    },
    attemptEnded: (attempt) => conclude(board, attempt),
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    states: () => [...watched.values()].map((target) => ({ deployment: target.deployment, state: settle(board, target).state })),
  };
}

function watch({ watched, clock }: Board, deployment: Deployment): Watched {
  const known = watched.get(deployment.id);
  if (known) return renewed(known, deployment);
  if (watched.size >= MAX_DEPLOYMENTS) forgetOneIdle(watched);
  const fresh = newWatched(deployment, clock.now());
  watched.set(deployment.id, fresh);
  return fresh;
}

/** Brings what is shown in line with what is so, tells of a change, and looks again when time alone will change it. */
function settle(board: Board, target: Watched): Verdict {
  const { clock, listeners } = board;
  const nowMs = clock.monotonicMs();
  dropOld(target.samples, nowMs);
  const verdict = judge(target, nowMs);
  if (verdict.state !== target.state) {
    Object.assign(target, { state: verdict.state, since: clock.now() });
    for (const listener of listeners) listener(target.deployment.id, verdict.state);
  }
  target.cancelLook?.();
  const { untilMs } = verdict;
  const look = () => {
    target.cancelLook = null;
    settle(board, target);
  };
  target.cancelLook = untilMs === null || untilMs <= nowMs ? null : clock.after(untilMs - nowMs, look);
  return verdict;
}

function conclude(board: Board, attempt: Attempt): void {
  const target = watch(board, attempt.deployment);
  const { breaker, samples } = target;
  const nowMs = board.clock.monotonicMs();
  target.inFlight = Math.max(0, target.inFlight - 1);
  const isProbe = breaker.probeSinceMs !== null && attempt.startedAt.getTime() >= breaker.probeSinceMs;
  if (attempt.status === 'CANCELLED') {
    if (isProbe) breaker.probeSinceMs = null;
    if (attempt.outrun === true) learnSlowness(target, attempt, nowMs);
    return;
  }
  addSample(samples, sampleOf(attempt, nowMs));
  dropOld(samples, nowMs);
  learn(target, attempt);
  const credentialSetAtMs = attempt.deployment.provider.credential?.setAt.getTime() ?? null;
  attemptEnded(breaker, samples, { failure: attempt.failure, isProbe, credentialSetAtMs, nowMs });
  settle(board, target);
}

function newWatched(deployment: Deployment, since: Date): Watched {
  const averages = { latencyMs: null, firstTokenMs: null, tokensPerSecond: null };
  return { deployment, inFlight: 0, samples: [], breaker: newBreaker(), ...averages, state: 'HEALTHY', since, cancelLook: null };
}

/** A credential that was changed opens what the old one had closed. */
function renewed(target: Watched, deployment: Deployment): Watched {
  target.deployment = deployment;
  const closedWith = target.breaker.open?.credentialSetAtMs ?? null;
  if (closedWith !== null && deployment.provider.credential?.setAt.getTime() !== closedWith) target.breaker.open = null;
  return target;
}

function forgetOneIdle(watched: Map<DeploymentId, Watched>): void {
  for (const [id, { inFlight, cancelLook }] of watched) {
    if (inFlight > 0) continue;
    cancelLook?.();
    watched.delete(id);
    return;
  }
}

function learn(target: Watched, { failure, durationMs, firstTokenMs, answer }: Attempt): void {
  if (failure !== null && failure.class !== 'TIMEOUT') return;
  target.latencyMs = moved(target.latencyMs, durationMs);
  target.firstTokenMs = moved(target.firstTokenMs, firstTokenMs);
  const tokens = answer.usage?.output ?? 0;
  if (tokens > 0 && durationMs !== null && durationMs > 0) {
    const value = (tokens / durationMs) * 1_000;
    target.tokensPerSecond = target.tokensPerSecond === null ? value : target.tokensPerSecond + 0.3 * (value - target.tokensPerSecond);
  }
}

function slowAfter({ samples }: Watched, { percentile, streamed }: Parameters<HealthBoard['slowAfter']>[1], nowMs: number): number | null {
  dropOld(samples, nowMs);
  return percentileOf(samples, { fraction: percentile / 100, of: streamed ? 'firstTokenMs' : 'durationMs' });
}

/** Who is outrun by a hedge took at least so long: where that is more than usual, forgetting it would make a slow target look fast. */
function learnSlowness(target: Watched, attempt: Attempt, nowMs: number): void {
  const atLeastMs = attempt.durationMs ?? 0;
  if (atLeastMs <= (target.latencyMs ?? 0)) return;
  const slow = target.firstTokenMs === null ? attempt : { ...attempt, firstTokenMs: atLeastMs };
  addSample(target.samples, sampleOf(slow, nowMs));
  learn(target, slow);
}

function readingOf({ inFlight, latencyMs, firstTokenMs, tokensPerSecond, breaker }: Watched, clock: Clock): Reading {
  const share = breaker.open === null && breaker.returnedAtMs === null ? 1 : shareOf(breaker, clock.monotonicMs());
  if (inFlight === 0 && latencyMs === null && firstTokenMs === null && tokensPerSecond === null && share === 1) return NO_READING;
  return { inFlight, latencyMs, firstTokenMs, tokensPerSecond, share };
}

/** A probe ends nobody knows when: a second is what is told. */
const PROBE_MS = 1_000;

function blockOf(breaker: Breaker, clock: Clock): Block | null {
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

interface Verdict {
  readonly state: HealthState;
  readonly reason: string | null;
  readonly untilMs: number | null;
}

function judge({ deployment, samples, breaker }: Watched, nowMs: number): Verdict {
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
