import type { AnswerDelta } from '../../core/answer.js';
import { isJsonObject } from '../../core/json.js';
import type { JsonObject, JsonValue } from '../../core/json.js';
import { disjointUsage } from '../../core/usage.js';
import type { TokenUsage } from '../../core/usage.js';
import type { FinishReason } from '../../core/vocabulary.js';
import { listOf, numberOf, objectOf, textOf, wordOf } from '../json-read.js';
import { storable, tokensOf } from '../usage-read.js';

/** Put before a signature of reasoning, which other vendors sign too; see signatures.ts. */
export const THOUGHT_MARK = 'gemini:';

/** What has to be remembered between two chunks of one answer. */
export interface GeminiState {
  /** How many calls have been told; the next one's own number. */
  readonly calls: number;
  readonly rawFinish: string | null;
  /** The vendor refused the prompt, and says so instead of answering. */
  readonly blocked: boolean;
  /** The last totals, which each chunk says anew. */
  readonly usage: JsonObject | null;
  readonly ended: boolean;
}

export const INITIAL_STATE: GeminiState = { calls: 0, rawFinish: null, blocked: false, usage: null, ended: false };

type Step = readonly [GeminiState, readonly AnswerDelta[]];

/** Reads one chunk, or a whole body as the one chunk that holds everything: https://ai.google.dev/api/generate-content */
export function reduceChunk(state: GeminiState, chunk: JsonObject): Step {
  const candidate = listOf(chunk['candidates'])
    .map(objectOf)
    .find((each) => (numberOf(each['index']) ?? 0) === 0);
  const deltas: AnswerDelta[] = [];
  let { calls } = state;
  for (const part of listOf(objectOf(candidate?.['content'])['parts']).map(objectOf)) {
    const told = readPart(part, calls);
    if (told.some(({ type }) => type === 'toolCall')) calls += 1;
    deltas.push(...told);
  }
  const blockReason = wordOf(objectOf(chunk['promptFeedback'])['blockReason']);
  const usage = isJsonObject(chunk['usageMetadata']) ? chunk['usageMetadata'] : state.usage;
  // Totals without an answer's tokens come with the first chunks, and would pass for the whole where a call is cut.
  if (usage !== state.usage && (tokensOf(usage?.['candidatesTokenCount']) ?? 0) > 0) deltas.push(...totals(usage));
  const rawFinish = wordOf(candidate?.['finishReason']) ?? blockReason ?? state.rawFinish;
  return [{ ...state, calls, rawFinish, blocked: state.blocked || blockReason !== null, usage }, deltas];
}

function readPart(part: JsonObject, calls: number): readonly AnswerDelta[] {
  const call = isJsonObject(part['functionCall']) ? part['functionCall'] : null;
  const signature = signatureOf(part) ?? (call === null ? null : signatureOf(call));
  if (call !== null) return readCall(call, { index: calls, signature });
  const media = objectOf(part['inlineData']);
  const base64 = textOf(media['data']);
  if (base64 !== null && part['thought'] !== true)
    return [{ type: 'media', mimeType: wordOf(media['mimeType']) ?? 'application/octet-stream', url: null, base64 }];
  const text = textOf(part['text']);
  if (text === null && signature === null) return [];
  if (part['thought'] !== true) return [{ type: 'text', text: text ?? '', ...(signature === null ? {} : { signature }) }];
  return [
    { type: 'reasoning', ...(text === null ? {} : { text }), ...(signature === null ? {} : { signature: THOUGHT_MARK + signature }) },
  ];
}

/** Beside the call, or inside it as earlier models have it. */
function signatureOf(holder: JsonObject): string | null {
  return textOf(holder['thoughtSignature']) ?? textOf(holder['thought_signature']);
}

/** A call comes whole; without an id it gets one that is its own within the answer, and what names no tool is none. */
function readCall(call: JsonObject, { index, signature }: { index: number; signature: string | null }): readonly AnswerDelta[] {
  const name = textOf(call['name']);
  if (name === null) return [];
  const id = textOf(call['id']) ?? `call_${String(index)}`;
  const argumentsDelta = JSON.stringify(objectOf(call['args']));
  return [{ type: 'toolCall', index, id, name, argumentsDelta, ...(signature === null ? {} : { signature }) }];
}

function totals(raw: JsonObject | null): readonly AnswerDelta[] {
  const usage = raw === null ? null : fromGeminiUsage(raw);
  return usage === null ? [] : [{ type: 'usage', usage }];
}

