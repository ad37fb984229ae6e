import type { JsonObject, JsonValue } from '../../core/json.js';
import type { RerankCall } from '../../core/operations.js';
import type { TokenUsage } from '../../core/usage.js';
import { UnreadableBody } from '../contract.js';
import type { ChatRequest, ChatRequestOptions, OperationApi, ProviderTarget } from '../contract.js';
import { isJsonList, numberOf, objectOf } from '../json-read.js';
import { toOpenAiFailure } from '../openai-chat/failures.js';
import { bodyList, resultDeltas, withUnits } from '../results.js';
import { storable, tokensOf } from '../usage-read.js';
import { readOpenAiBody, toOpenAiRequest } from './form.js';
import { promptUsage } from './usage.js';

/**
 * POST <baseUrl>/rerank: the form of Cohere (https://docs.cohere.com/reference/rerank), which Jina, Voyage, vLLM and others speak
 * with small differences.
 */
export const rerank: OperationApi<RerankCall> = {
  toRequest: toRerankRequest,
  fromResponse: fromRerankResponse,
  toFailure: toOpenAiFailure,
};

function toRerankRequest(call: RerankCall, target: ProviderTarget, { refusedParameters }: ChatRequestOptions): ChatRequest {
  const required = { query: call.query, documents: [...call.documents], ...(call.topN === null ? {} : { top_n: call.topN }) };
  return toOpenAiRequest(call, { path: '/rerank', required, optional: {}, unsaid: { user: call.user } }, { target, refusedParameters });
}

/** `results`; Voyage says `data`. */
function fromRerankResponse(value: JsonValue, { documents }: RerankCall) {
  return readOpenAiBody(value, (body) => {
    const entries = bodyList(body, isJsonList(body['results']) ? 'results' : 'data').map(objectOf);
    const rankings = entries.map((entry) => {
      const index = numberOf(entry['index']);
      const score = numberOf(entry['relevance_score']) ?? numberOf(entry['score']);
      if (index === null || score === null || documents[index] === undefined) throw new UnreadableBody('A result ranks no document.');
      return { index, score };
    });
    if (rankings.length === 0) throw new UnreadableBody('The body ranks nothing.');
    return resultDeltas({ operation: 'RERANK', rankings: rankings.sort((left, right) => right.score - left.score) }, usageOf(body));
  });
}

/** Tokens, or what Cohere bills: searches. */
function usageOf(body: JsonObject): TokenUsage | null {
  const tokens = promptUsage(body['usage']);
  if (tokens !== null) return tokens;
  const billed = objectOf(objectOf(body['meta'])['billed_units']);
  const searches = tokensOf(billed['search_units']);
  return searches === null ? null : { ...withUnits(null, { REQUEST: Math.max(0, searches) }), raw: storable(billed) };
}
