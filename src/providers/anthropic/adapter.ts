import type { AnswerDelta } from '../../core/answer.js';
import type { Failure } from '../../core/failures.js';
import { isJsonObject } from '../../core/json.js';
import type { JsonObject, JsonValue } from '../../core/json.js';
import { UnreadableBody } from '../contract.js';
import type { UpstreamError, WireFormatAdapter } from '../contract.js';
import { classifyInBand, classifyStatus } from '../failures.js';
import type { ErrorWords } from '../failures.js';
import { isJsonList, objectOf, parseJson, textOf } from '../json-read.js';
import { createStreamReader } from '../stream-reader.js';
import { waitMs } from '../waits.js';
import { INITIAL_STATE, eventsOf, reduceEvent } from './answer.js';
import type { MessageState } from './answer.js';
import { anthropicHeaders, toAnthropicRequest } from './request.js';

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
    ownWays: new Set(['JSON_SCHEMA', 'JSON_MODE']),
  },
  models: (target) => ({ path: '/models?limit=1', headers: anthropicHeaders(target) }),
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

/** Keeps the detail of a page of HTML from travelling far. */
const LONGEST_MESSAGE = 4_000;

/** The failure that an error status means: https://platform.claude.com/docs/en/api/errors */
function toAnthropicFailure(response: UpstreamError): Failure {
  const words = readWords(parseJson(response.body) ?? response.body);
  const failureClass = SAYS_UNPAID.test(words.message) ? 'AUTH' : classifyStatus(response.status, words);
  return {
    class: failureClass,
    detail: [String(response.status), ...words.codes, words.message].join(' '),
    httpStatus: response.status,
    retryAfterMs: waitMs(response, { class: failureClass, message: words.message }),
    ...(failureClass === 'UNSUPPORTED_PARAMETER' && words.refusedParameter !== null ? { parameter: words.refusedParameter } : {}),
  };
}

/** The failure that a body or an event of a stream tells under a 200; null where it tells none. */
function fromAnthropicError(body: JsonObject, event: string | null = null): Failure | null {
  if (event !== 'error' && body['type'] !== 'error' && !isJsonObject(body['error'])) return null;
  const words = readWords(body);
  return {
    class: SAYS_UNPAID.test(words.message) ? 'AUTH' : classifyInBand(null, words),
    detail: [...words.codes, words.message].join(' '),
    httpStatus: 200,
    retryAfterMs: null,
  };
}

/** The vendor says it with a 400. */
const SAYS_UNPAID = /credit balance is too low/i;

function readWords(body: ReturnType<typeof parseJson>): ErrorWords {
  const error = isJsonObject(body) ? (isJsonObject(body['error']) ? body['error'] : body) : {};
  const text =
    textOf(error['message']) ?? textOf(objectOf(body)['message']) ?? (typeof body === 'string' ? body : JSON.stringify(body ?? ''));
  const message = text.slice(0, LONGEST_MESSAGE);
  const code = textOf(error['type']);
  return { message, codes: code === null ? [] : [code], refusedParameter: anthropicRefusal(message) };
}

/** Sentences that name a field which this model does not take; the first match counts. */
const REFUSALS: readonly (readonly [RegExp, string | null])[] = [
  [
    /thinking\.type\.?\s*["'`]?enabled|`?thinking\.budget_tokens|adaptive thinking is not supported|does not support (extended |adaptive )?thinking/i,
    'thinking',
  ],
  [/effort parameter|output_config\.effort/i, 'effort'],
  [/output_config|output_format|structured output|output format/i, 'output_format'],
  [/`?temperature`? and `?top_p`? cannot both/i, 'top_p'],
  [/["'`]?(\w+)["'`]?(?:\.[\w.]+)?: extra inputs are not permitted/i, null],
  [/["'`]?(temperature|top_p|top_k|stop_sequences|metadata)["'`]? (?:is|are) (?:deprecated|not supported|unsupported|not allowed)/i, null],
];

/** A field of one of these is a mistake in it, never a field too many. */
const ESSENTIAL: ReadonlySet<string> = new Set(['model', 'messages', 'max_tokens', 'system', 'tools', 'tool_choice']);

export function anthropicRefusal(message: string): string | null {
  for (const [pattern, name] of REFUSALS) {
    const match = pattern.exec(message);
    if (match === null || !SAYS_UNSUPPORTED.test(message)) continue;
    const field = name ?? match[1] ?? '';
    return field === '' || ESSENTIAL.has(field) ? null : field;
  }
  return null;
}

const SAYS_UNSUPPORTED = /not (supported|permitted|allowed|available)|does(n't| not) support|unsupported|deprecated|cannot both/i;
