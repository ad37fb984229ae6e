import type { AnswerDelta } from '../../core/answer.js';
import type { Failure } from '../../core/failures.js';
import { isJsonObject } from '../../core/json.js';
import type { JsonObject, JsonValue } from '../../core/json.js';
import { UnreadableBody } from '../contract.js';
import type { WireFormatAdapter } from '../contract.js';
import { isJsonList, objectOf } from '../json-read.js';
import { fromOpenAiError, toOpenAiFailure } from '../openai-chat/failures.js';
import { openAiOperations } from '../openai-operations/apis.js';
import { keyHeaders } from '../openai-chat/request.js';
import { quirksOf } from '../presets.js';
import { createStreamReader } from '../stream-reader.js';
import { INITIAL_STATE, eventsOf, reduceEvent } from './answer.js';
import { toResponsesRequest } from './request.js';

/** OpenAI's responses: https://platform.openai.com/docs/api-reference/responses */
export const openAiResponses: WireFormatAdapter = {
  wireFormat: 'OPENAI_RESPONSES',
  chat: {
    toRequest: toResponsesRequest,
    fromResponse: fromResponsesResponse,
    createStreamReader: () => createStreamReader({ initial: INITIAL_STATE, reduce: reduceEvent, toFailure: fromResponsesEvent }),
    toFailure: toOpenAiFailure,
    dispensableParameters: new Set(['include']),
  },
  operations: openAiOperations,
  models: (target) => ({ path: '/models', headers: keyHeaders(target, quirksOf(target)) }),
};

/** A failed response holds its error; an event of kind `error` is one. */
function fromResponsesEvent(event: JsonObject, name: string | null): Failure | null {
  const failed = event['type'] === 'response.failed' ? objectOf(event['response'])['error'] : null;
  if (event['type'] === 'response.failed') return fromOpenAiError({ error: failed ?? 'The response failed.' });
  return fromOpenAiError(event, event['type'] === 'error' ? 'error' : name);
}

export function fromResponsesResponse(body: JsonValue): readonly AnswerDelta[] {
  if (!isJsonObject(body)) throw new UnreadableBody('The body is not a JSON object.');
  const failure =
    body['status'] === 'failed' ? fromResponsesEvent({ type: 'response.failed', response: body }, null) : fromOpenAiError(body);
  if (failure !== null) return [{ type: 'failure', failure }];
  if (!isJsonList(body['output'])) throw new UnreadableBody('The body has no output.');
  let state = INITIAL_STATE;
  return eventsOf(body).flatMap((event) => {
    const [next, deltas] = reduceEvent(state, event);
    state = next;
    return deltas;
  });
}
