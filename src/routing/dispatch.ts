import { hasContent } from '../core/answer.js';
import type { Clock } from '../core/clock.js';
import type { Failure } from '../core/failures.js';
import type { FailureClass } from '../core/vocabulary.js';
import { makeAttempt } from './attempt.js';
import type { Attempt, DispatchOutcome, Hedge, RoutePlan } from './contract.js';
import { allCooling } from './cooling.js';
import { race } from './hedge.js';
import type { Raced } from './hedge.js';
import type { Journey, Tools } from './journey.js';
import { nextMove, RETRY_DEFAULTS } from './next-move.js';
import type { Move } from './next-move.js';
import { pause } from './pause.js';
import { legByDefault } from './roster.js';
import { leadsTo } from './succession.js';
import type { Leg } from './walk-state.js';

/** What came of one target; `left` with the failure that made the call leave it. */
type Verdict =
  | { readonly kind: DispatchOutcome['status'] }
  | { readonly kind: 'left'; readonly from: Leg; readonly attempt: Attempt; readonly reason: string };

/**
 * Tries a plan's targets:
 * 1. In order, each at most once: who has been left is not come back to.
 * 2. A target that has opened since the plan was made is passed over; a half open one takes one call at a time. Where that
 *    leaves nobody, the call is refused, unless its route (or a model named without one) says that trying beats refusing.
 * 3. A failure leads to the next target where the table, or the route, says so; what was said before it is only told to nobody
 *    where no content had come. After content nothing is restarted.
 * 4. The first target may be joined by a second one where the route says so (hedge.ts).
 */
export async function tryTargets(journey: Journey, plan: RoutePlan, tools: Tools): Promise<DispatchOutcome['status']> {
  const roster = rosterOf(plan);
  if (hasLeft(journey)) return 'cancelled';
  const admitted = plan.isForced === true ? roster.first : admittedOf(roster, tools);
  if (!admitted && plan.isLenient !== true) return refuse(journey, roster.all(), tools);
  let leg = admitted ?? roster.first;
  let hedge = leg === roster.first ? hedgeOf(plan, roster) : null;
  while (leg) {
    const from: Leg = leg;
    const later = () => roster.all().slice(roster.all().indexOf(from) + 1);
    const verdict = await tryTarget(journey, { leg, later, hedge }, tools);
    if (verdict.kind !== 'left') return verdict.kind;
    const { attempt } = verdict;
    const { failure } = attempt;
    const others = untried(journey, later()).filter((to) => failure !== null && leadsTo(failure, verdict.from, to));
    if (others.length > 0 && hasLeft(journey)) return 'cancelled';
    const next = others.find(({ deployment }) => tools.health.admit(deployment));
    if (!next) return 'failed';
    journey.watch.onAttemptFailed?.(attempt, verdict.reason);
    leg = next;
    hedge = null;
  }
  return 'failed';
}

/** A plan's targets. Mostly the first one answers, and the order of the others is never asked for. */
interface Roster {
  readonly first: Leg | undefined;
  readonly all: () => readonly Leg[];
}

function rosterOf(plan: RoutePlan): Roster {
  if (plan.first) return { first: plan.first, all: () => plan.legs ?? [] };
  const legs = plan.targets.map(legByDefault);
  return { first: legs[0], all: () => legs };
}

function admittedOf({ first, all }: Roster, { health }: Tools): Leg | undefined {
  if (!first || health.admit(first.deployment)) return first;
  return all().find((leg) => leg !== first && health.admit(leg.deployment));
}

/** All have opened since the plan was made, or the one place for a probe is taken: a crowd that planned together must not meet there. */
function refuse(journey: Journey, legs: readonly Leg[], { health, clock }: Tools): DispatchOutcome['status'] {
  const nowMs = clock.now().getTime();
  const blocks = legs.map(({ deployment }) => health.block(deployment) ?? { untilMs: nowMs });
  journey.refusal = allCooling(blocks, nowMs);
  return 'failed';
}

/** Asked before a place for a probe is taken: only an attempt gives that back. */
function hasLeft({ watch }: Journey): boolean {
  return watch.signal.aborted;
}

/** Whom a hedge has asked already is not asked as a next target. */
function untried({ attempts }: Journey, legs: readonly Leg[]): readonly Leg[] {
  return legs.filter((leg) => attempts.every(({ deployment }) => deployment !== leg.deployment));
}

function hedgeOf({ hedge }: RoutePlan, { all }: Roster): Stand['hedge'] {
  const to = hedge && all().find(({ deployment }) => deployment.id === hedge.to);
  return to ? { hedge, to } : null;
}

interface Stand {
  readonly leg: Leg;
  readonly later: () => readonly Leg[];
  readonly hedge: { readonly hedge: Hedge; readonly to: Leg } | null;
}

/** Asks one target until it answers, or the table says to leave it. */
async function tryTarget(journey: Journey, stand: Stand, tools: Tools): Promise<Verdict> {
  let { leg } = stand;
  const failures: Partial<Record<FailureClass, number>> = {};
  for (let retries = 0; ; retries += 1) {
    if (journey.watch.signal.aborted) return { kind: 'cancelled' };
    tools.budget.countAttempt(leg.deployment.id, retries > 0);
    const raced: Raced = await attemptAt(journey, { leg, hedge: retries === 0 ? stand.hedge : null }, tools);
    const { attempt } = raced;
    const { failure } = attempt;
    leg = raced.leg;
    if (attempt.status === 'CANCELLED') return { kind: 'cancelled' };
    if (failure === null) return { kind: 'succeeded' };
    const failuresOfClass = (failures[failure.class] ?? 0) + 1;
    failures[failure.class] = failuresOfClass;
    const move = decide({ attempt, failure, retries, failuresOfClass, leg, later: untried(journey, stand.later()) }, journey, tools);
    if (move.kind === 'stop') return { kind: 'failed' };
    if (move.kind === 'next') return { kind: 'left', from: leg, attempt, reason: move.reason };
    journey.watch.onAttemptFailed?.(attempt, move.reason);
    journey.askedToWaitMs += failure.retryAfterMs ?? 0;
    if (!(await rest(journey, move.delayMs, tools.clock))) return { kind: 'cancelled' };
  }
}

async function attemptAt(journey: Journey, { leg, hedge }: Pick<Stand, 'leg' | 'hedge'>, tools: Tools): Promise<Raced> {
  if (hedge) return race(journey, { leg, ...hedge }, tools);
  return { attempt: await makeAttempt(journey, leg, tools), leg };
}

interface Setback {
  readonly attempt: Attempt;
  readonly failure: Failure;
  readonly retries: number;
  readonly failuresOfClass: number;
  readonly leg: Leg;
  readonly later: readonly Leg[];
}

function decide(
  { attempt, failure, retries, failuresOfClass, leg, later }: Setback,
  journey: Journey,
  { budget, clock, health, random }: Tools,
): Move {
  const situation = {
    retries,
    maxRetries: leg.way.terms.maxAttempts === undefined ? RETRY_DEFAULTS.retries : leg.way.terms.maxAttempts - 1,
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
