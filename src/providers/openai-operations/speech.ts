import type { JsonObject } from '../../core/json.js';
import { charactersOf } from '../../core/operations.js';
import type { SpeechCall } from '../../core/operations.js';
import type { AudioFormat } from '../../core/vocabulary.js';
import { UnreadableBody } from '../contract.js';
import type { ChatRequest, ChatRequestOptions, OperationApi, ProviderTarget, UpstreamError } from '../contract.js';
import { objectOf, parseJson } from '../json-read.js';
import { fromOpenAiError, toOpenAiFailure } from '../openai-chat/failures.js';
import { resultDeltas, withUnits } from '../results.js';
import { toOpenAiRequest } from './form.js';

/** POST <baseUrl>/audio/speech: https://platform.openai.com/docs/api-reference/audio/createSpeech, and Groq's. */
export const openAiSpeech: OperationApi<SpeechCall> = {
  toRequest: toSpeechRequest,
  fromResponse: () => {
    throw new UnreadableBody('The body is JSON, and no audio.');
  },
  fromBytes: fromSpeechResponse,
  toFailure: toOpenAiFailure,
};

function toSpeechRequest(call: SpeechCall, target: ProviderTarget, { refusedParameters }: ChatRequestOptions): ChatRequest {
  const { text, voice, format, speed, instructions } = call;
  const required: JsonObject = { input: text, voice, response_format: format.toLowerCase() };
  const fields = { path: '/audio/speech', required, optional: { speed, instructions }, unsaid: { user: call.user } };
  const { headers, ...request } = toOpenAiRequest(call, fields, { target, refusedParameters });
  return { ...request, headers: { accept: '*/*', ...headers } };
}

const MIME_TYPES: Readonly<Record<AudioFormat, string>> = {
  MP3: 'audio/mpeg',
  OPUS: 'audio/ogg',
  AAC: 'audio/aac',
  FLAC: 'audio/flac',
  WAV: 'audio/wav',
  PCM: 'audio/pcm',
};

/** The characters of the text are what vendors bill by the piece; nothing tells them, and nothing needs to. */
function fromSpeechResponse({ headers, body, bytes = Buffer.alloc(0) }: UpstreamError, call: SpeechCall) {
  const type = String(headers['content-type'] ?? '').toLowerCase();
  if (type.includes('json')) {
    const failure = fromOpenAiError(objectOf(parseJson(body)));
    if (failure !== null) return [{ type: 'failure', failure } as const];
  }
  if (type.includes('json') || type.startsWith('text/') || bytes.byteLength === 0) throw new UnreadableBody('The body is no audio.');
  const mimeType = /^audio\/[\w.+-]+/.exec(type)?.[0] ?? MIME_TYPES[call.format];
  const usage = withUnits(null, { CHARACTER: charactersOf(call.text) });
  return resultDeltas({ operation: 'SPEECH', mimeType, base64: Buffer.from(bytes).toString('base64') }, usage);
}
