import { EMPTY_ANSWER } from '../core/answer.js';
import type { Deployment } from '../core/catalogue.js';
import { newId } from '../core/ids.js';
import type { ChatCallOutcome } from '../providers/contract.js';
import type { Attempt } from './contract.js';
import type { Journey, Tools } from './journey.js';
import { toTarget } from './target.js';

const STATUS_OF = { succeeded: 'SUCCEEDED', failed: 'FAILED', cancelled: 'CANCELLED' } as const;

/** One upstream call, from its announcement to what it came to; known to health in every case. */
export async function makeAttempt(journey: Journey, target: Deployment, { caller, health, clock, timeouts }: Tools): Promise<Attempt> {
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

function startAttempt(deployment: Deployment, index: number, startedAt: Date): Attempt {
  const nothingYet = { failure: null, accepted: false, answer: EMPTY_ANSWER, firstTokenMs: null, durationMs: null };
  return { id: newId('attempt'), index, deployment, status: 'RUNNING', startedAt, ...nothingYet };
}

function endAttempt(started: Attempt, { status, failure, accepted, answer, firstTokenMs, durationMs }: ChatCallOutcome): Attempt {
  return { ...started, status: STATUS_OF[status], failure, accepted, answer, firstTokenMs, durationMs };
}
