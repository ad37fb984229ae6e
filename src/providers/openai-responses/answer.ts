import type { AnswerDelta } from '../../core/answer.js';
import { isJsonObject } from '../../core/json.js';
import type { JsonObject, JsonValue } from '../../core/json.js';
import { disjointUsage } from '../../core/usage.js';
import type { TokenUsage } from '../../core/usage.js';
import type { FinishReason } from '../../core/vocabulary.js';
import { listOf, numberOf, objectOf, textOf, wordOf } from '../json-read.js';
import { storable, tokensOf } from '../usage-read.js';

/** What has to be remembered between two events of one response. */
export interface ResponsesState {
  /** The items that have begun, by the vendor's number. */
  readonly items: ReadonlyMap<number, ItemState>;
  readonly calls: number;
  readonly refused: boolean;
  readonly ended: boolean;
}

interface ItemState {
  /** The call's own number in the answer; null where the item is none. */
  readonly call: number | null;
  /** Its words have come as deltas, and are not told again with the whole. */
  readonly told: boolean;
  readonly done: boolean;
}

const UNKNOWN: ItemState = { call: null, told: false, done: false };

export const INITIAL_STATE: ResponsesState = { items: new Map(), calls: 0, refused: false, ended: false };

type Step = readonly [ResponsesState, readonly AnswerDelta[]];

/** Reads one event: https://platform.openai.com/docs/api-reference/responses-streaming. Kinds we don't know say nothing. */
export function reduceEvent(state: ResponsesState, event: JsonObject): Step {
  const position = numberOf(event['output_index']) ?? 0;
  const text = textOf(event['delta']);
  switch (event['type']) {
    case 'response.output_item.added':
      return startItem(state, position, objectOf(event['item']));
    case 'response.output_item.done':
      return finishItem(state, position, objectOf(event['item']));
    case 'response.output_text.delta':
      return told(state, position, text === null ? [] : [{ type: 'text', text }]);
    case 'response.refusal.delta':
      return told(state, position, text === null ? [] : [{ type: 'refusal', text }]);
    case 'response.reasoning_summary_text.delta':
    case 'response.reasoning_text.delta':
      return told(state, position, text === null ? [] : [{ type: 'reasoning', text }]);
    case 'response.reasoning_summary_part.added':
      return (numberOf(event['summary_index']) ?? 0) > 0 ? told(state, position, [{ type: 'reasoning', text: SUMMARY_GAP }]) : [state, []];
    case 'response.function_call_arguments.delta':
      return told(state, position, argumentsOf(state, position, text));
    case 'response.completed':
    case 'response.incomplete':
      return endResponse(state, objectOf(event['response']));
    default:
      return [state, []];
  }
}

/** Between two parts of a summary, which are paragraphs. */
const SUMMARY_GAP = '\n\n';

/** A whole response as the events that it would have come in: so both forms mean the same. */
export function eventsOf(response: JsonObject): readonly JsonObject[] {
  const items = listOf(response['output']).map(objectOf);
  return [
    ...items.flatMap((item, index): JsonObject[] => [
      { type: 'response.output_item.added', output_index: index, item: { ...item, arguments: '' } },
      { type: 'response.output_item.done', output_index: index, item },
    ]),
    { type: 'response.completed', response },
  ];
}

/** `deltas` told of an item; an event that says nothing leaves it untold. */
function told(state: ResponsesState, position: number, deltas: readonly AnswerDelta[]): Step {
  if (deltas.length === 0) return [state, []];
  const refused = state.refused || deltas.some(({ type }) => type === 'refusal');
  return [{ ...withItem(state, position, { told: true }), refused }, deltas];
}

function withItem(state: ResponsesState, position: number, changes: Partial<ItemState>): ResponsesState {
  return { ...state, items: new Map(state.items).set(position, { ...(state.items.get(position) ?? UNKNOWN), ...changes }) };
}

function argumentsOf(state: ResponsesState, position: number, text: string | null): readonly AnswerDelta[] {
  const { call, done } = state.items.get(position) ?? UNKNOWN;
  return call === null || done || text === null ? [] : [{ type: 'toolCall', index: call, argumentsDelta: text }];
}

/** What names no tool is no call, and an item that begins twice is one. */
function startItem(state: ResponsesState, position: number, item: JsonObject): Step {
  const known = state.items.get(position) ?? UNKNOWN;
  const name = item['type'] === 'function_call' ? textOf(item['name']) : null;
  if (name === null || known.call !== null) return [withItem(state, position, {}), []];
  const call = state.calls;
  const id = textOf(item['call_id']) ?? `call_${String(call)}`;
  const next = { ...withItem(state, position, { call }), calls: call + 1 };
  return [next, [{ type: 'toolCall', index: call, id, name, argumentsDelta: '' }]];
}

