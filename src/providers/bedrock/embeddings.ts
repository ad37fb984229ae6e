import type { JsonObject, JsonValue } from '../../core/json.js';
import type { EmbeddingCall } from '../../core/operations.js';
import type { EmbeddingPurpose } from '../../core/vocabulary.js';
import { COHERE_MOST_TEXTS, COHERE_PURPOSES, COHERE_USUAL_PURPOSE, cohereVectors } from '../cohere.js';
import { UnreadableBody, Untranslatable } from '../contract.js';
import type { ChatRequest, ChatRequestOptions, OperationApi, ProviderTarget, Received } from '../contract.js';
import { leftOut, withoutRefused } from '../extra-fields.js';
import { listOf, objectOf } from '../json-read.js';
import { bodyObject, vectorDeltas, vectorOf } from '../results.js';
import { embedderOf } from './families.js';
import type { Embedder } from './families.js';
import { toBedrockFailure } from './failures.js';
import { readTokens, toInvokeRequest } from './invoke.js';

/** Titan's, Nova's and Cohere's models for vectors, each in its maker's words. */
export const bedrockEmbeddings: OperationApi<EmbeddingCall> = {
  toRequest: toEmbeddingRequest,
  fromResponse: fromEmbeddingResponse,
  toFailure: toBedrockFailure,
};

/** What one maker's models can be told, and how they answer. */
interface Words {
  readonly mostTexts: number;
  /** The field for the length of vectors; null: they have one only. */
  readonly dimensions: string | null;
  /** What vectors are for; `usual` where nothing is asked for, and the models want to know. */
  readonly purposes: { readonly words: Readonly<Partial<Record<EmbeddingPurpose, string>>>; readonly usual: string } | null;
  toBody(texts: readonly string[], told: JsonObject, purpose: string): JsonObject;
  vectors(body: JsonObject): readonly JsonValue[];
  /** The body's field for what was read; absent: only a header tells. */
  readonly tokens?: string;
}

/** https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-embed-text.html */
const TITAN: Words = {
  mostTexts: 1,
  dimensions: 'dimensions',
  purposes: null,
  toBody: ([inputText = ''], told) => ({ inputText, ...told }),
  vectors: ({ embedding }) => (embedding === undefined ? [] : [embedding]),
  tokens: 'inputTextTokenCount',
};

/** https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-embed.html */
const COHERE: Words = {
  mostTexts: COHERE_MOST_TEXTS,
  dimensions: 'output_dimension',
  purposes: { words: COHERE_PURPOSES, usual: COHERE_USUAL_PURPOSE },
  toBody: (texts, told, purpose) => ({ texts: [...texts], input_type: purpose, embedding_types: ['float'], ...told }),
  vectors: (body) => cohereVectors(body) ?? [],
};

const WORDS: Readonly<Record<Embedder, Words>> = {
  titan: TITAN,
  'titan-v1': { ...TITAN, dimensions: null },
  // https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-embed-mm.html
  'titan-image': {
    ...TITAN,
    dimensions: 'outputEmbeddingLength',
    toBody: ([inputText = ''], told) => ({ inputText, ...(Object.keys(told).length === 0 ? {} : { embeddingConfig: told }) }),
  },
  cohere: COHERE,
  'cohere-v3': { ...COHERE, dimensions: null },
  // https://docs.aws.amazon.com/nova/latest/userguide/embeddings-schema.html
  nova: {
    mostTexts: 1,
    dimensions: 'embeddingDimension',
    purposes: {
      words: { QUERY: 'GENERIC_RETRIEVAL', DOCUMENT: 'GENERIC_INDEX', CLASSIFICATION: 'CLASSIFICATION', CLUSTERING: 'CLUSTERING' },
      usual: 'GENERIC_INDEX',
    },
    toBody: ([value = ''], told, embeddingPurpose) => ({
      taskType: 'SINGLE_EMBEDDING',
      // Nothing of a text is cut away in silence: one that is too long is refused.
      singleEmbeddingParams: { embeddingPurpose, ...told, text: { truncationMode: 'NONE', value } },
    }),
    vectors: ({ embeddings }) => listOf(embeddings).map((each) => objectOf(each)['embedding'] ?? null),
    tokens: 'inputTokenCount',
  },
};

/** A call is one request, so it holds no more texts than the model takes. */
function toEmbeddingRequest(call: EmbeddingCall, target: ProviderTarget, { refusedParameters }: ChatRequestOptions): ChatRequest {
  const { mostTexts, dimensions, purposes, toBody } = WORDS[embedderOf(target)];
  if (call.texts.length > mostTexts)
    throw new Untranslatable(`This model takes ${mostTexts === 1 ? 'one text' : `at most ${String(mostTexts)} texts`} a call.`);
  const warnings: string[] = [];
  if (call.dimensions !== null && dimensions === null) warnings.push(leftOut('dimensions', 'the model’s vectors have one length'));
  const word = call.purpose === null ? undefined : purposes?.words[call.purpose];
  if (call.purpose !== null && word === undefined) warnings.push(leftOut('purpose', 'the provider’s models know none like it'));
  const asked = dimensions === null || call.dimensions === null ? {} : { [dimensions]: call.dimensions };
  const told = withoutRefused(asked, { refused: refusedParameters, warnings });
  return toInvokeRequest(call, target, { body: toBody(call.texts, told, word ?? purposes?.usual ?? ''), warnings });
}

function fromEmbeddingResponse(value: JsonValue, call: EmbeddingCall, received: Received) {
  const body = bodyObject(value);
  const { vectors, tokens } = WORDS[embedderOf(received.target)];
  const read = vectors(body);
  if (read.length === 0) throw new UnreadableBody('The body has no embeddings.');
  return vectorDeltas(call, read.map(vectorOf), readTokens(body, received, tokens));
}
