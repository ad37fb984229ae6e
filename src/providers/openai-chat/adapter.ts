import type { AnswerDelta } from '../../core/answer.js';
import { isJsonObject } from '../../core/json.js';
import type { JsonValue } from '../../core/json.js';
import { UnreadableBody } from '../contract.js';
import type { SseFrame, StreamReader, WireFormatAdapter } from '../contract.js';
import { isJsonList, parseJson } from '../json-read.js';
import { quirksOf } from '../presets.js';
import { openAiOperations } from '../openai-operations/apis.js';
import { INITIAL_STATE, endAnswer, reduceChunk } from './answer.js';
import type { ChatState } from './answer.js';
import { fromOpenAiError, toOpenAiFailure } from './failures.js';
import { keyHeaders, toOpenAiChatRequest } from './request.js';

/** OpenAI's chat completions, and the many vendors that speak it: https://platform.openai.com/docs/api-reference/chat */
export const openAiChat: WireFormatAdapter = {
  wireFormat: 'OPENAI_CHAT',
  chat: {
    toRequest: toOpenAiChatRequest,
    fromResponse: fromOpenAiChatResponse,
    createStreamReader: createOpenAiChatReader,
    toFailure: toOpenAiFailure,
    dispensableParameters: new Set(['stream_options']),
  },
  operations: openAiOperations,
  models: (target) => ({ path: '/models', headers: keyHeaders(target, quirksOf(target)) }),
};

export function fromOpenAiChatResponse(body: JsonValue): readonly AnswerDelta[] {
  if (!isJsonObject(body)) throw new UnreadableBody('The body is not a JSON object.');
  const failure = fromOpenAiError(body);
  if (failure !== null) return [{ type: 'failure', failure }];
  if (!isJsonList(body['choices']) || body['choices'].length === 0) throw new UnreadableBody('The body has no choices.');
  const [state, deltas] = reduceChunk(INITIAL_STATE, body);
  return [...deltas, ...endAnswer(state)[1]];
}

function createOpenAiChatReader(): StreamReader {
  let state = INITIAL_STATE;
  const keep = ([next, deltas]: readonly [ChatState, readonly AnswerDelta[]]) => {
    state = next;
    return deltas;
  };
  return {
    read: (frame) => keep(reduceFrame(state, frame)),
    close: () => keep(closeStream(state)),
  };
}

/** One server-sent event. After the end, and after a failure, nothing is read any more. */
export function reduceFrame(state: ChatState, frame: SseFrame): readonly [ChatState, readonly AnswerDelta[]] {
  const data = frame.data.trim();
  if (state.ended || data === '') return [state, []];
  if (data === '[DONE]') return endAnswer(state);
  const chunk = parseJson(data);
  const failure = isJsonObject(chunk) ? fromOpenAiError(chunk, frame.event) : null;
  if (failure !== null) return [{ ...state, ended: true }, [{ type: 'failure', failure }]];
  if (isJsonObject(chunk)) return reduceChunk(state, chunk);
  if (frame.event === 'error') return endWith(state, fromOpenAiError({ error: data }));
  if (frame.event !== null && frame.event !== 'message') return [state, []];
  return endWith(state, { class: 'BAD_RESPONSE', detail: 'An event of the stream is not JSON.', httpStatus: 200, retryAfterMs: null });
}

function endWith(state: ChatState, failure: ReturnType<typeof fromOpenAiError>): readonly [ChatState, readonly AnswerDelta[]] {
  return [{ ...state, ended: true }, failure === null ? [] : [{ type: 'failure', failure }]];
}

/** Some vendors send no [DONE]: a finish reason stands for it, and nothing else does. */
export function closeStream(state: ChatState): readonly [ChatState, readonly AnswerDelta[]] {
  return state.rawFinish === null ? [state, []] : endAnswer(state);
}
