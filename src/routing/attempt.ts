import { EMPTY_ANSWER } from '../core/answer.js';
import type { Deployment } from '../core/catalogue.js';
import { newId } from '../core/ids.js';
import type { ChatCallOptions } from '../providers/contract.js';
import type { Attempt } from './contract.js';
import type { DrainableOutcome } from './drain.js';
import type { Journey, Tools } from './journey.js';
import { toTarget } from './target.js';

const STATUS_OF = { succeeded: 'SUCCEEDED', failed: 'FAILED', cancelled: 'CANCELLED' } as const;

/** One upstream call, from its announcement to what it came to; known to health in every case. */
export async function makeAttempt(journey: Journey, target: Deployment, tools: Tools): Promise<Attempt> {
  const { health, clock } = tools;
  const { watch, attempts } = journey;
  const started = startAttempt(target, attempts.length, clock.now());
  health.attemptStarted(target);
  watch.onAttemptStarted?.(started);
  let ended: Attempt = { ...started, status: 'CANCELLED' };
  try {
    const outcome = await ask(journey, target, tools);
    for (const warning of outcome.warnings) journey.warnings.add(warning);
    ended = endAttempt(started, outcome);
  } finally {
    health.attemptEnded(ended);
    attempts.push(ended);
  }
  return ended;
}

function ask({ watch, call }: Journey, target: Deployment, { caller, timeouts, drains }: Tools): Promise<DrainableOutcome> {
  const { stream, signal, onDeltas, mayDrain } = watch;
  const run = (options: ChatCallOptions) => caller.chat(call, toTarget(target), options);
  if (target.onCancel !== 'DRAIN' || !mayDrain) return run({ stream, signal, timeouts, onDeltas });
  return drains.chat(run, { stream, signal, timeouts, onDeltas, mayDrain });
}

function startAttempt(deployment: Deployment, index: number, startedAt: Date): Attempt {
  const nothingYet = { failure: null, accepted: false, answer: EMPTY_ANSWER, firstTokenMs: null, durationMs: null };
  return { id: newId('attempt'), index, deployment, status: 'RUNNING', startedAt, ...nothingYet };
}

function endAttempt(started: Attempt, outcome: DrainableOutcome): Attempt {
  const { status, failure, accepted, answer, firstTokenMs, durationMs, rest } = outcome;
  const ended: Attempt = { ...started, status: STATUS_OF[status], failure, accepted, answer, firstTokenMs, durationMs };
  if (!rest) return ended;
  // When it was over for its caller stays as it was; a reading that breaks leaves what is known.
  const whole = rest.then(
    (last) => ({ ...ended, answer: last.answer, accepted: last.accepted }),
    () => ended,
  );
  return { ...ended, rest: whole };
}
