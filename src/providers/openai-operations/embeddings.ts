import { isJsonObject } from '../../core/json.js';
import type { JsonObject, JsonValue } from '../../core/json.js';
import type { EmbeddingCall } from '../../core/operations.js';
import { disjointUsage } from '../../core/usage.js';
import type { TokenUsage } from '../../core/usage.js';
import { UnreadableBody } from '../contract.js';
import type { ChatRequest, ChatRequestOptions, OperationApi, ProviderTarget } from '../contract.js';
import { extraFields, leftOut, withoutRefused } from '../extra-fields.js';
import { isJsonList, numberOf, objectOf } from '../json-read.js';
import { fromOpenAiError, toOpenAiFailure } from '../openai-chat/failures.js';
import { keyHeaders, pathOf } from '../openai-chat/request.js';
import { quirksOf } from '../presets.js';
import { storable, tokensOf } from '../usage-read.js';
import { toEmbeddingDeltas, vectorOf } from '../vectors.js';

/**
 * POST <baseUrl>/embeddings: https://platform.openai.com/docs/api-reference/embeddings, and those who speak it (Mistral, Ollama,
 * vLLM, Cohere's compatibility endpoint, Jina, Voyage …).
 */
export const openAiEmbeddings: OperationApi = {
  toRequest: toEmbeddingRequest,
  fromResponse: fromEmbeddingResponse,
  toFailure: toOpenAiFailure,
};

function toEmbeddingRequest(call: EmbeddingCall, target: ProviderTarget, { refusedParameters }: ChatRequestOptions): ChatRequest {
  const quirks = quirksOf(target);
  const warnings: string[] = [];
  const fields = quirks.embeddingFields ?? {};
  const optional: Record<string, JsonObject[string]> = {};
  const set = (name: string, value: JsonObject[string] | null) => {
    if (value === null) return;
    const known = fields[name] === undefined ? name : fields[name];
    if (known === null) warnings.push(leftOut(name));
    else optional[known] = value;
  };
  set('dimensions', call.dimensions);
  set('user', call.user);
  const purposes = quirks.embeddingPurposes;
  if (call.purpose !== null) {
    if (purposes) optional[purposes.field] = purposes.words[call.purpose];
    else warnings.push(leftOut('purpose', 'the provider’s models take none'));
  }
  const kept = withoutRefused(optional, { refused: refusedParameters, warnings });
  const body = { model: target.upstreamModel, input: [...call.texts], ...kept, ...extraFields(call, target) };
  return { path: pathOf('/embeddings', target, quirks), headers: keyHeaders(target, quirks), body, warnings };
}

function fromEmbeddingResponse(body: JsonValue, call: EmbeddingCall) {
  if (!isJsonObject(body)) throw new UnreadableBody('The body is not a JSON object.');
  const failure = fromOpenAiError(body);
  if (failure !== null) return [{ type: 'failure', failure } as const];
  if (!isJsonList(body['data'])) throw new UnreadableBody('The body has no embeddings.');
  const entries = body['data'].map(objectOf);
  const places = entries.map((entry, position) => ({ at: numberOf(entry['index']) ?? position, vector: vectorOf(entry['embedding']) }));
  const vectors = places.sort((left, right) => left.at - right.at).map(({ vector }) => vector);
  return toEmbeddingDeltas(call, { vectors, usage: usageOf(body['usage']) });
}

/** Some report the total only. */
function usageOf(raw: JsonValue | undefined): TokenUsage | null {
  if (!isJsonObject(raw)) return null;
  const promptTotal = tokensOf(raw['prompt_tokens']) ?? tokensOf(raw['total_tokens']);
  if (promptTotal === null) return null;
  return disjointUsage({ promptTotal, promptParts: {}, answerTotal: 0, answerParts: {}, raw: storable(raw) });
}
