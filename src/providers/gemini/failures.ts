import type { Failure } from '../../core/failures.js';
import { isJsonObject } from '../../core/json.js';
import type { JsonObject, JsonValue } from '../../core/json.js';
import type { UpstreamError } from '../contract.js';
import { classifyInBand, classifyStatus } from '../failures.js';
import type { ErrorWords } from '../failures.js';
import { isJsonList, listOf, numberOf, objectOf, parseJson, textOf } from '../json-read.js';
import { waitMs } from '../waits.js';

const LONGEST_MESSAGE = 4_000;

/** The failure that an error status means: https://ai.google.dev/gemini-api/docs/troubleshooting */
export function toGeminiFailure(response: UpstreamError): Failure {
  const error = errorOf(parseJson(response.body));
  const words = readWords(error, response.body);
  const failureClass = isUnauthorized(words) ? 'AUTH' : classifyStatus(response.status, words);
  return {
    class: failureClass,
    detail: [String(response.status), ...words.codes, words.message].join(' '),
    httpStatus: response.status,
    retryAfterMs: retryDelayMs(error) ?? waitMs(response, { class: failureClass, message: words.message }),
    ...(failureClass === 'UNSUPPORTED_PARAMETER' && words.refusedParameter !== null ? { parameter: words.refusedParameter } : {}),
  };
}

/** The failure that a body or a chunk tells under a 200; null where it tells none. */
export function fromGeminiError(body: JsonObject): Failure | null {
  if (!isJsonObject(body['error'])) return null;
  const error = body['error'];
  const words = readWords(error, '');
  const code = numberOf(error['code']);
  return {
    class: isUnauthorized(words) ? 'AUTH' : classifyInBand(code, words),
    detail: [...words.codes, words.message].join(' '),
    httpStatus: code !== null && code >= 400 && code < 600 ? code : 200,
    retryAfterMs: retryDelayMs(error),
  };
}

/** The vendor says a wrong key with a 400. */
function isUnauthorized({ codes, message }: ErrorWords): boolean {
  return codes.includes('API_KEY_INVALID') || /api key (not valid|expired|not found)/i.test(message);
}

/** A body that was asked for as a list of chunks tells its error in one. */
function errorOf(body: JsonValue | undefined): JsonObject {
  return objectOf(objectOf(isJsonList(body) ? body[0] : body)['error']);
}

function readWords(error: JsonObject, body: string): ErrorWords {
  const message = (textOf(error['message']) ?? body).slice(0, LONGEST_MESSAGE);
  const reasons = listOf(error['details']).map((detail) => textOf(objectOf(detail)['reason']));
  const codes = [textOf(error['status']), ...reasons].filter((code) => code !== null);
  return { message, codes, refusedParameter: refusedParameter(message) };
}

/** google.rpc.RetryInfo: {"retryDelay": "7.5s"} */
function retryDelayMs(error: JsonObject): number | null {
  const delays = listOf(error['details']).flatMap(
    (detail) => /^(\d+(?:\.\d+)?)s$/.exec(textOf(objectOf(detail)['retryDelay']) ?? '')?.[1] ?? [],
  );
  return delays[0] === undefined ? null : Math.ceil(Number(delays[0]) * 1000);
}

/** Sentences that name a field of generationConfig which this model does not take. */
const REFUSALS: readonly (readonly [RegExp, string | null])[] = [
  [/penalty is not (enabled|supported)/i, 'penalties'],
  [
    /thinking[ _]?(level|budget|config)?\b.{0,40}not (supported|enabled|allowed)|unable to submit request because thinking/i,
    'thinkingConfig',
  ],
  [/(?:response ?schema|json mode)\b.{0,40}not (?:supported|enabled)/i, 'responseSchema'],
  [/\b(seed|topP|stopSequences|temperature)\b.{0,40}not (?:supported|enabled)/i, null],
  [/unknown name "(\w+)" at '(?:generation_config|requests|instances|parameters|embed_content_config)[\w.[\]]*'/i, null],
];

function refusedParameter(message: string): string | null {
  for (const [pattern, name] of REFUSALS) {
    const match = pattern.exec(message);
    if (match !== null) return name ?? (match[1] ?? '').replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
  }
  return null;
}
