import type { JsonValue } from '../../core/json.js';
import type { EmbeddingCall } from '../../core/operations.js';
import { cohereUsage, cohereVectors } from '../cohere.js';
import { Untranslatable } from '../contract.js';
import type { ChatRequest, ChatRequestOptions, OperationApi, ProviderTarget } from '../contract.js';
import { leftOut } from '../extra-fields.js';
import { numberOf, objectOf } from '../json-read.js';
import { toOpenAiFailure } from '../openai-chat/failures.js';
import { quirksOf } from '../presets.js';
import { bodyList, vectorDeltas, vectorOf } from '../results.js';
import { readOpenAiBody, toOpenAiRequest } from './form.js';
import { promptUsage } from './usage.js';

/**
 * POST <baseUrl>/embeddings: https://platform.openai.com/docs/api-reference/embeddings, and those who speak it (Mistral, Ollama,
 * vLLM, Jina, Voyage …), Cohere with words and an answer of its own.
 */
export const openAiEmbeddings: OperationApi<EmbeddingCall> = {
  toRequest: toEmbeddingRequest,
  fromResponse: fromEmbeddingResponse,
  toFailure: toOpenAiFailure,
};

function toEmbeddingRequest(call: EmbeddingCall, target: ProviderTarget, { refusedParameters }: ChatRequestOptions): ChatRequest {
  const { embeddingPurposes: purposes, mostTexts = Number.POSITIVE_INFINITY } = quirksOf(target);
  if (call.texts.length > mostTexts) throw new Untranslatable(`This provider takes at most ${String(mostTexts)} texts a call.`);
  const word = (call.purpose && purposes?.words[call.purpose]) ?? null;
  const optional = {
    dimensions: call.dimensions,
    user: call.user,
    ...(purposes ? { [purposes.field]: word ?? purposes.usual ?? null } : {}),
  };
  const fields = { path: '/embeddings', required: { input: [...call.texts] }, optional };
  const request = toOpenAiRequest(call, fields, { target, refusedParameters });
  if (call.purpose === null || word !== null) return request;
  return { ...request, warnings: [...request.warnings, leftOut('purpose', 'the provider’s models know none like it')] };
}

function fromEmbeddingResponse(value: JsonValue, call: EmbeddingCall) {
  return readOpenAiBody(value, (body) => {
    const own = cohereVectors(body);
    if (own !== null) return vectorDeltas(call, own.map(vectorOf), cohereUsage(body));
    const entries = bodyList(body, 'data').map(objectOf);
    const places = entries.map((entry, position) => ({ at: numberOf(entry['index']) ?? position, vector: vectorOf(entry['embedding']) }));
    const vectors = places.sort((left, right) => left.at - right.at).map(({ vector }) => vector);
    return vectorDeltas(call, vectors, promptUsage(body['usage']));
  });
}
