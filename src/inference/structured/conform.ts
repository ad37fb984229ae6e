import type { CallJournal } from '../../accounting/journal/contract.js';
import { answerText } from '../../core/answer.js';
import type { Answer } from '../../core/answer.js';
import type { Clock } from '../../core/clock.js';
import type { Logger } from '../../core/logger.js';
import type { FinishReason } from '../../core/vocabulary.js';
import type { Attempt, DispatchOutcome, DispatchWatch, Router } from '../../routing/contract.js';
import { onceMore } from '../../routing/once-more.js';
import { journaledWatch } from '../journaling.js';
import type { RunningCompletion } from '../running.js';
import { createHolding } from './holding.js';
import type { Held, Holding } from './holding.js';
import { tell } from './misfits.js';
import type { Misfit } from './misfits.js';
import { affords, markedAttempts, markingWatch, repairCall } from './repair.js';
import type { AnswerSchemas, SchemaCall, Verdict } from './schemas.js';

export interface ConformDependencies {
  readonly router: Router;
  readonly schemas: AnswerSchemas;
  readonly journal?: CallJournal;
  readonly clock: Clock;
  readonly logger: Logger;
}

type Begun = Pick<RunningCompletion, 'start' | 'state' | 'plan' | 'watch'>;

/** An answer in words: the others are cut, refused, or ask for tools, and say so themselves. */
const WHOLE: ReadonlySet<FinishReason> = new Set(['STOP', 'OTHER']);
const FIELD = 'responseFormat.jsonSchema.schema';

/**
 * A completion whose answer is to have a JSON schema:
 * 1. It is asked like any other. Words that may have to be replaced are held back (holding.ts).
 * 2. What the vendor vouches for is not checked, nor what is no whole answer in words. A misfit is told in the warnings.
 * 3. Where the deployment says so, it is asked once more, with the answer and its faults, by the same deadline, and within `maxCost`.
 *    The second answer takes the first one's place where it fits; else the first one stands. Both are paid for.
 * 4. The words of the one that counts are told.
 */
export async function dispatchToSchema(asked: SchemaCall, begun: Begun, dependencies: ConformDependencies): Promise<DispatchOutcome> {
  const { start, state, plan, watch } = begun;
  const { router, journal, logger } = dependencies;
  const holding = createHolding(watch);
  const told = journal ? journaledWatch({ start, state, watch: holding.watch }, journal) : holding.watch;
  const first = await router.dispatch(asked.call, plan, told);
  let end: Ending = { outcome: first, held: holding.aside() };
  try {
    end = await conform(end, { asked, begun, holding, told, ...dependencies });
  } catch (error) {
    logger.error({ err: error, completionId: start.id }, 'an answer could not be held against its schema');
  }
  holding.tell(end.held);
  return end.outcome;
}

/** An outcome with the words that belong to it, where they are still to be told. */
interface Ending {
  readonly outcome: DispatchOutcome;
  readonly held: Held;
}

interface Case extends ConformDependencies {
  readonly asked: SchemaCall;
  readonly begun: Begun;
  readonly holding: Holding;
  readonly told: DispatchWatch;
}

async function conform(first: Ending, one: Case): Promise<Ending> {
  const answered = first.outcome.attempts.at(-1);
  const verdict = judge(first.outcome, one);
  if (!answered || verdict === null || verdict.kind === 'fits') return first;
  if (verdict.kind === 'unchecked')
    return warned(first, `schema_unchecked: the answer was not checked against ${FIELD}: ${verdict.because}`);
  const faults = tell(verdict.misfits);
  const mismatch = `schema_mismatch: the answer does not fit ${FIELD}: ${faults}`;
  if (answered.deployment.structuredOutputRepair !== true) return warned(first, mismatch);
  const repaired = await repair(first, { answered, misfits: verdict.misfits }, one);
  if ('not' in repaired) return warned(repaired.ending, `${mismatch}. It was not repaired: ${repaired.not}`);
  return warned(repaired.ending, `schema_repaired: the first answer did not fit ${FIELD}: ${faults}. Usage and cost are those of both`);
}

/** Null: nothing is to be said of it. */
function judge({ status, attempts }: DispatchOutcome, { holding, schemas, asked }: Case): Verdict | null {
  const answered = attempts.at(-1);
  if (status !== 'succeeded' || !answered || holding.vouches(answered) || !isWhole(answered.answer)) return null;
  return schemas.check(asked.schema, answerText(answered.answer.message));
}

function isWhole({ ended, finishReason, message }: Answer): boolean {
  const isInWords = message.refusal === null && message.parts.every(({ kind }) => kind !== 'toolCall');
  return ended && isInWords && (finishReason === null || WHOLE.has(finishReason));
}

interface Fault {
  readonly answered: Attempt;
  readonly misfits: readonly Misfit[];
}

type Repaired = { readonly ending: Ending } | { readonly ending: Ending; readonly not: string };

async function repair(first: Ending, { answered, misfits }: Fault, one: Case): Promise<Repaired> {
  const { asked, begun, holding, told, router, clock } = one;
  const { attempts } = first.outcome;
  if (holding.hasTold) return { ending: first, not: 'it had been told already' };
  if (told.signal.aborted || told.deadlineAtMs <= clock.monotonicMs()) return { ending: first, not: 'no time was left' };
  const call = repairCall(asked.call, answered, misfits);
  if (!affords(asked.call, attempts, call)) return { ending: first, not: 'that could cost more than maxCost allows' };
  const faults = tell(misfits);
  told.onAttemptFailed?.(answered, `schema_mismatch: ${faults}: asked once more`);
  const mark = { offset: attempts.length, asked: call, reason: `The answer before it did not fit ${FIELD}: ${faults}` };
  const second = await router.dispatch(call, onceMore(begun.plan, answered.deployment), markingWatch(told, mark));
  return choose(first, { outcome: { ...second, attempts: markedAttempts(second, mark) }, held: holding.aside() }, one);
}

/** Whose answer counts is the last of the attempts. */
function choose(first: Ending, second: Ending, one: Case): Repaired {
  const before = first.outcome.attempts;
  const after = second.outcome.attempts;
  const warnings = [...new Set([...first.outcome.warnings, ...second.outcome.warnings])];
  const pausedMs = first.outcome.pausedMs + second.outcome.pausedMs;
  const both = { ...first.outcome, warnings, pausedMs };
  const left: DispatchOutcome = { ...both, status: 'cancelled', attempts: [...before, ...after] };
  // Who has left is told so, whatever had come by then; a deadline or a stop takes nobody's answer away.
  if (second.outcome.status === 'cancelled' && one.told.signal.reason === 'cancelled')
    return { ending: { outcome: left, held: after.length > 0 ? second.held : first.held } };
  if (fits(second.outcome, one)) return { ending: { outcome: { ...both, attempts: [...before, ...after] }, held: second.held } };
  const kept: Ending = { outcome: { ...both, attempts: [...before.slice(0, -1), ...after, ...before.slice(-1)] }, held: first.held };
  return {
    ending: kept,
    not: second.outcome.status === 'succeeded' ? 'the second answer does not fit either' : 'it could not be asked again',
  };
}

function fits(outcome: DispatchOutcome, one: Case): boolean {
  const answered = outcome.attempts.at(-1);
  if (outcome.status !== 'succeeded' || !answered || !isWhole(answered.answer)) return false;
  return one.holding.vouches(answered) || judge(outcome, one)?.kind === 'fits';
}

function warned({ outcome, held }: Ending, warning: string): Ending {
  return { outcome: { ...outcome, warnings: [...outcome.warnings, warning] }, held };
}
