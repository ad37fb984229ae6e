import type { AnswerDelta } from '../../core/answer.js';
import { isJsonObject } from '../../core/json.js';
import type { JsonObject } from '../../core/json.js';
import type { EmbeddingCall } from '../../core/operations.js';
import { disjointUsage } from '../../core/usage.js';
import type { TokenUsage } from '../../core/usage.js';
import { Untranslatable } from '../contract.js';
import type { ChatRequest, ProviderTarget } from '../contract.js';
import { isJsonList, numberOf, objectOf } from '../json-read.js';
import { vectorDeltas, vectorOf, withUnits } from '../results.js';
import { storable, tokensOf } from '../usage-read.js';
import { fromGeminiUsage } from './answer.js';
import { embeddingFamilyOf } from './families.js';
import { withExtra } from './generate.js';
import { keyHeaders, modelPath } from './paths.js';

/** What is asked in either cloud. */
export interface VectorsAsked {
  readonly texts: readonly string[];
  readonly taskType: string | null;
  readonly outputDimensionality: number | null;
}

/**
 * Vectors in Google Cloud, where older models are asked for predictions, many at once, and newer ones for the vector of one
 * content: https://docs.cloud.google.com/vertex-ai/generative-ai/docs/model-reference/text-embeddings-api
 */
export function toCloudRequest(
  call: EmbeddingCall,
  target: ProviderTarget,
  { asked, warnings }: { readonly asked: VectorsAsked; readonly warnings: readonly string[] },
): ChatRequest {
  const method = embeddingFamilyOf(target).cloudMethod;
  const body = withExtra(method === 'predict' ? toInstances(asked) : toContent(asked), { call, target });
  return { path: modelPath(target, method), headers: keyHeaders(target), body, warnings };
}

/** Nothing of a text is cut away in silence: one that is too long is refused. */
const WHOLE = { autoTruncate: false };

function toInstances({ texts, taskType, outputDimensionality }: VectorsAsked): JsonObject {
  return {
    instances: texts.map((content) => ({ content, ...(taskType === null ? {} : { task_type: taskType }) })),
    parameters: { ...WHOLE, ...(outputDimensionality === null ? {} : { outputDimensionality }) },
  };
}

/** Several parts would come to one vector of them all. */
function toContent({ texts, outputDimensionality }: VectorsAsked): JsonObject {
  const [text = '', ...others] = texts;
  if (others.length > 0) throw new Untranslatable('The provider’s model takes one text in a call.');
  return {
    content: { parts: [{ text }] },
    embedContentConfig: { ...WHOLE, ...(outputDimensionality === null ? {} : { outputDimensionality }) },
  };
}

/** Null where the body is of neither of both methods. */
export function fromCloudVectors(body: JsonObject, call: EmbeddingCall): readonly AnswerDelta[] | null {
  if (isJsonList(body['predictions'])) {
    const entries = body['predictions'].map((entry) => objectOf(objectOf(entry)['embeddings']));
    const vectors = entries.map((entry) => vectorOf(entry['values']));
    return vectorDeltas(call, vectors, predictedUsage(entries, objectOf(body['metadata'])));
  }
  if (!isJsonObject(body['embedding'])) return null;
  return vectorDeltas(call, [vectorOf(body['embedding']['values'])], fromGeminiUsage(objectOf(body['usageMetadata'])));
}

/** Each vector tells its own tokens; the body tells the characters, by which some of these models are billed. */
function predictedUsage(entries: readonly JsonObject[], metadata: JsonObject): TokenUsage | null {
  const counts = entries.map((entry) => tokensOf(objectOf(entry['statistics'])['token_count']));
  const characters = numberOf(metadata['billableCharacterCount']);
  const told = counts.some((count) => count !== null);
  const promptTotal = counts.reduce<number>((sum, count) => sum + (count ?? 0), 0);
  const raw = storable({ ...(told ? { token_count: promptTotal } : {}), ...metadata });
  const usage = told ? disjointUsage({ promptTotal, promptParts: {}, answerTotal: 0, answerParts: {}, raw }) : null;
  if (characters === null) return usage;
  const units = { CHARACTER: Math.max(0, Math.trunc(characters)) };
  return usage === null ? { ...withUnits(null, units), raw } : withUnits(usage, units);
}
