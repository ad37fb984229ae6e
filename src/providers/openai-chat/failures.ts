import type { Failure } from '../../core/failures.js';
import { isJsonObject } from '../../core/json.js';
import type { JsonObject, JsonValue } from '../../core/json.js';
import type { UpstreamError } from '../contract.js';
import { classifyInBand, classifyStatus } from '../failures.js';
import type { ErrorWords } from '../failures.js';
import { isJsonList, listOf, numberOf, objectOf, parseJson, textOf } from '../json-read.js';
import { waitMs } from '../waits.js';

/** Keeps the detail of a page of HTML from travelling far; the caller of an upstream cleans and cuts it further. */
const LONGEST_MESSAGE = 4_000;

/** The failure that an error status means. */
export function toOpenAiFailure(response: UpstreamError): Failure {
  const body = parseJson(response.body) ?? response.body;
  const words = readWords(body);
  // OpenRouter tells its limits here, and in no header.
  const passedOn = objectOf(objectOf(objectOf(objectOf(body)['error'])['metadata'])['headers']);
  const failureClass = classifyStatus(response.status, words);
  return {
    class: failureClass,
    detail: `${String(response.status)} ${[...new Set(words.codes)].join(' ')} ${words.message}`.replace(/ +/g, ' ').trim(),
    httpStatus: response.status,
    retryAfterMs: waitMs(response, { class: failureClass, message: words.message, passedOn }),
    ...(failureClass === 'UNSUPPORTED_PARAMETER' && words.refusedParameter !== null ? { parameter: words.refusedParameter } : {}),
  };
}

/** The failure that a 200's body, or an event of its stream, tells; null where it tells none. */
export function fromOpenAiError(body: JsonObject, event: string | null = null): Failure | null {
  const choiceError = listOf(body['choices'])
    .map((choice) => objectOf(choice)['error'])
    .find(isJsonObject);
  const isError = event === 'error' || body['object'] === 'error' || isPresent(body['error']);
  if (!isError && choiceError === undefined) return null;
  const words = readWords(choiceError === undefined ? body : { error: choiceError });
  const error = choiceError ?? (isJsonObject(body['error']) ? body['error'] : body);
  const status = statusOf(error['status']) ?? statusOf(error['status_code']) ?? statusOf(error['code']);
  return {
    class: classifyInBand(status, words),
    detail: `${[...new Set(words.codes)].join(' ')} ${words.message}`.trim(),
    httpStatus: status ?? 200,
    retryAfterMs: null,
  };
}

function isPresent(value: JsonValue | undefined): boolean {
  return isJsonObject(value) ? Object.keys(value).length > 0 : typeof value === 'string' && value !== '';
}

function statusOf(value: JsonValue | undefined): number | null {
  const status = typeof value === 'string' && /^\d{3}$/.test(value) ? Number(value) : numberOf(value);
  return status !== null && status >= 400 && status < 600 ? status : null;
}

/**
 * The shapes met: {error: {message, type, param, code}} (OpenAI and most), {error: "…"} (Ollama), {object: "error",
 * message, type, param, code} (Mistral, older vLLM), {detail: "…" | [{loc, msg, type}]} (FastAPI), {message}, plain text.
 */
function readWords(body: JsonValue): ErrorWords {
  if (!isJsonObject(body))
    return { message: cut(typeof body === 'string' ? body : JSON.stringify(body)), codes: [], refusedParameter: null };
  const error = isJsonObject(body['error']) ? body['error'] : body;
  const message = cut(messageOf(body, error));
  const inner = objectOf(error['innererror']);
  const metadata = objectOf(error['metadata']);
  const codes = [error['code'], error['type'], inner['code'], isJsonList(metadata['reasons']) ? 'content_moderation' : null];
  return {
    message,
    codes: codes.flatMap((code) => textOf(code) ?? []),
    refusedParameter: refusedParameter(error, message) ?? forbiddenField(body['detail'] ?? objectOf(body['message'])['detail']),
  };
}

function messageOf(body: JsonObject, error: JsonObject): string {
  const raw = textOf(objectOf(error['metadata'])['raw']);
  const said = textOf(error['message']) ?? textOf(body['error']) ?? textOf(body['message']) ?? textOf(body['detail']);
  if (said !== null) return raw === null ? said : `${said}: ${raw}`;
  return JSON.stringify(body['detail'] ?? body['message'] ?? body);
}

function cut(text: string): string {
  return text.slice(0, LONGEST_MESSAGE);
}

const REFUSAL_CODES: ReadonlySet<string> = new Set(['unsupported_parameter', 'unsupported_value', 'unknown_parameter', 'extra_forbidden']);

/** Sentences that name the field they refuse, in any of the quotes in use. */
const REFUSAL_TEXTS: readonly RegExp[] = [
  /(?:unsupported|unknown|unrecognized|unexpected) (?:request )?(?:parameter|argument|value|field|property)s?(?: supplied)?:? ["'`]?([\w.]+)/i,
  /unrecognized key\(s\) in object: ["'`]?([\w.]+)/i,
  /additional propert(?:y|ies) (?:are|is) not allowed \(?["'`]([\w.]+)/i,
  /(?:parameter|property|argument|field) ["'`]?([\w.]+)["'`]? (?:is|are) (?:not supported|unsupported|not allowed|not permitted|unknown)/i,
  /["'`]([\w.]+)["'`] (?:is|are) (?:not supported|unsupported|not permitted)/i,
  /does not support (?:the )?(?:parameter |argument )["'`]?([\w.]+)/i,
  /argument not supported on this model: ["'`]?([\w.]+)/i,
  /extra inputs are not permitted, field: ["'`]?([\w.]+)/i,
];

/** Fields that make the question: refusing one refuses the call itself. */
const ESSENTIAL: ReadonlySet<string> = new Set(['model', 'messages']);

function refusedParameter(error: JsonObject, message: string): string | null {
  const code = textOf(error['code']) ?? textOf(error['type']);
  const named = code !== null && REFUSAL_CODES.has(code) ? textOf(error['param']) : null;
  if (named !== null) return topLevel(named);
  const match = REFUSAL_TEXTS.map((text) => text.exec(message)?.[1]).find((name) => name !== undefined);
  if (match !== undefined) return topLevel(match);
  if (/encrypted content is not supported/i.test(message)) return 'include';
  return /\b(stream_options|include_usage)\b/.test(message) ? 'stream_options' : null;
}

/** FastAPI's list of problems: [{type: "extra_forbidden", loc: ["body", "user"], msg}]. */
function forbiddenField(detail: JsonValue | undefined): string | null {
  const problem = listOf(detail)
    .map(objectOf)
    .find((entry) => entry['type'] === 'extra_forbidden');
  const field = problem === undefined ? undefined : listOf(problem['loc'])[1];
  return typeof field === 'string' ? topLevel(field) : null;
}

/** The field of our body that a name points into; xAI writes its names in camel case. */
function topLevel(name: string): string | null {
  const field = (name.split(/[.[]/)[0] ?? name).replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  const known = field === 'include_usage' ? 'stream_options' : field;
  return known === '' || ESSENTIAL.has(known) ? null : known;
}
