import { isJsonObject } from '../../core/json.js';
import type { JsonObject } from '../../core/json.js';
import type { OperationCall } from '../../core/operations.js';
import { disjointUsage } from '../../core/usage.js';
import type { TokenUsage } from '../../core/usage.js';
import type { ChatRequest, ProviderTarget, Received } from '../contract.js';
import { extraFields, leftOut } from '../extra-fields.js';
import { storable, tokensOf } from '../usage-read.js';

/**
 * POST <baseUrl>/model/<model>/invoke, whose body is the model's own:
 * https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InvokeModel.html
 */
export function toInvokeRequest(call: OperationCall, target: ProviderTarget, given: { body: JsonObject; warnings: string[] }): ChatRequest {
  if (call.user !== null) given.warnings.push(leftOut('user'));
  return {
    path: `/model/${encodeURIComponent(target.upstreamModel)}/invoke`,
    headers: target.apiKey === null ? {} : { authorization: `Bearer ${target.apiKey.reveal()}` },
    body: withFields(given.body, extraFields(call, target)),
    warnings: given.warnings,
  };
}

/** Models keep most of what they can be told in objects: a caller's field goes in beside ours, and wins. */
function withFields(body: JsonObject, extras: JsonObject): JsonObject {
  const merged = Object.entries(extras).map(([name, value]) => {
    const own = body[name];
    return [name, isJsonObject(own) && isJsonObject(value) ? { ...own, ...value } : value] as const;
  });
  return { ...body, ...Object.fromEntries(merged) };
}

/** Answers every invocation tells what it read in; some makers' bodies tell it nowhere. */
const COUNT_HEADER = 'x-amzn-bedrock-input-token-count';

/** What a body tells of what was read, under the name it has there, else what the vendor counted; null where nobody tells. */
export function readTokens(body: JsonObject, { headers }: Received, name?: string): TokenUsage | null {
  const told = name === undefined ? null : tokensOf(body[name]);
  const header = headers[COUNT_HEADER];
  const counted = told ?? tokensOf(header === undefined ? undefined : Number(header));
  if (counted === null) return null;
  const raw = storable({ [told === null ? COUNT_HEADER : (name ?? '')]: counted });
  return disjointUsage({ promptTotal: counted, promptParts: {}, answerTotal: 0, answerParts: {}, raw });
}
