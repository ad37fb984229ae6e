import { isJsonObject } from '../../core/json.js';
import type { JsonObject, JsonValue } from '../../core/json.js';
import type { EmbeddingCall } from '../../core/operations.js';
import { disjointUsage } from '../../core/usage.js';
import type { TokenUsage } from '../../core/usage.js';
import type { EmbeddingPurpose } from '../../core/vocabulary.js';
import type { ChatRequest, ChatRequestOptions, OperationApi, ProviderTarget } from '../contract.js';
import { extraFields, leftOut, withoutRefused } from '../extra-fields.js';
import { objectOf } from '../json-read.js';
import { storable, tokensOf } from '../usage-read.js';
import { bodyList, bodyObject, vectorDeltas, vectorOf } from '../results.js';
import { fromGeminiError, toGeminiFailure } from './failures.js';

/** POST <baseUrl>/models/<model>:batchEmbedContents: https://ai.google.dev/api/embeddings */
export const geminiEmbeddings: OperationApi = {
  toRequest: toGeminiEmbeddingRequest,
  fromResponse: fromGeminiEmbeddingResponse,
  toFailure: toGeminiFailure,
};

const TASK_TYPES: Readonly<Record<EmbeddingPurpose, string>> = {
  QUERY: 'RETRIEVAL_QUERY',
  DOCUMENT: 'RETRIEVAL_DOCUMENT',
  SIMILARITY: 'SEMANTIC_SIMILARITY',
  CLASSIFICATION: 'CLASSIFICATION',
  CLUSTERING: 'CLUSTERING',
};

/** Each text is a request of its own; what is passed on as it is goes into every one of them. */
function toGeminiEmbeddingRequest(call: EmbeddingCall, target: ProviderTarget, { refusedParameters }: ChatRequestOptions): ChatRequest {
  const warnings: string[] = [];
  if (call.user !== null) warnings.push(leftOut('user'));
  const optional = {
    ...(call.purpose === null ? {} : { taskType: TASK_TYPES[call.purpose] }),
    ...(call.dimensions === null ? {} : { outputDimensionality: call.dimensions }),
  };
  const kept: JsonObject = { ...withoutRefused(optional, { refused: refusedParameters, warnings }), ...extraFields(call, target) };
  const name = target.upstreamModel.replace(/^models\//, '');
  const requests = call.texts.map((text) => ({ model: `models/${name}`, content: { parts: [{ text }] }, ...kept }));
  return {
    path: `/models/${name.split('/').map(encodeURIComponent).join('/')}:batchEmbedContents`,
    headers: target.apiKey === null ? {} : { 'x-goog-api-key': target.apiKey.reveal() },
    body: { requests },
    warnings,
  };
}

function fromGeminiEmbeddingResponse(body: JsonValue, call: EmbeddingCall) {
  const answer = bodyObject(body);
  const failure = fromGeminiError(answer);
  if (failure !== null) return [{ type: 'failure', failure } as const];
  const vectors = bodyList(answer, 'embeddings').map((entry) => vectorOf(objectOf(entry)['values']));
  return vectorDeltas(call, vectors, usageOf(answer['usageMetadata']));
}

function usageOf(raw: JsonValue | undefined): TokenUsage | null {
  if (!isJsonObject(raw)) return null;
  const promptTotal = tokensOf(raw['promptTokenCount']);
  if (promptTotal === null) return null;
  return disjointUsage({ promptTotal, promptParts: {}, answerTotal: 0, answerParts: {}, raw: storable(raw) });
}
