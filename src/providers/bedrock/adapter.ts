import type { AnswerDelta } from '../../core/answer.js';
import { isJsonObject } from '../../core/json.js';
import type { JsonValue } from '../../core/json.js';
import { EXCEPTION, createEventStreamDecoder } from '../aws-event-stream.js';
import { UnreadableBody } from '../contract.js';
import type { WireFormatAdapter } from '../contract.js';
import { objectOf } from '../json-read.js';
import { createStreamReader } from '../stream-reader.js';
import { INITIAL_STATE, endMessage, eventsOf, reduceEvent } from './answer.js';
import type { ConverseState } from './answer.js';
import { bedrockEmbeddings } from './embeddings.js';
import { fromException, toBedrockFailure } from './failures.js';
import { familyOf } from './families.js';
import { bedrockImages } from './images.js';
import { bedrockRerank } from './rerank.js';
import { toConverseRequest } from './request.js';

/** Amazon Bedrock's Converse: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html */
export const bedrockConverse: WireFormatAdapter = {
  wireFormat: 'BEDROCK_CONVERSE',
  chat: {
    toRequest: toConverseRequest,
    fromResponse: fromConverseResponse,
    createDecoder: createEventStreamDecoder,
    createStreamReader: (target) =>
      createStreamReader<ConverseState>({
        initial: { ...INITIAL_STATE, inputHoldsCache: target !== undefined && familyOf(target).streamedInputHoldsCache },
        reduce: reduceEvent,
        toFailure: (event, name) => (name === EXCEPTION ? fromException(event) : null),
        // The totals come last; where only they are missing the answer is whole.
        close: (state) => (state.rawFinish === null ? [state, []] : endMessage(state, {})),
      }),
    toFailure: toBedrockFailure,
    // The other form of it asks for the same.
    dispensableParameters: new Set(['thinking', 'output_format']),
    ownWays: new Set(['JSON_SCHEMA', 'JSON_MODE']),
  },
  // Converse holds conversations only.
  operations: { EMBEDDING: bedrockEmbeddings, IMAGE: bedrockImages, RERANK: bedrockRerank },
};

export function fromConverseResponse(body: JsonValue): readonly AnswerDelta[] {
  if (!isJsonObject(body)) throw new UnreadableBody('The body is not a JSON object.');
  if (!isJsonObject(objectOf(body['output'])['message'])) throw new UnreadableBody('The body has no message.');
  let state = INITIAL_STATE;
  return eventsOf(body).flatMap((event) => {
    const [next, deltas] = reduceEvent(state, event);
    state = next;
    return deltas;
  });
}