/** The end, for which the connection's own stands: totals, the one finish, then `end`. */
export function endAnswer(state: GeminiState): Step {
  if (state.ended) return [state, []];
  const serviceTier = wordOf(state.usage?.['serviceTier']);
  const deltas: AnswerDelta[] = [
    ...totals(state.usage),
    ...(serviceTier === null ? [] : [{ type: 'serviceTier', serviceTier } as const]),
    { type: 'finish', reason: toFinishReason(state), raw: state.rawFinish ?? '' },
    { type: 'end' },
  ];
  return [{ ...state, ended: true }, deltas];
}

/** Every documented reason, of a candidate's end and of a prompt's refusal. What is not here is OTHER: never silently STOP. */
export const FINISH_REASON_TABLE: ReadonlyMap<string, FinishReason> = new Map<string, FinishReason>([
  ['STOP', 'STOP'],
  // Not the vendor's word, but that of servers that stand in for it.
  ['FUNCTION_CALL', 'TOOL_CALLS'],
  ['MAX_TOKENS', 'LENGTH'],
  ['CONTINUATION', 'LENGTH'],
  ['SAFETY', 'CONTENT_FILTER'],
  ['RECITATION', 'CONTENT_FILTER'],
  ['BLOCKLIST', 'CONTENT_FILTER'],
  ['PROHIBITED_CONTENT', 'CONTENT_FILTER'],
  ['SPII', 'CONTENT_FILTER'],
  ['IMAGE_SAFETY', 'CONTENT_FILTER'],
  ['IMAGE_PROHIBITED_CONTENT', 'CONTENT_FILTER'],
  ['IMAGE_RECITATION', 'CONTENT_FILTER'],
  ['MODEL_ARMOR', 'CONTENT_FILTER'],
  ['JAILBREAK', 'CONTENT_FILTER'],
  ['MALFORMED_FUNCTION_CALL', 'INCOMPLETE'],
  ['UNEXPECTED_TOOL_CALL', 'INCOMPLETE'],
  ['TOO_MANY_TOOL_CALLS', 'INCOMPLETE'],
  ['MALFORMED_RESPONSE', 'INCOMPLETE'],
  ['LANGUAGE', 'OTHER'],
  ['OTHER', 'OTHER'],
  ['NO_IMAGE', 'OTHER'],
  ['IMAGE_OTHER', 'OTHER'],
  ['FINISH_REASON_UNSPECIFIED', 'OTHER'],
]);

/** The vendor says STOP also where it calls tools. */
function toFinishReason({ rawFinish, calls, blocked }: GeminiState): FinishReason {
  const named = FINISH_REASON_TABLE.get(rawFinish ?? '') ?? 'OTHER';
  if (blocked) return 'CONTENT_FILTER';
  return named === 'STOP' && calls > 0 ? 'TOOL_CALLS' : named;
}

/**
 * The prompt's total contains what came from the cache and every modality; results of the vendor's own tools are beside
 * it; thoughts are beside the candidates (https://ai.google.dev/api/generate-content#UsageMetadata). Null where nothing
 * was reported.
 */
export function fromGeminiUsage(raw: JsonObject): TokenUsage | null {
  const prompt = tokensOf(raw['promptTokenCount']) ?? 0;
  const toolPrompt = tokensOf(raw['toolUsePromptTokenCount']) ?? 0;
  const candidates = tokensOf(raw['candidatesTokenCount']) ?? 0;
  const reasoning = tokensOf(raw['thoughtsTokenCount']) ?? 0;
  if (prompt === 0 && candidates === 0 && reasoning === 0) return null;
  const uncached = (modality: string) =>
    Math.max(0, modalityOf(raw['promptTokensDetails'], modality) - modalityOf(raw['cacheTokensDetails'], modality));
  const spoken = (modality: string) => modalityOf(raw['candidatesTokensDetails'], modality);
  return disjointUsage({
    promptTotal: prompt + toolPrompt,
    promptParts: {
      cachedInput: tokensOf(raw['cachedContentTokenCount']) ?? 0,
      audioInput: uncached('AUDIO'),
      imageInput: uncached('IMAGE'),
    },
    answerTotal: candidates + reasoning,
    answerParts: { reasoning, audioOutput: spoken('AUDIO'), imageOutput: spoken('IMAGE') },
    raw: storable(raw),
  });
}

function modalityOf(details: JsonValue | undefined, modality: string): number {
  const counts = listOf(details)
    .map(objectOf)
    .filter((each) => each['modality'] === modality);
  return counts.reduce((sum, each) => sum + (tokensOf(each['tokenCount']) ?? 0), 0);
}
