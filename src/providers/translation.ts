import type { AnswerDelta } from '../core/answer.js';
import type { CompletionCall } from '../core/completion.js';
import type { JsonValue } from '../core/json.js';
import type { OperationCall } from '../core/operations.js';
import type { ChatApi, ChatRequest, ChatRequestOptions, OperationApi, ProviderTarget, WireFormatAdapter } from './contract.js';

/** A translator with the call it translates: all that the caller of upstreams has to know of either. */
export interface Translation extends Omit<ChatApi, 'toRequest' | 'fromResponse'> {
  toRequest(target: ProviderTarget, options: ChatRequestOptions): ChatRequest;
  fromResponse(body: JsonValue): readonly AnswerDelta[];
}

export function chatTranslation(api: ChatApi, call: CompletionCall): Translation {
  return { ...api, toRequest: (target, options) => api.toRequest(call, target, options) };
}

/** An operation is never streamed: should its answer come as a stream all the same, nothing in it is understood. */
export function operationTranslation(api: OperationApi, call: OperationCall): Translation {
  return {
    toRequest: (target, options) => api.toRequest(call, target, options),
    fromResponse: (body) => api.fromResponse(body, call),
    toFailure: (response) => api.toFailure(response),
    createStreamReader: () => ({ read: () => [], close: () => [] }),
    dispensableParameters: new Set(),
  };
}

export function operationApi(adapter: WireFormatAdapter | undefined, { operation }: OperationCall): OperationApi | undefined {
  return adapter?.operations?.[operation];
}
