import type { AnswerDelta } from '../../core/answer.js';
import { isJsonObject } from '../../core/json.js';
import type { JsonObject, JsonValue } from '../../core/json.js';
import { disjointUsage } from '../../core/usage.js';
import type { TokenUsage } from '../../core/usage.js';
import type { FinishReason } from '../../core/vocabulary.js';
import { isJsonList, listOf, numberOf, objectOf, textOf, wordOf } from '../json-read.js';
import { storable, tokensOf } from '../usage-read.js';
import { NO_CALLS, addFragment } from '../tool-call-index.js';
import type { CallFragment, ToolCallState } from '../tool-call-index.js';
import { addDetails, signatureOf } from './reasoning-details.js';
import type { ReasoningDetails } from './reasoning-details.js';

/** What has to be remembered between two chunks of one answer. */
export interface ChatState {
  readonly tools: ToolCallState;
  /** The last reason given: some vendors repeat it, or a wrong one, on every chunk. */
  readonly rawFinish: string | null;
  readonly refused: boolean;
  readonly details: ReasoningDetails;
  readonly ended: boolean;
}

export const INITIAL_STATE: ChatState = { tools: NO_CALLS, rawFinish: null, refused: false, details: [], ended: false };

type Step = readonly [ChatState, readonly AnswerDelta[]];

/** Reads one chunk, or a whole body as the one chunk that holds everything: so both forms mean the same. */
export function reduceChunk(state: ChatState, chunk: JsonObject): Step {
  const deltas: AnswerDelta[] = [];
  let next = state;
  const choice = firstChoice(chunk);
  if (choice !== null) {
    const message = objectOf(choice['delta'] ?? choice['message']);
    deltas.push(...readReasoning(message), ...readContent(message['content']), ...readImages(message), ...readRefusal(message));
    const [tools, callDeltas] = readToolCalls(next.tools, message);
    deltas.push(...callDeltas);
    const refused = next.refused || deltas.some((delta) => delta.type === 'refusal');
    const details = addDetails(next.details, message['reasoning_details']);
    next = { ...next, tools, refused, details, rawFinish: wordOf(choice['finish_reason']) ?? next.rawFinish };
  }
  deltas.push(...readTotals(chunk));
  return [next, deltas];
}

/** The terminal event: what closes the reasoning, the one finish, then `end`. */
export function endAnswer(state: ChatState): Step {
  if (state.ended) return [state, []];
  const raw = state.rawFinish ?? '';
  const signature = signatureOf(state.details);
  const closing: AnswerDelta[] = signature === null ? [] : [{ type: 'reasoning', signature }];
  return [{ ...state, ended: true }, [...closing, { type: 'finish', reason: toFinishReason(state), raw }, { type: 'end' }]];
}

/** Only the first choice counts; later ones are never asked for. */
function firstChoice(chunk: JsonObject): JsonObject | null {
  return (
    listOf(chunk['choices'])
      .filter(isJsonObject)
      .find((choice) => (numberOf(choice['index']) ?? 0) === 0) ?? null
  );
}

/** `reasoning_content`: DeepSeek, xAI, vLLM, Fireworks; `reasoning`: OpenRouter, Groq, Cerebras, Ollama. A proxy may send both. */
function readReasoning(message: JsonObject): readonly AnswerDelta[] {
  const text = textOf(message['reasoning_content']) ?? textOf(message['reasoning']);
  return text === null ? [] : [{ type: 'reasoning', text }];
}

/** Text, or a list of typed parts (Mistral's reasoning models: `thinking` holds a list of texts). */
function readContent(content: JsonValue | undefined): readonly AnswerDelta[] {
  if (isJsonList(content)) return content.flatMap((part) => readContentPart(objectOf(part)));
  const text = textOf(content);
  return text === null ? [] : [{ type: 'text', text }];
}

function readContentPart(part: JsonObject): readonly AnswerDelta[] {
  if (part['type'] === 'thinking') {
    const thinking = part['thinking'];
    const text = isJsonList(thinking) ? thinking.map((piece) => textOf(objectOf(piece)['text']) ?? '').join('') : textOf(thinking);
    return text === null || text === '' ? [] : [{ type: 'reasoning', text }];
  }
  if (part['type'] === 'refusal') return readRefusal(part);
  const text = textOf(part['text']);
  return text === null ? [] : [{ type: 'text', text }];
}

function readRefusal(message: JsonObject): readonly AnswerDelta[] {
  const text = textOf(message['refusal']);
  return text === null ? [] : [{ type: 'refusal', text }];
}

const DATA_URL = /^data:([^;,]+);base64,(.*)$/s;

/** OpenRouter's image models answer with `images`, each an image_url part. */
function readImages(message: JsonObject): readonly AnswerDelta[] {
  return listOf(message['images']).flatMap((image): AnswerDelta[] => {
    const url = textOf(objectOf(objectOf(image)['image_url'])['url']);
    if (url === null) return [];
    const [, mimeType, base64] = DATA_URL.exec(url) ?? [];
    if (mimeType === undefined || base64 === undefined) return [{ type: 'media', mimeType: 'image/*', url, base64: null }];
    return [{ type: 'media', mimeType, url: null, base64 }];
  });
}