/** What no delta has told, also of an item that nobody saw begin; the signature of reasoning comes last, because it closes its part. */
function finishItem(state: ResponsesState, position: number, item: JsonObject): Step {
  const [begun, start] = startItem(state, position, item);
  const known = begun.items.get(position) ?? UNKNOWN;
  if (known.done) return [state, []];
  const [next, rest] = told(begun, position, known.told ? [] : wholeItem(item, known.call));
  const encrypted = item['type'] === 'reasoning' ? textOf(item['encrypted_content']) : null;
  const id = textOf(item['id']);
  const signed: AnswerDelta[] = encrypted === null || id === null ? [] : [{ type: 'reasoning', signature: `${id}:${encrypted}` }];
  return [withItem(next, position, { done: true }), [...start, ...rest, ...signed]];
}

function wholeItem(item: JsonObject, call: number | null): readonly AnswerDelta[] {
  switch (item['type']) {
    case 'message':
      return listOf(item['content']).flatMap((part) => wholeContent(objectOf(part)));
    case 'function_call':
      return call === null ? [] : [{ type: 'toolCall', index: call, argumentsDelta: textOf(item['arguments']) ?? '{}' }];
    case 'reasoning': {
      const text = textsOf(item['summary']) ?? textsOf(item['content']);
      return text === null ? [] : [{ type: 'reasoning', text }];
    }
    case 'image_generation_call': {
      const base64 = textOf(item['result']);
      return base64 === null ? [] : [{ type: 'media', mimeType: `image/${wordOf(item['output_format']) ?? 'png'}`, url: null, base64 }];
    }
    default:
      return [];
  }
}

function wholeContent(part: JsonObject): readonly AnswerDelta[] {
  const text = textOf(part['text']);
  const refusal = textOf(part['refusal']);
  if (part['type'] === 'refusal') return refusal === null ? [] : [{ type: 'refusal', text: refusal }];
  return text === null ? [] : [{ type: 'text', text }];
}

function textsOf(parts: JsonValue | undefined): string | null {
  const texts = listOf(parts).flatMap((part) => textOf(objectOf(part)['text']) ?? []);
  return texts.length === 0 ? null : texts.join(SUMMARY_GAP);
}

/** The terminal event: the whole answer where no event told anything of it, totals, the one finish, then `end`. */
function endResponse(before: ResponsesState, response: JsonObject): Step {
  let state = before;
  const deltas: AnswerDelta[] = [];
  const untold = before.items.size === 0 ? listOf(response['output']) : [];
  for (const [position, item] of untold.entries()) {
    const [next, rest] = finishItem(state, position, objectOf(item));
    state = next;
    deltas.push(...rest);
  }
  const usage = isJsonObject(response['usage']) ? fromResponsesUsage(response['usage']) : null;
  if (usage !== null) deltas.push({ type: 'usage', usage });
  const serviceTier = wordOf(response['service_tier']);
  if (serviceTier !== null) deltas.push({ type: 'serviceTier', serviceTier });
  const raw = wordOf(objectOf(response['incomplete_details'])['reason']) ?? wordOf(response['status']) ?? '';
  deltas.push({ type: 'finish', reason: toFinishReason(state, raw), raw }, { type: 'end' });
  return [{ ...state, ended: true }, deltas];
}

/** Every documented status and reason of an incomplete response. What is not here is OTHER: never silently STOP. */
export const FINISH_REASON_TABLE: ReadonlyMap<string, FinishReason> = new Map<string, FinishReason>([
  ['completed', 'STOP'],
  ['max_output_tokens', 'LENGTH'],
  ['content_filter', 'CONTENT_FILTER'],
  ['incomplete', 'INCOMPLETE'],
  ['cancelled', 'INCOMPLETE'],
]);

function toFinishReason({ calls, refused }: ResponsesState, raw: string): FinishReason {
  const named = FINISH_REASON_TABLE.get(raw) ?? 'OTHER';
  if (named !== 'STOP') return named;
  if (calls > 0) return 'TOOL_CALLS';
  return refused ? 'REFUSAL' : 'STOP';
}

/** The input's total contains what came from the cache and went into it, the output's contains reasoning. Null where nothing was reported. */
export function fromResponsesUsage(raw: JsonObject): TokenUsage | null {
  const input = objectOf(raw['input_tokens_details']);
  const promptTotal = tokensOf(raw['input_tokens']) ?? 0;
  const answerTotal = tokensOf(raw['output_tokens']) ?? 0;
  if (promptTotal === 0 && answerTotal === 0) return null;
  return disjointUsage({
    promptTotal,
    promptParts: { cachedInput: tokensOf(input['cached_tokens']) ?? 0, cacheWrite5m: tokensOf(input['cache_write_tokens']) ?? 0 },
    answerTotal,
    answerParts: { reasoning: tokensOf(objectOf(raw['output_tokens_details'])['reasoning_tokens']) ?? 0 },
    raw: storable(raw),
  });
}
