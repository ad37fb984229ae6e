import type { CompletionCall, Message } from '../../core/completion.js';
import type { ReasoningEffort } from '../../core/vocabulary.js';
import { currentTurnStart } from '../conversation.js';
import { leftOut } from '../extra-fields.js';

export type Thinking = { type: 'enabled'; budget_tokens: number } | { type: 'adaptive' } | { type: 'disabled' };
export type Effort = 'low' | 'medium' | 'high';

export interface ThinkingPlan {
  readonly thinking: Thinking | null;
  readonly effort: Effort | null;
}

/** How many tokens a model that takes a budget may think for, by the effort asked of it. The vendor's least is 1,024. */
export const THINKING_BUDGETS: Readonly<Record<Exclude<ReasoningEffort, 'NONE'>, number>> = {
  MINIMAL: 1_024,
  LOW: 2_048,
  MEDIUM: 8_192,
  HIGH: 16_384,
};
const LEAST_BUDGET = THINKING_BUDGETS.MINIMAL;

const EFFORTS = { MINIMAL: 'low', LOW: 'low', MEDIUM: 'medium', HIGH: 'high' } as const satisfies Record<
  Exclude<ReasoningEffort, 'NONE'>,
  Effort
>;

/**
 * Models that decide themselves how much to think, by the vendor's own names; older and unknown ones take a budget
 * (https://platform.claude.com/docs/en/build-with-claude/adaptive-thinking).
 */
const ADAPTIVE = /claude-((opus|sonnet|haiku|fable|mythos)-[5-9]|opus-4-[6-9]|sonnet-4-[6-9]|mythos-preview)/;

export interface ThinkingOptions {
  readonly upstreamModel: string;
  readonly refused: ReadonlySet<string>;
  /** The caller's cap on the whole answer, thinking included; null where there is none. */
  readonly maxTokens: number | null;
  /** The last answer with calls in it begins with thinking that goes back. */
  readonly thoughtBeforeCalls: boolean;
  readonly forcesTool: boolean;
  readonly warnings: string[];
}

/** What is asked of the model's reasoning, in the form that this model takes. */
export function planThinking(call: CompletionCall, options: ThinkingOptions): ThinkingPlan {
  const { reasoning } = call;
  const off: ThinkingPlan = { thinking: null, effort: null };
  if (reasoning === null || (reasoning.effort === null && reasoning.maxTokens === null)) return off;
  if (reasoning.effort === 'NONE') return { thinking: { type: 'disabled' }, effort: null };
  if (options.forcesTool) {
    options.warnings.push(leftOut('reasoning', 'the provider does not think where a tool must be called'));
    return off;
  }
  // A deployment that refused one form takes the other.
  const isAdaptive = ADAPTIVE.test(options.upstreamModel) !== options.refused.has('thinking');
  if (isAdaptive) return { thinking: { type: 'adaptive' }, effort: adaptiveEffort(reasoning, options) };
  const budget = withinCap(reasoning.maxTokens ?? THINKING_BUDGETS[reasoning.effort ?? 'MEDIUM'], options);
  if (budget === null || lacksThinking(call.messages, options)) return off;
  return { thinking: { type: 'enabled', budget_tokens: budget }, effort: null };
}

function adaptiveEffort(reasoning: NonNullable<CompletionCall['reasoning']>, { refused, warnings }: ThinkingOptions): Effort | null {
  const { effort, maxTokens } = reasoning;
  if (maxTokens !== null) warnings.push(leftOut('reasoning.maxTokens', 'the model takes an effort only'));
  const asked = effort === null || effort === 'NONE' ? effortOf(maxTokens ?? LEAST_BUDGET) : EFFORTS[effort];
  if (!refused.has('effort')) return asked;
  warnings.push(leftOut('reasoning.effort', 'the provider does not support it for this model'));
  return null;
}

function effortOf(maxTokens: number): Effort {
  if (maxTokens <= THINKING_BUDGETS.LOW) return 'low';
  return maxTokens <= THINKING_BUDGETS.MEDIUM ? 'medium' : 'high';
}

/** A budget must leave something of the cap for the answer, and has a least size. */
function withinCap(asked: number, { maxTokens, warnings }: ThinkingOptions): number | null {
  const budget = Math.min(Math.max(asked, LEAST_BUDGET), (maxTokens ?? Number.POSITIVE_INFINITY) - 1);
  if (budget < LEAST_BUDGET) {
    warnings.push(leftOut('reasoning', `the provider thinks with ${String(LEAST_BUDGET)} tokens at least, inside maxOutputTokens`));
    return null;
  }
  if (budget !== asked) warnings.push(`The reasoning budget was set to ${String(budget)} tokens.`);
  return budget;
}

/** Calls of the current turn that came without the vendor's own thinking can't be gone on with while thinking. */
function lacksThinking(conversation: readonly Message[], { thoughtBeforeCalls, warnings }: ThinkingOptions): boolean {
  const inTurn = conversation
    .slice(currentTurnStart(conversation) + 1)
    .some((message) => message.parts.some(({ kind }) => kind === 'toolCall'));
  if (!inTurn || thoughtBeforeCalls) return false;
  warnings.push(leftOut('reasoning', 'the tool calls of this turn were made without the provider’s own reasoning'));
  return true;
}
