import type { FinishReason } from '../core/vocabulary.js';

/** Every reason that Claude's maker documents (https://platform.claude.com/docs/en/build-with-claude/handling-stop-reasons); clouds pass them on. */
export const CLAUDE_STOP_REASONS: readonly (readonly [string, FinishReason])[] = [
  ['end_turn', 'STOP'],
  ['stop_sequence', 'STOP'],
  ['max_tokens', 'LENGTH'],
  ['tool_use', 'TOOL_CALLS'],
  ['pause_turn', 'PAUSED'],
  ['refusal', 'REFUSAL'],
  ['model_context_window_exceeded', 'CONTEXT_LENGTH'],
];

/**
 * What is not in the table is OTHER: never silently STOP. Where only the tool that stands for structured output was called, that
 * is an answer; servers that stand in for the vendor say an end behind calls.
 */
export function finishReasonIn(
  table: ReadonlyMap<string, FinishReason>,
  { rawFinish, calls }: { readonly rawFinish: string | null; readonly calls: number },
): FinishReason {
  const named = table.get(rawFinish ?? '') ?? 'OTHER';
  if (named === 'TOOL_CALLS' || named === 'STOP') return calls === 0 ? 'STOP' : 'TOOL_CALLS';
  return named;
}
