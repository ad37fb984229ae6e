import type { JsonObject, JsonValue } from '../../core/json.js';
import type { TranscriptionCall, TranscriptSegment } from '../../core/operations.js';
import type { TokenUsage } from '../../core/usage.js';
import { UnreadableBody } from '../contract.js';
import type { ChatRequest, ChatRequestOptions, OperationApi, ProviderTarget } from '../contract.js';
import { listOf, numberOf, objectOf, textOf, wordOf } from '../json-read.js';
import { toOpenAiFailure } from '../openai-chat/failures.js';
import { resultDeltas, withUnits } from '../results.js';
import { storable } from '../usage-read.js';
import { readOpenAiBody, toOpenAiRequest } from './form.js';
import { toMultipart } from './multipart.js';
import { mediaUsage } from './usage.js';

/** POST <baseUrl>/audio/transcriptions: https://platform.openai.com/docs/api-reference/audio/createTranscription, and Groq's and Mistral's. */
export const openAiTranscriptions: OperationApi<TranscriptionCall> = {
  toRequest: toTranscriptionRequest,
  fromResponse: fromTranscriptionResponse,
  toFailure: toOpenAiFailure,
};

/** The file's name tells its kind where no type does: without either a vendor can't read it. */
const USUAL = { name: 'audio.mp3', mimeType: 'audio/mpeg' };

function toTranscriptionRequest(call: TranscriptionCall, target: ProviderTarget, { refusedParameters }: ChatRequestOptions): ChatRequest {
  const { audio, language, prompt, timestamps } = call;
  const required: JsonObject = timestamps
    ? { response_format: 'verbose_json', 'timestamp_granularities[]': 'segment' }
    : { response_format: 'json' };
  const fields = { path: '/audio/transcriptions', required, optional: { language, prompt }, unsaid: { user: call.user } };
  const { body, ...request } = toOpenAiRequest(call, fields, { target, refusedParameters });
  const texts = Object.entries(body).map(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)] as const);
  const contentType = audio.mimeType ?? USUAL.mimeType;
  const name = audio.name ?? (audio.mimeType === null ? USUAL.name : `audio.${(contentType.split('/')[1] ?? '').replace(/^x-/, '')}`);
  const payload = toMultipart(texts, { field: 'file', name, contentType, bytes: audio.bytes });
  return { ...request, body: {}, payload };
}

function fromTranscriptionResponse(value: JsonValue) {
  return readOpenAiBody(value, (body) => {
    const text = body['text'];
    if (typeof text !== 'string') throw new UnreadableBody('The body has no text.');
    const told = objectOf(body['usage']);
    const durationSeconds = numberOf(body['duration']) ?? numberOf(told['seconds']);
    const segments = listOf(body['segments']).flatMap(segmentOf);
    const result = { operation: 'TRANSCRIPTION', text, language: wordOf(body['language']), durationSeconds, segments } as const;
    return resultDeltas(result, usageOf(told, durationSeconds));
  });
}

function segmentOf(value: JsonValue): readonly TranscriptSegment[] {
  const segment = objectOf(value);
  const [startSeconds, endSeconds, text] = [numberOf(segment['start']), numberOf(segment['end']), textOf(segment['text'])];
  return startSeconds === null || endSeconds === null || text === null ? [] : [{ startSeconds, endSeconds, text }];
}

/** Tokens where they are told, and whole seconds, as vendors bill them; null where neither is. */
function usageOf(told: JsonObject, durationSeconds: number | null): TokenUsage | null {
  const tokens = mediaUsage(told, 'output');
  const seconds = numberOf(told['seconds']) ?? durationSeconds;
  if (seconds === null) return tokens;
  const units = { SECOND: Math.ceil(Math.max(0, seconds)) };
  return tokens === null
    ? { ...withUnits(null, units), raw: Object.keys(told).length === 0 ? null : storable(told) }
    : withUnits(tokens, units);
}
