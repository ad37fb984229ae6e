import { lacks } from '../core/capabilities.js';
import type { CompletionCall, Message, Part } from '../core/completion.js';
import type { Capability } from '../core/vocabulary.js';
import { JSON_INSTRUCTION } from './answer-tool.js';
import type { ChatApi, ProviderTarget } from './contract.js';
import { leftOut } from './extra-fields.js';

export interface FittedCall {
  readonly call: CompletionCall;
  readonly stream: boolean;
  readonly warnings: readonly string[];
}

type Fitting = (call: CompletionCall, warnings: string[]) => CompletionCall;

/**
 * A call as a model can take it, in neutral words: for each capability that it lacks, the other way and what is told of it.
 * What there is no other way for has been refused, or sent to another target, before it comes here (core/capabilities.ts).
 */
const OTHER_WAYS: readonly (readonly [Capability, Fitting])[] = [
  ['REASONING', withoutReasoning],
  ['PARALLEL_TOOLS', withoutParallelTools],
  ['PROMPT_CACHING', withoutMarks],
  ['JSON_SCHEMA', withoutSchema],
  ['JSON_MODE', withoutJsonMode],
];

/** `ownWays`: what the translator knows a better way for itself. */
export function fitToModel(
  call: CompletionCall,
  given: { readonly target: ProviderTarget; readonly ownWays: ChatApi['ownWays']; readonly stream: boolean },
): FittedCall {
  const { capabilities } = given.target;
  const warnings: string[] = [];
  const stream = given.stream && !lacks(capabilities, 'STREAMING');
  if (stream !== given.stream) warnings.push('The answer came whole: the model does not stream.');
  const fitted = OTHER_WAYS.reduce(
    (rest, [capability, fit]) => (lacks(capabilities, capability) && given.ownWays?.has(capability) !== true ? fit(rest, warnings) : rest),
    call,
  );
  return { call: fitted, stream, warnings };
}

function withoutReasoning(call: CompletionCall, warnings: string[]): CompletionCall {
  const { reasoning } = call;
  if (reasoning === null) return call;
  // Not to reason is what such a model does anyway.
  const isAsked = (reasoning.effort !== null && reasoning.effort !== 'NONE') || reasoning.maxTokens !== null;
  if (isAsked) warnings.push(leftOut('reasoning', 'the model does not reason'));
  return { ...call, reasoning: null };
}

function withoutParallelTools(call: CompletionCall, warnings: string[]): CompletionCall {
  if (call.parallelToolCalls === null) return call;
  if (call.parallelToolCalls) warnings.push(leftOut('parallelToolCalls', 'the model calls one tool at a time'));
  return { ...call, parallelToolCalls: null };
}

function withoutMarks(call: CompletionCall, warnings: string[]): CompletionCall {
  if (!call.messages.some(({ parts }) => parts.some(({ promptCache }) => promptCache !== undefined))) return call;
  warnings.push(leftOut('promptCache', 'no prompts of this model are kept'));
  return { ...call, messages: call.messages.map((message) => ({ ...message, parts: message.parts.map(withoutMark) })) };
}

function withoutMark(part: Part): Part {
  const { promptCache: _, ...rest } = part;
  return rest;
}

function withoutSchema(call: CompletionCall, warnings: string[]): CompletionCall {
  const format = call.responseFormat;
  if (format?.kind !== 'jsonSchema') return call;
  warnings.push('The JSON schema was sent as an instruction: the model has no structured output, and the answer is not held to it.');
  const schema = `${JSON_INSTRUCTION} It must be valid against this JSON schema: ${JSON.stringify(format.schema)}`;
  return { ...call, messages: instructed(call.messages, schema), responseFormat: { kind: 'json' } };
}

function withoutJsonMode(call: CompletionCall, warnings: string[]): CompletionCall {
  if (call.responseFormat?.kind !== 'json') return call;
  warnings.push('JSON was asked for by an instruction: the model has no mode for it.');
  const isInstructed = call.messages.some(({ parts }) =>
    parts.some((part) => part.kind === 'text' && part.text.startsWith(JSON_INSTRUCTION)),
  );
  return { ...call, messages: isInstructed ? call.messages : instructed(call.messages, JSON_INSTRUCTION), responseFormat: null };
}

/** Behind the system's own messages, so that the prompt's beginning stays the same from call to call. */
function instructed(messages: readonly Message[], text: string): readonly Message[] {
  const spoken = messages.findIndex(({ role }) => role !== 'SYSTEM');
  const at = spoken < 0 ? messages.length : spoken;
  const instruction: Message = { role: 'SYSTEM', parts: [{ kind: 'text', text, signature: null }], toolCallId: null, isError: false };
  return messages.toSpliced(at, 0, instruction);
}