/** The calls of a delta or of a whole message. */
function readToolCalls(state: ToolCallState, message: JsonObject): readonly [ToolCallState, readonly AnswerDelta[]] {
  const entries = [...listOf(message['tool_calls']), ...legacyCall(message)].filter(isJsonObject);
  let tools = state;
  const deltas: AnswerDelta[] = [];
  for (const entry of entries) {
    const [next, told] = addFragment(tools, toFragment(entry));
    tools = next;
    deltas.push(...told);
  }
  return [tools, deltas];
}

/** The form before `tool_calls`: at most one call, without an id. */
function legacyCall(message: JsonObject): readonly JsonValue[] {
  return isJsonObject(message['function_call']) ? [{ index: 0, function: message['function_call'] }] : [];
}

function toFragment(entry: JsonObject): CallFragment {
  const called = objectOf(entry['function']);
  const args = called['arguments'];
  return {
    vendorIndex: numberOf(entry['index']),
    vendorId: textOf(entry['id']),
    name: textOf(called['name']),
    args: isJsonObject(args) ? JSON.stringify(args) : (textOf(args) ?? ''),
  };
}

function readTotals(chunk: JsonObject): readonly AnswerDelta[] {
  const deltas: AnswerDelta[] = [];
  const raw = findUsage(chunk);
  const usage = raw === null ? null : fromOpenAiUsage(raw);
  if (usage !== null) deltas.push({ type: 'usage', usage });
  const serviceTier = wordOf(chunk['service_tier']);
  if (serviceTier !== null) deltas.push({ type: 'serviceTier', serviceTier });
  return deltas;
}

/** Every documented reason of the vendors that speak this format. What is not here is OTHER: never silently STOP. */
export const FINISH_REASON_TABLE: ReadonlyMap<string, FinishReason> = new Map<string, FinishReason>([
  ['stop', 'STOP'],
  ['eos', 'STOP'],
  ['end_turn', 'STOP'],
  ['stop_sequence', 'STOP'],
  ['length', 'LENGTH'],
  ['max_tokens', 'LENGTH'],
  ['model_length', 'CONTEXT_LENGTH'],
  ['model_context_window_exceeded', 'CONTEXT_LENGTH'],
  ['tool_calls', 'TOOL_CALLS'],
  ['tool_use', 'TOOL_CALLS'],
  ['function_call', 'TOOL_CALLS'],
  ['content_filter', 'CONTENT_FILTER'],
  ['safety', 'CONTENT_FILTER'],
  ['refusal', 'REFUSAL'],
  ['pause_turn', 'PAUSED'],
  ['insufficient_system_resource', 'INCOMPLETE'],
  ['network_error', 'INCOMPLETE'],
  ['abort', 'INCOMPLETE'],
  ['error', 'INCOMPLETE'],
]);

function toFinishReason(state: ChatState): FinishReason {
  const named = state.rawFinish === null ? null : (FINISH_REASON_TABLE.get(state.rawFinish.toLowerCase()) ?? 'OTHER');
  if (named !== null && named !== 'STOP') return named;
  if (state.tools.announced > 0) return 'TOOL_CALLS';
  if (state.refused) return 'REFUSAL';
  return named ?? 'OTHER';
}

/** The usage object of a body or chunk, wherever the vendor puts it; null where there is none. */
function findUsage(body: JsonObject): JsonObject | null {
  const places = [body['usage'], objectOf(body['x_groq'])['usage'], ...listOf(body['choices']).map((choice) => objectOf(choice)['usage'])];
  return places.find(isJsonObject) ?? null;
}

/**
 * The prompt's total contains cached, cache-written and audio tokens, the completion's contains reasoning and audio
 * (https://platform.openai.com/docs/api-reference/chat/object). Null for all-zero readings, which some servers attach to
 * every chunk and which no call can have.
 */
export function fromOpenAiUsage(raw: JsonObject): TokenUsage | null {
  const prompt = objectOf(raw['prompt_tokens_details']);
  const completion = objectOf(raw['completion_tokens_details']);
  const reasoning = tokensOf(completion['reasoning_tokens']) ?? 0;
  const promptTotal = tokensOf(raw['prompt_tokens']) ?? 0;
  const answerTotal = (tokensOf(raw['completion_tokens']) ?? 0) + reasoningOutside(raw, reasoning);
  if (promptTotal === 0 && answerTotal === 0) return null;
  return disjointUsage({
    promptTotal,
    promptParts: {
      cachedInput: firstNumber(prompt['cached_tokens'], raw['prompt_cache_hit_tokens'], raw['cached_tokens']),
      cacheWrite5m: tokensOf(prompt['cache_write_tokens']) ?? 0,
      audioInput: tokensOf(prompt['audio_tokens']) ?? 0,
    },
    answerTotal,
    answerParts: { reasoning, audioOutput: tokensOf(completion['audio_tokens']) ?? 0 },
    raw: storable(raw),
  });
}

/** xAI counts reasoning beside the completion, which shows in the grand total; everyone else counts it inside. */
function reasoningOutside(raw: JsonObject, reasoning: number): number {
  const inside = (tokensOf(raw['prompt_tokens']) ?? 0) + (tokensOf(raw['completion_tokens']) ?? 0);
  return reasoning > 0 && tokensOf(raw['total_tokens']) === inside + reasoning ? reasoning : 0;
}

function firstNumber(...values: readonly (JsonValue | undefined)[]): number {
  return values.map(tokensOf).find((tokens) => tokens !== null) ?? 0;
}
