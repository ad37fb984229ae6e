import type { AnswerDelta } from '../../core/answer.js';
import { isJsonObject } from '../../core/json.js';
import type { JsonValue } from '../../core/json.js';
import { UnreadableBody } from '../contract.js';
import type { WireFormatAdapter } from '../contract.js';
import { createStreamReader } from '../stream-reader.js';
import { INITIAL_STATE, endAnswer, reduceChunk } from './answer.js';
import { geminiEmbeddings } from './embeddings.js';
import { fromGeminiError, toGeminiFailure } from './failures.js';
import { geminiImages } from './images.js';
import { keyHeaders } from './paths.js';
import { toGeminiRequest } from './request.js';
import { geminiSpeech } from './speech.js';
import { geminiTranscriptions } from './transcriptions.js';

/** Google's generateContent: https://ai.google.dev/api/generate-content */
export const gemini: WireFormatAdapter = {
  wireFormat: 'GEMINI',
  chat: {
    toRequest: toGeminiRequest,
    fromResponse: fromGeminiResponse,
    createStreamReader: () =>
      createStreamReader({
        initial: INITIAL_STATE,
        reduce: reduceChunk,
        toFailure: fromGeminiError,
        close: (state) => (state.rawFinish === null ? [state, []] : endAnswer(state)),
      }),
    toFailure: toGeminiFailure,
    dispensableParameters: new Set(),
  },
  operations: {
    EMBEDDING: geminiEmbeddings,
    IMAGE: geminiImages,
    SPEECH: geminiSpeech,
    TRANSCRIPTION: geminiTranscriptions,
  },
  models: (target) => ({ path: '/models?pageSize=1', headers: keyHeaders(target) }),
};

export function fromGeminiResponse(body: JsonValue): readonly AnswerDelta[] {
  if (!isJsonObject(body)) throw new UnreadableBody('The body is not a JSON object.');
  const failure = fromGeminiError(body);
  if (failure !== null) return [{ type: 'failure', failure }];
  if (body['candidates'] === undefined && body['promptFeedback'] === undefined) throw new UnreadableBody('The body has no candidates.');
  const [state, deltas] = reduceChunk(INITIAL_STATE, body);
  const isTold = (delta: AnswerDelta) => delta.type !== 'usage';
  return [...deltas.filter(isTold), ...endAnswer(state)[1]];
}
