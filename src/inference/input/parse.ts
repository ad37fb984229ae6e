import type { CompletionCall } from '../../core/completion.js';
import { fail, invalidRequest, ok } from '../../core/errors.js';
import type { InputProblem, Result } from '../../core/errors.js';
import { isJsonObject } from '../../core/json.js';
import type { JsonObject } from '../../core/json.js';
import { parseUsd } from '../../core/money.js';
import type { PicoUsd } from '../../core/money.js';
import type { Tag } from '../../core/principal.js';
import { DISCONNECT_POLICIES, REASONING_EFFORTS, TASK_KINDS } from '../../core/vocabulary.js';
import { readJsonObject } from './json.js';
import { parseMessages } from './messages.js';
import { isGiven, readList, readNumber, readPlace, readPlaces, readText, readWord, report, requireText } from './place.js';
import type { Place } from './place.js';
import type { RawCompletionInput } from './raw.js';
import { parseRouting } from './routing.js';
import { parseParallelToolCalls, parseResponseFormat, parseTools, parseToolChoice } from './tools.js';
import { quoted } from './text.js';

/** Bounds of the single fields; times in milliseconds, lengths in characters. */
export const LIMITS = { name: 255, tags: 20, tagKey: 128, stops: 16, timeoutMs: 600_000 } as const;

const STORED_NAME = { max: LIMITS.name, filled: true, stored: true } as const;
const WHOLE_FROM_ONE = { min: 1, whole: true } as const;

/** The call that an input makes; or every problem it has, each with its path as in the input. Never throws, whatever it is given. */
export function parseCompletionInput(raw: RawCompletionInput): Result<CompletionCall> {
  const problems: InputProblem[] = [];
  const input = rootPlace(raw, problems);
  const call = parseCall(input);
  return problems.length === 0 ? ok(call) : fail(invalidRequest(problems));
}

/** Types end where callers begin: the shape is looked at again. */
function rootPlace(raw: unknown, problems: InputProblem[]): Place {
  if (isJsonObject(raw)) return { fields: raw, path: '', problems };
  const place = { fields: {}, path: '', problems };
  report(place, 'input', 'must be an object');
  return place;
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
    timeoutMs: readNumber(input, 'timeoutMs', { ...WHOLE_FROM_ONE, max: LIMITS.timeoutMs }),
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

/** An amount from 0 on. */
function readUsd(input: Place, name: string): PicoUsd | null {
  const text = readText(input, name);
  if (text === null) return null;
  const amount = parseUsd(text);
  if (amount !== null && amount >= 0n) return amount;
  return report(input, name, 'must be an amount in USD from 0 on, with at most 12 decimals');
}

function parseStop(input: Place): readonly string[] {
  return readList(input, 'stop', LIMITS.stops).flatMap((value, index) => {
    if (typeof value === 'string' && value !== '') return value;
    report(input, `stop.${index}`, 'must be a text that is not empty');
    return [];
  });
}

function parseTags(input: Place): readonly Tag[] {
  const keys = new Set<string>();
  return readPlaces(input, 'tags', LIMITS.tags).map((place) => {
    const key = requireText(place, 'key', { ...STORED_NAME, max: LIMITS.tagKey });
    if (keys.has(key)) report(place, 'key', `is the key of another tag: ${quoted(key)}`);
    if (key !== '') keys.add(key);
    return { key, value: requireText(place, 'value', { max: LIMITS.name, stored: true }) };
  });
}

/** By provider slug or wire format, an object each: its fields go into the upstream's body as they are. */
function parseProviderOptions(input: Place): JsonObject | null {
  if (!isGiven(input, 'providerOptions')) return null;
  const options = readJsonObject(input, 'providerOptions');
  for (const [name, value] of Object.entries(options ?? {})) {
    if (!isJsonObject(value)) report(input, 'providerOptions', `${quoted(name)} must be an object of body fields`);
  }
  return options;
}
