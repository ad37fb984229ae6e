import { EMPTY_ANSWER } from '../core/answer.js';
import type { Deployment } from '../core/catalogue.js';
import type { Failure } from '../core/failures.js';
import { newId } from '../core/ids.js';
import { isOperation } from '../core/operations.js';
import type { CallTimeouts, ChatCallOptions } from '../providers/contract.js';
import type { TargetTerms } from './compile.js';
import type { Attempt } from './contract.js';
import type { DrainableOutcome } from './drain.js';
import type { Journey, Tools } from './journey.js';
import { toTarget } from './target.js';
import type { Leg } from './walk-state.js';

/** Why an attempt is ended that another one has outrun. */
export const OUTRUN = 'outrun';

const STATUS_OF = { succeeded: 'SUCCEEDED', failed: 'FAILED', cancelled: 'CANCELLED' } as const;

/** One upstream call, from its announcement to what it came to; known to health in every case. */
export async function makeAttempt(journey: Journey, { deployment, way }: Leg, tools: Tools): Promise<Attempt> {
  const { health, clock } = tools;
  const { watch, attempts, begun } = journey;
  const { terms } = way;
  const started = startAttempt(deployment, begun.count, clock.now());
  begun.count += 1;
  health.attemptStarted(deployment);
  watch.onAttemptStarted?.(started);
  const limit = createLimit(watch.signal, terms.timeoutMs ?? null, tools);
  let ended: Attempt = { ...started, status: 'CANCELLED' };
  try {
    const timeouts = timeoutsOf(terms, tools.timeouts);
    const plain = { stream: watch.stream, signal: limit.signal, timeouts, onDeltas: watch.onDeltas };
    const { onAsked } = watch;
    const options = onAsked ? { ...plain, onAsked: (holdsSchema: boolean) => onAsked(started, holdsSchema) } : plain;
    const outcome = await ask(journey, deployment, { ...tools, options, limit });
    for (const warning of outcome.warnings) journey.warnings.add(warning);
    ended = endAttempt(started, limit.judge(outcome));
    if (ended.status === 'CANCELLED' && watch.signal.reason === OUTRUN) ended = { ...ended, outrun: true };
  } finally {
    limit.clear();
    health.attemptEnded(ended);
    attempts.push(ended);
  }
  return ended;
}

function timeoutsOf({ firstTokenTimeoutMs, idleTimeoutMs }: TargetTerms, defaults: CallTimeouts): CallTimeouts {
  if (firstTokenTimeoutMs === undefined && idleTimeoutMs === undefined) return defaults;
  return { ...defaults, firstTokenMs: firstTokenTimeoutMs ?? defaults.firstTokenMs, idleMs: idleTimeoutMs ?? defaults.idleMs };
}

/** The time of one attempt: past it the call is ended, and what it came to is a TIMEOUT, not a cancel. */
interface Limit {
  readonly signal: AbortSignal;
  judge(outcome: DrainableOutcome): DrainableOutcome;
  isOver(): boolean;
  clear(): void;
}

function createLimit(outer: AbortSignal, timeoutMs: number | null, { clock }: Pick<Tools, 'clock'>): Limit {
  if (timeoutMs === null) return { signal: outer, judge: (outcome) => outcome, isOver: () => false, clear: () => undefined };
  const controller = new AbortController();
  let timedOut = false;
  const follow = () => controller.abort(outer.reason);
  outer.addEventListener('abort', follow, { once: true });
  if (outer.aborted) follow();
  const cancel = clock.after(timeoutMs, () => {
    timedOut = true;
    controller.abort();
  });
  const failure: Failure = { class: 'TIMEOUT', detail: `No whole answer within ${timeoutMs} ms.`, httpStatus: null, retryAfterMs: null };
  return {
    signal: controller.signal,
    isOver: () => timedOut,
    judge: (outcome) =>
      timedOut && outcome.status === 'cancelled' && !outer.aborted ? { ...outcome, status: 'failed', failure } : outcome,
    clear() {
      cancel();
      outer.removeEventListener('abort', follow);
    },
  };
}

interface Asking extends Tools {
  readonly options: ChatCallOptions;
  readonly limit: Limit;
}

function ask({ watch, call }: Journey, target: Deployment, { caller, drains, options, limit }: Asking): Promise<DrainableOutcome> {
  const { mayDrain } = watch;
  const run = (given: ChatCallOptions) =>
    isOperation(call) ? caller.ask(call, toTarget(target), given) : caller.chat(call, toTarget(target), given);
  if (target.onCancel !== 'DRAIN' || !mayDrain) return run(options);
  // What is over because the attempt took too long is not read on: another target is asked instead.
  return drains.chat(run, { ...options, mayDrain: () => !limit.isOver() && mayDrain() });
}

function startAttempt(deployment: Deployment, index: number, startedAt: Date): Attempt {
  const nothingYet = { failure: null, accepted: false, answer: EMPTY_ANSWER, firstTokenMs: null, durationMs: null };
  return { id: newId('attempt'), index, deployment, status: 'RUNNING', startedAt, ...nothingYet };
}

function endAttempt(started: Attempt, outcome: DrainableOutcome): Attempt {
  const { status, failure, accepted, answer, firstTokenMs, durationMs, fetchMs, rest } = outcome;
  const told: Attempt = { ...started, status: STATUS_OF[status], failure, accepted, answer, firstTokenMs, durationMs };
  const ended = fetchMs === undefined ? told : { ...told, fetchMs };
  if (!rest) return ended;
  // When it was over for its caller stays as it was; a reading that breaks leaves what is known.
  const whole = rest.then(
    (last) => ({ ...ended, answer: last.answer, accepted: last.accepted }),
    () => ended,
  );
  return { ...ended, rest: whole };
}
