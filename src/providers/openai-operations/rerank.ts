import type { JsonObject, JsonValue } from '../../core/json.js';
import type { RerankCall, RerankResult } from '../../core/operations.js';
import { cohereUsage } from '../cohere.js';
import { UnreadableBody } from '../contract.js';
import type { ChatRequest, ChatRequestOptions, OperationApi, ProviderTarget } from '../contract.js';
import { isJsonList, numberOf, objectOf } from '../json-read.js';
import { toOpenAiFailure } from '../openai-chat/failures.js';
import { bodyList, resultDeltas } from '../results.js';
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

function fromRerankResponse(value: JsonValue, call: RerankCall) {
  return readOpenAiBody(value, (body) => resultDeltas(rankingOf(body, call), promptUsage(body['usage']) ?? cohereUsage(body)));
}

/** `results`; Voyage says `data`. @throws UnreadableBody */
export function rankingOf(body: JsonObject, { documents }: RerankCall): RerankResult {
  const entries = bodyList(body, isJsonList(body['results']) ? 'results' : 'data').map(objectOf);
  const rankings = entries.map((entry) => {
    const index = numberOf(entry['index']);
    const score = numberOf(entry['relevance_score']) ?? numberOf(entry['score']);
    if (index === null || score === null || documents[index] === undefined) throw new UnreadableBody('A result ranks no document.');
    return { index, score };
  });
  if (rankings.length === 0) throw new UnreadableBody('The body ranks nothing.');
  return { operation: 'RERANK', rankings: rankings.sort((left, right) => right.score - left.score) };
}
