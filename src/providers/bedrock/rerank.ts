import type { JsonValue } from '../../core/json.js';
import type { RerankCall } from '../../core/operations.js';
import { NO_TOKENS } from '../../core/usage.js';
import type { TokenUsage } from '../../core/usage.js';
import type { ChatRequest, ChatRequestOptions, OperationApi, ProviderTarget, Received } from '../contract.js';
import { rankingOf } from '../openai-operations/rerank.js';
import { bodyObject, resultDeltas } from '../results.js';
import { rankerOf } from './families.js';
import { toBedrockFailure } from './failures.js';
import { readTokens, toInvokeRequest } from './invoke.js';

/** Cohere's and Amazon's models, asked like any other one: https://docs.aws.amazon.com/bedrock/latest/userguide/rerank-supported.html */
export const bedrockRerank: OperationApi<RerankCall> = {
  toRequest: toRerankRequest,
  fromResponse: fromRerankResponse,
  toFailure: toBedrockFailure,
};

/** Cohere's own SDK says which of its forms is meant, here only. */
const COHERE_API_VERSION = 2;

function toRerankRequest(call: RerankCall, target: ProviderTarget, _: ChatRequestOptions): ChatRequest {
  const version = rankerOf(target) === 'cohere' ? { api_version: COHERE_API_VERSION } : {};
  const asked = { query: call.query, documents: [...call.documents], ...(call.topN === null ? {} : { top_n: call.topN }) };
  return toInvokeRequest(call, target, { body: { ...asked, ...version }, warnings: [] });
}

function fromRerankResponse(value: JsonValue, call: RerankCall, received: Received) {
  const body = bodyObject(value);
  return resultDeltas(rankingOf(body, call), usageOf(call, readTokens(body, received)));
}

/** A search is for up to a hundred documents: https://aws.amazon.com/bedrock/pricing/ */
const DOCUMENTS_PER_SEARCH = 100;

/** Searches are billed, and not told: long documents count more than once. */
function usageOf({ documents }: RerankCall, read: TokenUsage | null): TokenUsage {
  const units = { REQUEST: Math.ceil(documents.length / DOCUMENTS_PER_SEARCH) };
  return { ...(read ?? { ...NO_TOKENS, raw: null, inconsistent: false }), source: 'ESTIMATED', units };
}
