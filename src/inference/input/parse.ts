import type { CompletionCall } from '../../core/completion.js';
import { fail, invalidRequest, ok } from '../../core/errors.js';
import type { InputProblem, Result } from '../../core/errors.js';
import { DISCONNECT_POLICIES, REASONING_EFFORTS, TASK_KINDS } from '../../core/vocabulary.js';
import { parseMessages } from './messages.js';
import { readList, readNumber, readPlace, readText, readWord, report, requireText } from './place.js';
import type { Place } from './place.js';
import type { RawCompletionInput } from './raw.js';
import { parseRouting } from './routing.js';
import { LIMITS, parseProviderOptions, parseTags, readUsd, rootPlace, STORED_NAME, TIMEOUT, WHOLE_FROM_ONE } from './terms.js';
import { parseParallelToolCalls, parseResponseFormat, parseTools, parseToolChoice } from './tools.js';

/** The call that an input makes; or every problem it has, each with its path as in the input. Never throws, whatever it is given. */
export function parseCompletionInput(raw: RawCompletionInput): Result<CompletionCall> {
  const problems: InputProblem[] = [];
  const input = rootPlace(raw, problems);
  const call = parseCall(input);
  return problems.length === 0 ? ok(call) : fail(invalidRequest(problems));
}

function parseCall(input: Place): CompletionCall {
  const tools = parseTools(input);
  return {
    model: requireText(input, 'model', STORED_NAME),
    messages: parseMessages(input),
    tools,
    toolChoice: parseToolChoice(input, tools),
    parallelToolCalls: parseParallelToolCalls(input, tools),
    responseFormat: parseResponseFormat(input),
    reasoning: parseReasoningSettings(input),
    maxOutputTokens: readNumber(input, 'maxOutputTokens', WHOLE_FROM_ONE),
    temperature: readNumber(input, 'temperature', { min: 0, max: 2 }),
    topP: readNumber(input, 'topP', { min: 0, max: 1 }),
    stop: parseStop(input),
    seed: readNumber(input, 'seed', { whole: true }),
    frequencyPenalty: readNumber(input, 'frequencyPenalty', { min: -2, max: 2 }),
    presencePenalty: readNumber(input, 'presencePenalty', { min: -2, max: 2 }),
    task: readWord(input, 'task', TASK_KINDS),
    routing: parseRouting(input),
    maxCost: readUsd(input, 'maxCost'),
    timeoutMs: readNumber(input, 'timeoutMs', TIMEOUT),
    onDisconnect: readWord(input, 'onDisconnect', DISCONNECT_POLICIES),
    user: readText(input, 'user', STORED_NAME),
    sessionId: readText(input, 'sessionId', STORED_NAME),
    tags: parseTags(input),
    providerOptions: parseProviderOptions(input),
  };
}

function parseReasoningSettings(input: Place): CompletionCall['reasoning'] {
  const place = readPlace(input, 'reasoning');
  if (place === null) return null;
  const effort = readWord(place, 'effort', REASONING_EFFORTS);
  const maxTokens = readNumber(place, 'maxTokens', WHOLE_FROM_ONE);
  return effort === null && maxTokens === null ? null : { effort, maxTokens };
}

function parseStop(input: Place): readonly string[] {
  return readList(input, 'stop', LIMITS.stops).flatMap((value, index) => {
    if (typeof value === 'string' && value !== '') return value;
    report(input, `stop.${index}`, 'must be a text that is not empty');
    return [];
  });
}
