import type { AnswerDelta } from '../../core/answer.js';
import { isJsonObject } from '../../core/json.js';
import type { JsonObject, JsonValue } from '../../core/json.js';
import { UnreadableBody } from '../contract.js';
import type { WireFormatAdapter } from '../contract.js';
import { isJsonList } from '../json-read.js';
import { createStreamReader } from '../stream-reader.js';
import { INITIAL_STATE, eventsOf, reduceEvent } from './answer.js';
import type { MessageState } from './answer.js';
import { fromAnthropicError, toAnthropicFailure } from './failures.js';
import { toAnthropicRequest } from './request.js';

/** Anthropic's Messages: https://platform.claude.com/docs/en/api/messages */
export const anthropicMessages: WireFormatAdapter = {
  wireFormat: 'ANTHROPIC_MESSAGES',
  chat: {
    toRequest: toAnthropicRequest,
    fromResponse: fromAnthropicResponse,
    createStreamReader: () =>
      createStreamReader<MessageState>({ initial: INITIAL_STATE, reduce: reduceEvent, toFailure: fromAnthropicError }),
    toFailure: toAnthropicFailure,
    // The other form of it asks for the same.
    dispensableParameters: new Set(['thinking', 'output_format']),
  },
};

export function fromAnthropicResponse(body: JsonValue): readonly AnswerDelta[] {
  if (!isJsonObject(body)) throw new UnreadableBody('The body is not a JSON object.');
  const failure = fromAnthropicError(body);
  if (failure !== null) return [{ type: 'failure', failure }];
  if (!isJsonList(body['content'])) throw new UnreadableBody('The body has no content.');
  return readAll(eventsOf(body));
}

function readAll(events: readonly JsonObject[]): readonly AnswerDelta[] {
  let state = INITIAL_STATE;
  return events.flatMap((event) => {
    const [next, deltas] = reduceEvent(state, event);
    state = next;
    return deltas;
  });
}
