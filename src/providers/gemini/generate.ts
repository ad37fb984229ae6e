import type { AnswerDelta } from '../../core/answer.js';
import type { Failure } from '../../core/failures.js';
import { isJsonObject } from '../../core/json.js';
import type { JsonObject, JsonValue } from '../../core/json.js';
import type { OperationCall } from '../../core/operations.js';
import type { TokenUsage } from '../../core/usage.js';
import { UnreadableBody } from '../contract.js';
import type { ChatRequest, ProviderTarget } from '../contract.js';
import { extraFields } from '../extra-fields.js';
import { plainFailure } from '../failures.js';
import { listOf, numberOf, objectOf, textOf, wordOf } from '../json-read.js';
import { bodyObject } from '../results.js';
import { FINISH_REASON_TABLE, fromGeminiUsage } from './answer.js';
import { fromGeminiError } from './failures.js';
import { keyHeaders, modelPath } from './paths.js';

/** The caller's own fields join the body: inside an object of ours, and in the place of anything else. */
export function withExtra(
  body: JsonObject,
  { call, target }: { readonly call: OperationCall; readonly target: ProviderTarget },
): JsonObject {
  const extra = Object.entries(extraFields(call, target)).map(([field, value]) => {
    const own = body[field];
    return [field, isJsonObject(own) && isJsonObject(value) ? { ...own, ...value } : value] as const;
  });
  return { ...body, ...Object.fromEntries(extra) };
}

interface Asked {
  readonly parts: readonly JsonObject[];
  readonly config: JsonObject;
  readonly warnings: readonly string[];
}

/** POST <baseUrl>/models/<model>:generateContent with one turn of the user's, which asks for something else than words. */
export function generateRequest(call: OperationCall, target: ProviderTarget, { parts, config, warnings }: Asked): ChatRequest {
  const configured = Object.keys(config).length === 0 ? {} : { generationConfig: config };
  const body = withExtra({ contents: [{ role: 'user', parts: [...parts] }], ...configured }, { call, target });
  return { path: modelPath(target, 'generateContent'), headers: keyHeaders(target), body, warnings };
}

/** A whole answer of generateContent. */
export interface Generated {
  /** Without thoughts, which image models show as pictures too. */
  readonly parts: readonly JsonObject[];
  readonly usage: TokenUsage | null;
  readonly rawFinish: string | null;
  /** What the vendor says of its end, for operators. */
  readonly words: string;
}

/**
 * Reads a good body; an error inside it and a refusal are failures, beside which the tokens they took are told.
 * @throws UnreadableBody where it holds no answer.
 */
export function readGenerated(value: JsonValue, read: (generated: Generated) => readonly AnswerDelta[]): readonly AnswerDelta[] {
  const body = bodyObject(value);
  const failure = fromGeminiError(body);
  if (failure !== null) return [{ type: 'failure', failure }];
  const usage = fromGeminiUsage(objectOf(body['usageMetadata']));
  const feedback = objectOf(body['promptFeedback']);
  const blocked = wordOf(feedback['blockReason']);
  if (blocked !== null) return failed(filtered(`${blocked} ${textOf(feedback['blockReasonMessage']) ?? ''}`), usage);
  const candidates = listOf(body['candidates']).map(objectOf);
  const candidate = candidates.find((each) => (numberOf(each['index']) ?? 0) === 0);
  if (candidate === undefined) throw new UnreadableBody('The body has no candidates.');
  const rawFinish = wordOf(candidate['finishReason']);
  const words = `${rawFinish ?? ''} ${textOf(candidate['finishMessage']) ?? ''}`.trim();
  if (FINISH_REASON_TABLE.get(rawFinish ?? '') === 'CONTENT_FILTER') return failed(filtered(words), usage);
  const parts = listOf(objectOf(candidate['content'])['parts']).map(objectOf);
  return read({ parts: parts.filter((part) => part['thought'] !== true), usage, rawFinish, words });
}

function filtered(detail: string): Failure {
  return { ...plainFailure('CONTENT_FILTER', detail.trim()), httpStatus: 200 };
}

/** What was answered instead of what was asked for. */
export function nothingMade(what: string, { usage, words }: Generated): readonly AnswerDelta[] {
  const failure = {
    ...plainFailure('BAD_RESPONSE', `The answer has no ${what}: ${words === '' ? 'it gives no reason' : words}`),
    httpStatus: 200,
  };
  return failed(failure, usage);
}

/** An answer that ended before its time. */
export function isCut({ rawFinish }: Generated): boolean {
  const reason = FINISH_REASON_TABLE.get(rawFinish ?? '');
  return reason === 'LENGTH' || reason === 'INCOMPLETE';
}

function failed(failure: Failure, usage: TokenUsage | null): readonly AnswerDelta[] {
  return [...(usage === null ? [] : [{ type: 'usage', usage } as const]), { type: 'failure', failure }];
}

const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;

/** The media of one kind in an answer. @throws UnreadableBody where their bytes are cut off. */
export function mediaIn({ parts }: Generated, kind: 'image' | 'audio'): readonly { readonly mimeType: string; readonly base64: string }[] {
  return parts.flatMap((part) => {
    const media = objectOf(part['inlineData']);
    const mimeType = wordOf(media['mimeType'])?.toLowerCase() ?? '';
    const base64 = textOf(media['data']);
    if (base64 === null || !mimeType.startsWith(`${kind}/`)) return [];
    if (base64.length % 4 !== 0 || !BASE64.test(base64)) throw new UnreadableBody(`The ${kind} is no base64.`);
    return { mimeType, base64 };
  });
}
