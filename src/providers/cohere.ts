import type { JsonObject, JsonValue } from '../core/json.js';
import { disjointUsage } from '../core/usage.js';
import type { TokenUsage } from '../core/usage.js';
import type { EmbeddingPurpose } from '../core/vocabulary.js';
import { isJsonList, objectOf } from './json-read.js';
import { withUnits } from './results.js';
import { storable, tokensOf } from './usage-read.js';

/** What Cohere's models say in their maker's own words, on its own address (https://docs.cohere.com/reference/embed) and on others. */

/** What vectors are for; similarity has no word. */
export const COHERE_PURPOSES: Readonly<Partial<Record<EmbeddingPurpose, string>>> = {
  QUERY: 'search_query',
  DOCUMENT: 'search_document',
  CLASSIFICATION: 'classification',
  CLUSTERING: 'clustering',
};

/** The models want a purpose in every call; most vectors are of what is to be found. */
export const COHERE_USUAL_PURPOSE = 'search_document';

/** Texts in one call for vectors. */
export const COHERE_MOST_TEXTS = 96;

/** `embeddings` is a list for each type that was asked for, or the list itself where none was. Null where it is neither. */
export function cohereVectors({ embeddings }: JsonObject): readonly JsonValue[] | null {
  const floats = isJsonList(embeddings) ? embeddings : objectOf(embeddings)['float'];
  return isJsonList(floats) ? floats : null;
}

/** Searches, or tokens: what is billed, and not what the model read (https://docs.cohere.com/reference/rerank). */
export function cohereUsage({ meta }: JsonObject): TokenUsage | null {
  const billed = objectOf(objectOf(meta)['billed_units']);
  const searches = tokensOf(billed['search_units']);
  const promptTotal = tokensOf(billed['input_tokens']);
  if (searches === null && promptTotal === null) return null;
  const raw = storable(billed);
  const tokens = disjointUsage({ promptTotal: promptTotal ?? 0, promptParts: {}, answerTotal: 0, answerParts: {}, raw });
  return searches === null ? tokens : withUnits(tokens, { REQUEST: Math.max(0, searches) });
}
