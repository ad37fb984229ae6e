import { hasContent } from '../core/answer.js';
import type { Deployment } from '../core/catalogue.js';
import type { Clock } from '../core/clock.js';
import type { Failure } from '../core/failures.js';
import type { FailureClass } from '../core/vocabulary.js';
import type { CallTimeouts } from '../providers/contract.js';
import { makeAttempt } from './attempt.js';
import type { Attempt, DispatchOutcome, RoutePlan, Router } from './contract.js';
import { createDrains } from './drain.js';
import type { Journey, RouterDependencies, Tools } from './journey.js';
import { nextMove } from './next-move.js';
import type { Move } from './next-move.js';
import { pause } from './pause.js';
import { planRoute } from './plan.js';
import { createRetryBudget } from './retry-budget.js';

export const CALL_TIMEOUTS: CallTimeouts = { connectMs: 5_000, firstTokenMs: 60_000, idleMs: 30_000 };

type Verdict = DispatchOutcome['status'] | 'next';

export function createRouter(dependencies: RouterDependencies): Router {
  const tools: Tools = {
    timeouts: CALL_TIMEOUTS,
    ...dependencies,
    budget: createRetryBudget(dependencies),
    drains: createDrains({ clock: dependencies.clock }),
  };
  return {
    plan: (call, context) => planRoute(call, context, tools.random),
    async dispatch(call, plan, watch) {
      const journey: Journey = { call, watch, attempts: [], warnings: new Set(), pausedMs: 0, askedToWaitMs: 0 };
      const status = await tryTargets(journey, plan, tools);
      return { status, attempts: journey.attempts, warnings: [...journey.warnings], pausedMs: journey.pausedMs };
    },
    endDrains: () => tools.drains.close(),
  };
}

async function tryTargets(journey: Journey, { targets }: RoutePlan, tools: Tools): Promise<DispatchOutcome['status']> {
  for (const target of targets) {
    const verdict = await tryTarget(journey, target, tools);
    if (verdict !== 'next') return verdict;
  }
  return 'failed';
}

/** Asks one target until it answers, or the table says to leave it. */
async function tryTarget(journey: Journey, target: Deployment, tools: Tools): Promise<Verdict> {
  const failures: Partial<Record<FailureClass, number>> = {};
  for (let retries = 0; ; retries += 1) {
    if (journey.watch.signal.aborted) return 'cancelled';
    tools.budget.countAttempt(target.id, retries > 0);
    const attempt = await makeAttempt(journey, target, tools);
    const { failure } = attempt;
    if (attempt.status === 'CANCELLED') return 'cancelled';
    if (failure === null) return 'succeeded';
    const failuresOfClass = (failures[failure.class] ?? 0) + 1;
    failures[failure.class] = failuresOfClass;
    const move = decide({ attempt, failure, retries, failuresOfClass }, journey, tools);
    if (move.kind !== 'retry') return move.kind === 'next' ? 'next' : 'failed';
    journey.watch.onAttemptFailed?.(attempt, move.reason);
    journey.askedToWaitMs += failure.retryAfterMs ?? 0;
    if (!(await rest(journey, move.delayMs, tools.clock))) return 'cancelled';
  }
}

interface Setback {
  readonly attempt: Attempt;
  readonly failure: Failure;
  readonly retries: number;
  readonly failuresOfClass: number;
}

function decide({ attempt, failure, retries, failuresOfClass }: Setback, journey: Journey, { budget, clock, random }: Tools): Move {
  const situation = {
    retries,
    failuresOfClass,
    contentSeen: hasContent(attempt.answer),
    // A plan has one target until routes exist.
    otherTargetHealthy: false,
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
