import type { ResponseFormat } from '../core/completion.js';

/** A tool of ours, by which models without structured output are made to answer in a schema; its input is the answer. */
export const ANSWER_TOOL = 'glidepath_answer';

export const ANSWER_TOOL_WARNING = 'The JSON schema was sent as a tool to be called: the model has no structured output.';

export function answerToolDescription({ name }: Extract<ResponseFormat, { kind: 'jsonSchema' }>): string {
  return `Gives the answer, as ${name}. Always answer by calling this tool.`;
}

/** For vendors without a mode for it. */
export const JSON_INSTRUCTION = 'Answer with one JSON object and nothing else: no words around it, no code fence.';
export const JSON_WARNING = 'JSON was asked for by an instruction: the provider has no mode for it.';
