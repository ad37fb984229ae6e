import type { AnswerDelta } from '../../core/answer.js';
import type { JsonObject, JsonValue } from '../../core/json.js';
import type { EmbeddingCall } from '../../core/operations.js';
import type { EmbeddingPurpose } from '../../core/vocabulary.js';
import type { ChatRequest, ChatRequestOptions, OperationApi, ProviderTarget } from '../contract.js';
import { extraFields, leftOut, withoutRefused } from '../extra-fields.js';
import { objectOf } from '../json-read.js';
import { quirksOf } from '../presets.js';
import { bodyList, bodyObject, vectorDeltas, vectorOf } from '../results.js';
import { fromGeminiUsage } from './answer.js';
import { fromCloudVectors, toCloudRequest } from './cloud-embeddings.js';
import type { VectorsAsked } from './cloud-embeddings.js';
import { embeddingFamilyOf } from './families.js';
import { fromGeminiError, toGeminiFailure } from './failures.js';
import { keyHeaders, modelPath } from './paths.js';

/** POST <baseUrl>/models/<model>:batchEmbedContents, https://ai.google.dev/api/embeddings, and what Google Cloud has in its place. */
export const geminiEmbeddings: OperationApi<EmbeddingCall> = {
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

/** What newer models read before the text instead: https://ai.google.dev/gemini-api/docs/embeddings#task-types */
const PREFIXES: Readonly<Record<EmbeddingPurpose, string>> = {
  QUERY: 'task: search result | query: ',
  DOCUMENT: 'title: none | text: ',
  SIMILARITY: 'task: sentence similarity | query: ',
  CLASSIFICATION: 'task: classification | query: ',
  CLUSTERING: 'task: clustering | query: ',
};

/** Each text is a request of its own; what is passed on as it is goes into every one of them. */
function toGeminiEmbeddingRequest(call: EmbeddingCall, target: ProviderTarget, { refusedParameters }: ChatRequestOptions): ChatRequest {
  const warnings = call.user === null ? [] : [leftOut('user')];
  const asked = toAsked(call, target, { refused: refusedParameters, warnings });
  if (quirksOf(target).googleCloud === true) return toCloudRequest(call, target, { asked, warnings });
  const fields: JsonObject = {
    ...(asked.taskType === null ? {} : { taskType: asked.taskType }),
    ...(asked.outputDimensionality === null ? {} : { outputDimensionality: asked.outputDimensionality }),
    ...extraFields(call, target),
  };
  const model = `models/${target.upstreamModel.replace(/^models\//, '')}`;
  const requests = asked.texts.map((text) => ({ model, content: { parts: [{ text }] }, ...fields }));
  return { path: modelPath(target, 'batchEmbedContents'), headers: keyHeaders(target), body: { requests }, warnings };
}

function toAsked(
  { texts, purpose, dimensions }: EmbeddingCall,
  target: ProviderTarget,
  rules: { refused: ReadonlySet<string>; warnings: string[] },
): VectorsAsked {
  const isInText = embeddingFamilyOf(target).purposes === 'inText';
  const prefix = purpose !== null && isInText ? PREFIXES[purpose] : '';
  const wanted = {
    ...(purpose === null || isInText ? {} : { taskType: TASK_TYPES[purpose] }),
    ...(dimensions === null ? {} : { outputDimensionality: dimensions }),
  };
  const kept = withoutRefused(wanted, rules);
  return {
    texts: texts.map((text) => prefix + text),
    taskType: 'taskType' in kept ? (wanted.taskType ?? null) : null,
    outputDimensionality: 'outputDimensionality' in kept ? dimensions : null,
  };
}

function fromGeminiEmbeddingResponse(body: JsonValue, call: EmbeddingCall): readonly AnswerDelta[] {
  const answer = bodyObject(body);
  const failure = fromGeminiError(answer);
  if (failure !== null) return [{ type: 'failure', failure }];
  const fromCloud = fromCloudVectors(answer, call);
  if (fromCloud !== null) return fromCloud;
  const vectors = bodyList(answer, 'embeddings').map((entry) => vectorOf(objectOf(entry)['values']));
  return vectorDeltas(call, vectors, fromGeminiUsage(objectOf(answer['usageMetadata'])));
}
