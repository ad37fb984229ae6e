import { EMPTY_ANSWER, reduceAnswer } from '../../src/core/answer.js';
import type { Answer } from '../../src/core/answer.js';
import type { JsonValue } from '../../src/core/json.js';
import type { CallTerms, EmbeddingCall, OperationCall } from '../../src/core/operations.js';
import type { WireFormat } from '../../src/core/vocabulary.js';
import { WIRE_FORMAT_ADAPTERS } from '../../src/providers/adapters.js';
import type { OperationApi, ProviderTarget } from '../../src/providers/contract.js';
import { makeTarget } from './support.js';

const TERMS: CallTerms = {
  ...{ model: 'test-model', task: null, routing: null, maxCost: null, timeoutMs: null, onDisconnect: null },
  ...{ user: null, sessionId: null, tags: [], providerOptions: null },
};

export function embedding(changes: Partial<EmbeddingCall> = {}): EmbeddingCall {
  return { ...TERMS, operation: 'EMBEDDING', texts: ['one', 'two'], dimensions: null, purpose: null, ...changes };
}

export interface Given {
  readonly target?: Partial<ProviderTarget>;
  readonly refused?: readonly string[];
}

/** One operation of a wire format, in a test's words. */
export function operationOf(wireFormat: WireFormat, operation: OperationCall['operation']) {
  const api: OperationApi | undefined = WIRE_FORMAT_ADAPTERS.get(wireFormat)?.operations?.[operation];
  if (api === undefined) throw new Error(`${wireFormat} has no ${operation}`);
  return {
    api,
    request: (call: OperationCall, { target = {}, refused = [] }: Given = {}) =>
      api.toRequest(call, makeTarget({ wireFormat, ...target }), { stream: false, refusedParameters: new Set(refused) }),
    answer: (body: JsonValue, call: OperationCall): Answer => api.fromResponse(body, call).reduce(reduceAnswer, EMPTY_ANSWER),
  };
}
