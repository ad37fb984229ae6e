import { hasContent } from '../core/answer.js';
import type { Deployment } from '../core/catalogue.js';
import type { Clock } from '../core/clock.js';
import type { Failure } from '../core/failures.js';
import type { FailureClass } from '../core/vocabulary.js';
import { makeAttempt } from './attempt.js';
import type { Attempt, DispatchOutcome, RoutePlan } from './contract.js';
import type { Journey, Tools } from './journey.js';
import { nextMove, RETRY_DEFAULTS } from './next-move.js';
import type { Move } from './next-move.js';
import { pause } from './pause.js';
import { leadsTo } from './succession.js';
import type { Leg } from './walk-state.js';

/** What came of one target; `left` with the failure that made the call leave it. */
type Verdict = { readonly kind: DispatchOutcome['status'] } | { readonly kind: 'left'; readonly attempt: Attempt; readonly reason: string };

/**
 * Tries a plan's targets:
 * 1. In order, each at most once: who has been left is not come back to.
 * 2. A target that has opened since the plan was made is passed over; a half open one takes one call at a time.
 * 3. A failure leads to the next target where the table, or the route, says so; what was said before it is only told to nobody
 *    where no content had come. After content nothing is restarted.
 */
export async function tryTargets(journey: Journey, plan: RoutePlan, tools: Tools): Promise<DispatchOutcome['status']> {
  const legs = plan.targets.map((target) => legOf(plan, target));
  const isForced = plan.isForced === true;
  let at = isForced ? 0 : legs.findIndex(({ deployment }) => tools.health.admit(deployment));
  // All have opened since the plan was made: the first is asked all the same, for there is no refusing any more.
  if (at < 0) at = 0;
  for (let leg = legs[at]; leg; leg = legs[at]) {
    const later = legs.slice(at + 1);
    const verdict = await tryTarget(journey, { leg, later }, tools);
    if (verdict.kind !== 'left') return verdict.kind;
    const { failure } = verdict.attempt;
    const from = leg;
    const next = later.findIndex((to) => failure !== null && leadsTo(failure, from, to) && tools.health.admit(to.deployment));
    if (next < 0) return 'failed';
    journey.watch.onAttemptFailed?.(verdict.attempt, verdict.reason);
    at += next + 1;
  }
  return 'failed';
}

function legOf({ legs }: RoutePlan, deployment: Deployment): Leg {
  return legs?.get(deployment.id) ?? { deployment, terms: {}, groups: [], sticky: [], turns: [], experiment: null };
}

interface Stand {
  readonly leg: Leg;
  readonly later: readonly Leg[];
}

/** Asks one target until it answers, or the table says to leave it. */
async function tryTarget(journey: Journey, stand: Stand, tools: Tools): Promise<Verdict> {
  const { deployment } = stand.leg;
  const failures: Partial<Record<FailureClass, number>> = {};
  for (let retries = 0; ; retries += 1) {
    if (journey.watch.signal.aborted) return { kind: 'cancelled' };
    tools.budget.countAttempt(deployment.id, retries > 0);
    const attempt = await makeAttempt(journey, stand.leg, tools);
    const { failure } = attempt;
    if (attempt.status === 'CANCELLED') return { kind: 'cancelled' };
    if (failure === null) return { kind: 'succeeded' };
    const failuresOfClass = (failures[failure.class] ?? 0) + 1;
    failures[failure.class] = failuresOfClass;
    const move = decide({ attempt, failure, retries, failuresOfClass, stand }, journey, tools);
    if (move.kind === 'stop') return { kind: 'failed' };
    if (move.kind === 'next') return { kind: 'left', attempt, reason: move.reason };
    journey.watch.onAttemptFailed?.(attempt, move.reason);
    journey.askedToWaitMs += failure.retryAfterMs ?? 0;
    if (!(await rest(journey, move.delayMs, tools.clock))) return { kind: 'cancelled' };
  }
}

interface Setback {
  readonly attempt: Attempt;
  readonly failure: Failure;
  readonly retries: number;
  readonly failuresOfClass: number;
  readonly stand: Stand;
}

function decide(
  { attempt, failure, retries, failuresOfClass, stand }: Setback,
  journey: Journey,
  { budget, clock, health, random }: Tools,
): Move {
  const { leg, later } = stand;
  const situation = {
    retries,
    maxRetries: leg.terms.maxAttempts === undefined ? RETRY_DEFAULTS.retries : leg.terms.maxAttempts - 1,
    failuresOfClass,
    contentSeen: hasContent(attempt.answer),
    otherTargetHealthy: later.some((to) => leadsTo(failure, leg, to) && health.block(to.deployment) === null),
    waitedMs: journey.askedToWaitMs,
    remainingMs: journey.watch.deadlineAtMs - clock.monotonicMs(),
    budgetAllows: budget.allowsRetry(attempt.deployment.id),
  };
  return nextMove(failure, situation, random);
}

async function rest(journey: Journey, delayMs: number, clock: Clock): Promise<boolean> {
  const startedMs = clock.monotonicMs();
  const whole = await pause(delayMs, journey.watch.signal, clock);
  journey.pausedMs += clock.monotonicMs() - startedMs;
  return whole;
}
