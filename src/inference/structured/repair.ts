import { forecastCall } from '../../accounting/call-estimate.js';
import { DEFAULT_OUTPUT_CAP } from '../../accounting/estimate.js';
import { answerText } from '../../core/answer.js';
import type { CompletionCall, Message } from '../../core/completion.js';
import type { InferenceCall } from '../../core/operations.js';
import type { Attempt, DispatchOutcome, DispatchWatch } from '../../routing/contract.js';
import { billOf, priceOf, settleAttempt } from '../settlement.js';
import type { Misfit } from './misfits.js';

/**
 * The call once more, with the answer that did not fit and what is wrong with it. Under a `maxCost` its answer is capped, since
 * else nothing would bound what it costs.
 */
export function repairCall(call: CompletionCall, answered: Attempt, misfits: readonly Misfit[]): CompletionCall {
  const text = answerText(answered.answer.message) ?? '';
  const said = text.trim() === '' ? [] : [message('ASSISTANT', text)];
  const cap = Math.min(DEFAULT_OUTPUT_CAP, answered.deployment.model.maxOutputTokens ?? Infinity);
  return {
    ...call,
    messages: [...call.messages, ...said, message('USER', wordsOf(misfits))],
    maxOutputTokens: call.maxOutputTokens ?? (call.maxCost === null ? null : cap),
  };
}

function message(role: Message['role'], text: string): Message {
  return { role, parts: [{ kind: 'text', text, signature: null }], toolCallId: null, isError: false };
}

function wordsOf(misfits: readonly Misfit[]): string {
  const faults = misfits.map(({ exact }) => `- ${exact}`).join('\n');
  return `Your answer does not fit the JSON schema it must have:\n${faults}\nAnswer again with the whole corrected JSON and nothing else.`;
}

/** Whether all that was paid and the most that a repair can cost stay within what the call may cost; unknown is too much. */
export function affords(call: CompletionCall, attempts: readonly Attempt[], repair: CompletionCall): boolean {
  const answered = attempts.at(-1);
  if (call.maxCost === null) return true;
  if (!answered) return false;
  const { deployment, answer } = answered;
  const { contextWindow, maxOutputTokens } = deployment.model;
  const price = priceOf(deployment, answered.startedAt, answer.serviceTier);
  const most = forecastCall(repair, { contextWindow, maxOutputTokens, price }).high;
  const paid = billOf(attempts.map((attempt) => settleAttempt(attempt, call, null))).cost.total;
  return most !== null && paid !== null && paid + most <= call.maxCost;
}

/** What sets an attempt of a repair apart from those before it. */
interface Mark {
  /** How many there were before. */
  readonly offset: number;
  readonly asked: InferenceCall;
  readonly reason: string;
}

function marked(attempt: Attempt, { offset, asked, reason }: Mark): Attempt {
  const { rest } = attempt;
  const own = { ...attempt, index: attempt.index + offset, asked, reason };
  return rest ? { ...own, rest: rest.then((last) => marked({ ...last, index: attempt.index }, { offset, asked, reason })) } : own;
}

/** For dispatch, which counts each call's attempts from 0. */
export function markingWatch(watch: DispatchWatch, mark: Mark): DispatchWatch {
  return {
    ...watch,
    onAttemptStarted: (attempt) => watch.onAttemptStarted?.(marked(attempt, mark)),
    onAttemptFailed: (attempt, reason) => watch.onAttemptFailed?.(marked(attempt, mark), reason),
    onAttemptOutrun: (attempt) => watch.onAttemptOutrun?.(marked(attempt, mark)),
    onAsked: (attempt, holdsSchema) => watch.onAsked?.(attempt, holdsSchema),
  };
}

export function markedAttempts({ attempts }: DispatchOutcome, mark: Mark): readonly Attempt[] {
  return attempts.map((attempt) => marked(attempt, mark));
}
