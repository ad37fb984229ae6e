import type { AnswerDelta } from '../../core/answer.js';
import { isJsonObject } from '../../core/json.js';
import type { JsonObject, JsonValue } from '../../core/json.js';
import type { TokenUsage } from '../../core/usage.js';
import type { FinishReason } from '../../core/vocabulary.js';
import { ANSWER_TOOL } from '../answer-tool.js';
import { listOf, numberOf, objectOf, textOf, wordOf } from '../json-read.js';
import { CLAUDE_STOP_REASONS, finishReasonIn } from '../stop-reasons.js';
import { tokensOf, usageBesideCache } from '../usage-read.js';

/** What has to be remembered between two events of one message. */
export interface MessageState {
  /** The blocks that have begun and not ended, by the vendor's number. */
  readonly open: ReadonlyMap<number, OpenBlock>;
  /** How many calls have been told; the next one's own number. */
  readonly calls: number;
  /** Readings are cumulative: later fields replace earlier ones. */
  readonly usage: JsonObject;
  readonly rawFinish: string | null;
  readonly refusal: string | null;
  readonly ended: boolean;
}

type OpenBlock =
  /** `call` is null for the tool that stands for structured output: its input is the answer's text. */
  | { readonly kind: 'tool'; readonly id: string | null; readonly call: number | null; readonly hasInput: boolean }
  | { readonly kind: 'thinking'; readonly signature: string }
  | { readonly kind: 'other' };

export const INITIAL_STATE: MessageState = { open: new Map(), calls: 0, usage: {}, rawFinish: null, refusal: null, ended: false };

type Step = readonly [MessageState, readonly AnswerDelta[]];

/** Reads one event: https://platform.claude.com/docs/en/build-with-claude/streaming. Kinds we don't know say nothing. */
export function reduceEvent(state: MessageState, event: JsonObject): Step {
  const position = numberOf(event['index']) ?? 0;
  switch (event['type']) {
    case 'message_start':
      return [withTotals(state, objectOf(event['message'])), []];
    case 'content_block_start':
      return startBlock(state, position, objectOf(event['content_block']));
    case 'content_block_delta':
      return continueBlock(state, position, objectOf(event['delta']));
    case 'content_block_stop':
      return stopBlock(state, position);
    case 'message_delta':
      return closeTotals(withTotals(state, { ...objectOf(event['delta']), usage: event['usage'] }), event);
    case 'message_stop':
      return endMessage(state);
    default:
      return [state, []];
  }
}

/** A whole message as the events that it would have come in: so both forms mean the same. */
export function eventsOf(message: JsonObject): readonly JsonObject[] {
  const blocks = listOf(message['content']).map(objectOf);
  return [
    { type: 'message_start', message },
    ...blocks.flatMap((block, index): JsonObject[] => [
      { type: 'content_block_start', index, content_block: { ...block, input: {} } },
      ...(isJsonObject(block['input']) ? [inputDelta(index, block['input'])] : []),
      { type: 'content_block_stop', index },
    ]),
    { type: 'message_stop' },
  ];
}

function inputDelta(index: number, input: JsonObject): JsonObject {
  return { type: 'content_block_delta', index, delta: { type: 'input_json_delta', partial_json: JSON.stringify(input) } };
}

function startBlock(state: MessageState, position: number, block: JsonObject): Step {
  switch (block['type']) {
    case 'text':
      return [opened(state, position, { kind: 'other' }), textDelta(block['text'])];
    case 'thinking':
      return [opened(state, position, { kind: 'thinking', signature: textOf(block['signature']) ?? '' }), thinkingDelta(block['thinking'])];
    case 'redacted_thinking': {
      const redacted = textOf(block['data']);
      return [opened(state, position, { kind: 'other' }), redacted === null ? [] : [{ type: 'reasoning', redacted }]];
    }
    case 'tool_use':
      return startTool(state, position, block);
    default:
      return [opened(state, position, { kind: 'other' }), []];
  }
}

/** What names no tool is no call, and a block that begins twice is one. */
function startTool(state: MessageState, position: number, block: JsonObject): Step {
  const name = textOf(block['name']);
  const id = textOf(block['id']);
  const known = state.open.get(position);
  if (name === null) return [opened(state, position, { kind: 'other' }), []];
  if (known?.kind === 'tool' && known.id === id) return [state, []];
  if (name === ANSWER_TOOL) return [opened(state, position, { kind: 'tool', id, call: null, hasInput: false }), []];
  const call = state.calls;
  const input = objectOf(block['input']);
  const hasInput = Object.keys(input).length > 0;
  const next = { ...opened(state, position, { kind: 'tool', id, call, hasInput }), calls: call + 1 };
  const args = hasInput ? JSON.stringify(input) : '';
  return [next, [{ type: 'toolCall', index: call, id: id ?? `call_${String(call)}`, name, argumentsDelta: args }]];
}

function opened(state: MessageState, position: number, block: OpenBlock): MessageState {
  return { ...state, open: new Map(state.open).set(position, block) };
}

