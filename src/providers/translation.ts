import type { AnswerDelta } from '../core/answer.js';
import type { CompletionCall } from '../core/completion.js';
import type { JsonValue } from '../core/json.js';
import type { OperationCall } from '../core/operations.js';
import { UnreadableBody } from './contract.js';
import type {
  ChatApi,
  ChatRequest,
  ChatRequestOptions,
  OperationApi,
  ProviderTarget,
  UpstreamError,
  WireFormatAdapter,
} from './contract.js';
import { parseJson } from './json-read.js';

/** A translator with the call it translates: all that the caller of upstreams has to know of either. */
export interface Translation extends Omit<ChatApi, 'toRequest' | 'fromResponse'> {
  toRequest(target: ProviderTarget, options: ChatRequestOptions): ChatRequest;
  /** The deltas of a good body. */
  fromResponse(response: UpstreamError): readonly AnswerDelta[];
}

export function chatTranslation(api: ChatApi, call: CompletionCall): Translation {
  return {
    ...api,
    toRequest: (target, options) => api.toRequest(call, target, options),
    fromResponse: (response) => api.fromResponse(jsonOf(response)),
  };
}

/** An operation is never streamed: should its answer come as a stream all the same, nothing in it is understood. */
export function operationTranslation(api: OperationApi, call: OperationCall, target: ProviderTarget): Translation {
  return {
    toRequest: (_, options) => api.toRequest(call, target, options),
    fromResponse: (response) =>
      api.fromBytes?.(response, call) ?? api.fromResponse(jsonOf(response), call, { target, headers: response.headers }),
    toFailure: (response) => api.toFailure(response),
    createStreamReader: () => ({ read: () => [], close: () => [] }),
    dispensableParameters: new Set(),
  };
}

/** @throws UnreadableBody */
function jsonOf({ body }: UpstreamError): JsonValue {
  const value = parseJson(body);
  if (value === undefined) throw new UnreadableBody('The body is not JSON.');
  return value;
}

export function operationApi(adapter: WireFormatAdapter | undefined, { operation }: OperationCall): OperationApi | undefined {
  return adapter?.operations?.[operation];
}
