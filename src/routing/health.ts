import type { Deployment } from '../core/catalogue.js';
import type { Clock } from '../core/clock.js';
import type { Failure } from '../core/failures.js';
import type { DeploymentId } from '../core/ids.js';
import type { HealthState } from '../core/vocabulary.js';
import { attemptEnded, forgetPast, phaseOf } from './breaker.js';
import type { Attempt } from './contract.js';
import { NO_STANDING } from './evidence.js';
import type { Block, Standing } from './evidence.js';
import { addSample, dropOld, measure, sampleOf } from './measures.js';
import type { Measures } from './measures.js';
import { blockOf, judge, learn, learnSlowness, newWatched, slowAfter, standingOf } from './watched.js';
import type { SlowQuestion, Verdict, Watched } from './watched.js';

const MAX_DEPLOYMENTS = 5_000;
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
  /** The same, with what balancing compares. */
  standing(deployment: Deployment): Standing;
  /** How long this percentile (50 to 99) of the last minute's answers took, in ms; streamed: until the first token. Null: too few. */
  slowAfter(deployment: Deployment, question: SlowQuestion): number | null;
  /** Before a call goes there: takes the one place for a probe where it is half open; false: another call has it. */
  admit(deployment: Deployment): boolean;
  attemptStarted(deployment: Deployment): void;
  attemptEnded(attempt: Attempt): void;
  /** How long no attempt has begun there; Infinity where none ever has. */
  idleMs(deployment: Deployment): number;
  /** What a look at its upstream came to, without an attempt; null: it is alive. */
  checked(deployment: Deployment, failure: Failure | null): void;
  /** Told whenever a state changes; returns how to end that. */
  onChange(listener: HealthListener): () => void;
  /** Of all that is known, how many are in each state: for metrics. */
  states(): readonly { readonly deployment: Deployment; readonly state: HealthState }[];
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
    standing(deployment) {
      const target = watched.get(deployment.id);
      return target ? standingOf(renewed(target, deployment), clock) : NO_STANDING;
    },
    slowAfter(deployment, question) {
      const target = watched.get(deployment.id);
      return target ? slowAfter(target, question, clock.monotonicMs()) : null;
    },
    admit: (deployment) => admit(board, deployment),
    attemptStarted(deployment) {
      const target = watch(board, deployment);
      target.inFlight += 1;
      target.standing = null;
      target.calledMs = clock.monotonicMs();
    },
    idleMs: ({ id }) => clock.monotonicMs() - (watched.get(id)?.calledMs ?? -Infinity),
    checked: (deployment, failure) => noteCheck(board, deployment, failure),
    attemptEnded: (attempt) => conclude(board, attempt),
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    states: () => [...watched.values()].map((target) => ({ deployment: target.deployment, state: settle(board, target).state })),
  };
}

function admit(board: Board, deployment: Deployment): boolean {
  const target = watch(board, deployment);
  const phase = phaseOf(target.breaker, board.clock.monotonicMs());
  if (phase === 'due') target.breaker.probeSinceMs = board.clock.now().getTime();
  if (phase === 'due') settle(board, target);
  return phase === 'due' || phase === 'closed';
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
  target.standing = null;
  const isProbe = breaker.probeSinceMs !== null && attempt.startedAt.getTime() >= breaker.probeSinceMs;
  if (attempt.status === 'CANCELLED') {
    if (isProbe) breaker.probeSinceMs = null;
    if (attempt.outrun === true) learnSlowness(target, attempt, nowMs);
    return;
  }
  addSample(samples, sampleOf(attempt, nowMs));
  dropOld(samples, nowMs);
  learn(target, attempt);
  forgetPast(breaker, nowMs);
  const credentialSetAtMs = attempt.deployment.provider.credential?.setAt.getTime() ?? null;
  attemptEnded(breaker, samples, { failure: attempt.failure, isProbe, credentialSetAtMs, nowMs });
  settle(board, target);
}

/** While it is open or cooling a look tells nothing new; where a probe is due it is one, and takes no call's place. */
function noteCheck(board: Board, deployment: Deployment, failure: Failure | null): void {
  const target = watch(board, deployment);
  const { breaker, samples } = target;
  const nowMs = board.clock.monotonicMs();
  const phase = phaseOf(breaker, nowMs);
  if (phase !== 'closed' && phase !== 'due') return;
  const credentialSetAtMs = deployment.provider.credential?.setAt.getTime() ?? null;
  attemptEnded(breaker, samples, { failure, isProbe: phase === 'due', credentialSetAtMs, nowMs });
  settle(board, target);
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