function continueBlock(state: MessageState, position: number, delta: JsonObject): Step {
  const block = state.open.get(position);
  switch (delta['type']) {
    case 'text_delta':
      return [state, textDelta(delta['text'])];
    case 'thinking_delta':
      return [state, thinkingDelta(delta['thinking'])];
    case 'signature_delta':
      if (block?.kind !== 'thinking') return [state, []];
      return [opened(state, position, { ...block, signature: block.signature + (textOf(delta['signature']) ?? '') }), []];
    case 'input_json_delta': {
      const text = textOf(delta['partial_json']);
      if (block?.kind !== 'tool' || text === null) return [state, []];
      return [opened(state, position, { ...block, hasInput: true }), inputOf(block.call, text)];
    }
    default:
      return [state, []];
  }
}

/** A signature closes its part, so it is told last; a tool without input gets the empty object. */
function stopBlock(state: MessageState, position: number): Step {
  const block = state.open.get(position);
  const open = new Map(state.open);
  open.delete(position);
  const next = { ...state, open };
  if (block?.kind === 'thinking' && block.signature !== '') return [next, [{ type: 'reasoning', signature: block.signature }]];
  if (block?.kind === 'tool' && !block.hasInput) return [next, inputOf(block.call, '{}')];
  return [next, []];
}

function inputOf(call: number | null, text: string): readonly AnswerDelta[] {
  return call === null ? [{ type: 'text', text }] : [{ type: 'toolCall', index: call, argumentsDelta: text }];
}

function textDelta(value: JsonValue | undefined): readonly AnswerDelta[] {
  const text = textOf(value);
  return text === null ? [] : [{ type: 'text', text }];
}

function thinkingDelta(value: JsonValue | undefined): readonly AnswerDelta[] {
  const text = textOf(value);
  return text === null ? [] : [{ type: 'reasoning', text }];
}

function withTotals(state: MessageState, message: JsonObject): MessageState {
  const given = Object.entries(objectOf(message['usage'])).filter(([, value]) => value !== null);
  return {
    ...state,
    usage: { ...state.usage, ...Object.fromEntries(given) },
    rawFinish: wordOf(message['stop_reason']) ?? state.rawFinish,
    refusal: textOf(objectOf(message['stop_details'])['explanation']) ?? state.refusal,
  };
}

/** Totals that come with the reason are the whole, also where the call is cut behind them; those of the first event hold no answer yet. */
function closeTotals(state: MessageState, event: JsonObject): Step {
  const usage = wordOf(objectOf(event['delta'])['stop_reason']) === null ? null : fromAnthropicUsage(state.usage);
  return [state, usage === null ? [] : [{ type: 'usage', usage }]];
}

/** The terminal event: totals, the one finish, then `end`. */
function endMessage(state: MessageState): Step {
  if (state.ended) return [state, []];
  const deltas: AnswerDelta[] = [];
  if (state.refusal !== null && finishReasonIn(STOP_REASON_TABLE, state) === 'REFUSAL')
    deltas.push({ type: 'refusal', text: state.refusal });
  const usage = fromAnthropicUsage(state.usage);
  if (usage !== null) deltas.push({ type: 'usage', usage });
  const serviceTier = wordOf(state.usage['service_tier']);
  if (serviceTier !== null) deltas.push({ type: 'serviceTier', serviceTier });
  deltas.push({ type: 'finish', reason: finishReasonIn(STOP_REASON_TABLE, state), raw: state.rawFinish ?? '' }, { type: 'end' });
  return [{ ...state, ended: true }, deltas];
}

export const STOP_REASON_TABLE: ReadonlyMap<string, FinishReason> = new Map(CLAUDE_STOP_REASONS);

/**
 * The vendor's input leaves out what was read from the cache and written to it; its output contains the thinking
 * (https://platform.claude.com/docs/en/build-with-claude/prompt-caching). Null where nothing was reported.
 */
export function fromAnthropicUsage(raw: JsonObject): TokenUsage | null {
  const split = objectOf(raw['cache_creation']);
  const written = tokensOf(raw['cache_creation_input_tokens']);
  const cacheWrite1h = tokensOf(split['ephemeral_1h_input_tokens']) ?? 0;
  const cacheWrite5m = tokensOf(split['ephemeral_5m_input_tokens']) ?? 0;
  // What the split does not say was written for five minutes, which is the vendor's default.
  const unsaid = Math.max(0, (written ?? 0) - cacheWrite1h - cacheWrite5m);
  const promptParts = {
    cachedInput: tokensOf(raw['cache_read_input_tokens']) ?? 0,
    cacheWrite5m: cacheWrite5m + unsaid,
    cacheWrite1h,
  };
  const reasoning = tokensOf(objectOf(raw['output_tokens_details'])['thinking_tokens']) ?? 0;
  return usageBesideCache(raw, { input: raw['input_tokens'], promptParts, output: raw['output_tokens'], answerParts: { reasoning } });
}
