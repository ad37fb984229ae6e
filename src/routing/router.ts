import { EMPTY_ANSWER, hasContent } from '../core/answer.js';
import type { Deployment } from '../core/catalogue.js';
import type { Clock, Random } from '../core/clock.js';
import type { CompletionCall } from '../core/completion.js';
import type { FailureClass } from '../core/vocabulary.js';
import { newId } from '../core/ids.js';
import type { CallTimeouts, ChatCallOutcome, UpstreamCaller } from '../providers/contract.js';
import type { Attempt, DispatchOutcome, DispatchWatch, Router } from './contract.js';
import type { HealthBoard } from './health.js';
import { nextMove } from './next-move.js';
import type { Move } from './next-move.js';
import { pause } from './pause.js';
import { planRoute } from './plan.js';
import { createRetryBudget } from './retry-budget.js';
import { toTarget } from './target.js';

export const CALL_TIMEOUTS: CallTimeouts = { connectMs: 5_000, firstTokenMs: 60_000, idleMs: 30_000 };

export interface RouterDependencies {
  readonly caller: UpstreamCaller;
  readonly health: HealthBoard;
  readonly clock: Clock;
  readonly random: Random;
  readonly timeouts?: CallTimeouts;
}

/** One call on its way: what has been tried so far. */
interface Journey {
  readonly call: CompletionCall;
  readonly watch: DispatchWatch;
  readonly attempts: Attempt[];
  readonly warnings: Set<string>;
  /** Milliseconds between attempts, and of them those that upstreams asked for. */
  pausedMs: number;
  askedToWaitMs: number;
}

const STATUS_OF = { succeeded: 'SUCCEEDED', failed: 'FAILED', cancelled: 'CANCELLED' } as const;

export function createRouter({ caller, health, clock, random, timeouts = CALL_TIMEOUTS }: RouterDependencies): Router {
  const budget = createRetryBudget({ clock });

  async function dispatch(call: CompletionCall, plan: { readonly targets: readonly Deployment[] }, watch: DispatchWatch) {
    const journey: Journey = { call, watch, attempts: [], warnings: new Set(), pausedMs: 0, askedToWaitMs: 0 };
    let status: DispatchOutcome['status'] = 'failed';
    for (const target of plan.targets) {
      const verdict = await tryTarget(journey, target);
      if (verdict === 'next') continue;
      status = verdict;
      break;
    }
    return { status, attempts: journey.attempts, warnings: [...journey.warnings], pausedMs: journey.pausedMs };
  }

  /** Asks one target until it answers, or the table says to leave it. */
  async function tryTarget(journey: Journey, target: Deployment): Promise<DispatchOutcome['status'] | 'next'> {
    const failures: Partial<Record<FailureClass, number>> = {};
    for (let retries = 0; ; retries += 1) {
      if (journey.watch.signal.aborted) return 'cancelled';
      budget.countAttempt(target.id, retries > 0);
      const attempt = await makeAttempt(journey, target);
      if (attempt.status === 'CANCELLED') return 'cancelled';
      if (attempt.failure === null) return 'succeeded';
      const failuresOfClass = (failures[attempt.failure.class] ?? 0) + 1;
      failures[attempt.failure.class] = failuresOfClass;
      const move = moveAfter(attempt, journey, { retries, failuresOfClass });
      if (move.kind === 'stop') return 'failed';
      if (move.kind === 'next') return 'next';
      journey.watch.onAttemptFailed?.(attempt, move.reason);
      if (!(await rest(journey, attempt, move.delayMs))) return 'cancelled';
    }
  }

  function moveAfter(attempt: Attempt, journey: Journey, counts: { retries: number; failuresOfClass: number }): Move {
    if (attempt.failure === null) return { kind: 'stop', reason: 'answered' };
    const situation = {
      ...counts,
      contentSeen: hasContent(attempt.answer),
      otherTargetHealthy: false,
      waitedMs: journey.askedToWaitMs,
      remainingMs: journey.watch.deadlineAtMs - clock.monotonicMs(),
      budgetAllows: budget.allowsRetry(attempt.deployment.id),
    };
    return nextMove(attempt.failure, situation, random);
  }

  async function rest(journey: Journey, attempt: Attempt, delayMs: number): Promise<boolean> {
    journey.askedToWaitMs += attempt.failure?.retryAfterMs ?? 0;
    const startedMs = clock.monotonicMs();
    const whole = await pause(delayMs, journey.watch.signal, clock);
    journey.pausedMs += clock.monotonicMs() - startedMs;
    return whole;
  }

  async function makeAttempt(journey: Journey, target: Deployment): Promise<Attempt> {
    const { watch, call, attempts } = journey;
    const started = startAttempt(target, attempts.length, clock.now());
    health.attemptStarted(target);
    watch.onAttemptStarted?.(started);
    let ended: Attempt = { ...started, status: 'CANCELLED' };
    try {
      const { stream, signal, onDeltas } = watch;
      const outcome = await caller.chat(call, toTarget(target), { stream, signal, timeouts, onDeltas });
      for (const warning of outcome.warnings) journey.warnings.add(warning);
      ended = endAttempt(started, outcome);
    } finally {
      health.attemptEnded(ended);
      attempts.push(ended);
    }
    return ended;
  }

  return { plan: (call, context) => planRoute(call, context, random), dispatch };
}

function startAttempt(deployment: Deployment, index: number, startedAt: Date): Attempt {
  const nothingYet = { failure: null, accepted: false, answer: EMPTY_ANSWER, firstTokenMs: null, durationMs: null };
  return { id: newId('attempt'), index, deployment, status: 'RUNNING', startedAt, ...nothingYet };
}

function endAttempt(started: Attempt, { status, failure, accepted, answer, firstTokenMs, durationMs }: ChatCallOutcome): Attempt {
  return { ...started, status: STATUS_OF[status], failure, accepted, answer, firstTokenMs, durationMs };
}
