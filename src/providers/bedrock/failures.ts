import type { Failure } from '../../core/failures.js';
import type { JsonObject } from '../../core/json.js';
import type { FailureClass } from '../../core/vocabulary.js';
import { anthropicRefusal } from '../anthropic/adapter.js';
import type { UpstreamError } from '../contract.js';
import { classifyInBand, classifyStatus, retryAfterMs } from '../failures.js';
import type { ErrorWords } from '../failures.js';
import { numberOf, objectOf, parseJson, textOf } from '../json-read.js';

const LONGEST_MESSAGE = 4_000;

/** What an exception's name says; its status says less: https://docs.aws.amazon.com/bedrock/latest/userguide/troubleshooting-api-error-codes.html */
const EXCEPTION_CLASSES: ReadonlyMap<string, FailureClass> = new Map<string, FailureClass>([
  ['throttlingexception', 'RATE_LIMITED'],
  ['toomanyrequestsexception', 'RATE_LIMITED'],
  ['servicequotaexceededexception', 'RATE_LIMITED'],
  ['modelnotreadyexception', 'OVERLOADED'],
  ['serviceunavailableexception', 'OVERLOADED'],
  ['modeltimeoutexception', 'TIMEOUT'],
  ['internalserverexception', 'SERVER_ERROR'],
  ['internalfailure', 'SERVER_ERROR'],
  ['modelerrorexception', 'SERVER_ERROR'],
  ['modelstreamerrorexception', 'SERVER_ERROR'],
  ['accessdeniedexception', 'AUTH'],
  ['unrecognizedclientexception', 'AUTH'],
  ['expiredtokenexception', 'AUTH'],
  ['invalidsignatureexception', 'AUTH'],
  ['incompletesignature', 'AUTH'],
  ['missingauthenticationtoken', 'AUTH'],
  ['invalidclienttokenid', 'AUTH'],
  ['optinrequired', 'AUTH'],
  ['resourcenotfoundexception', 'TARGET_NOT_FOUND'],
]);

/** The failure that an error status means. */
export function toBedrockFailure(response: UpstreamError): Failure {
  const body = objectOf(parseJson(response.body));
  const header = response.headers['x-amzn-errortype'];
  const name = nameOf(textOf(Array.isArray(header) ? header[0] : header) ?? textOf(body['__type']) ?? textOf(body['code']) ?? '');
  const words = toWords(name, textOf(body['message']) ?? textOf(body['Message']) ?? response.body);
  const failureClass = EXCEPTION_CLASSES.get(name.toLowerCase()) ?? classify(response.status, words);
  return {
    class: failureClass,
    detail: [String(response.status), name, words.message].join(' '),
    httpStatus: response.status,
    retryAfterMs: retryAfterMs(response),
    ...(failureClass === 'UNSUPPORTED_PARAMETER' && words.refusedParameter !== null ? { parameter: words.refusedParameter } : {}),
  };
}

/** The failure that an exception within a stream tells: a 200 has been sent by then. */
export function fromException(event: JsonObject): Failure {
  const [name = ''] = Object.keys(event);
  const said = objectOf(event[name]);
  const words = toWords(name, textOf(said['message']) ?? textOf(said['originalMessage']) ?? '');
  const original = numberOf(said['originalStatusCode']);
  const byName =
    name.toLowerCase() === 'modelstreamerrorexception' && original !== null ? undefined : EXCEPTION_CLASSES.get(name.toLowerCase());
  const failureClass = byName ?? (name === 'validationException' ? classify(400, words) : classifyInBand(original, words));
  return {
    class: failureClass,
    detail: [name, words.message].join(' '),
    httpStatus: original ?? 200,
    retryAfterMs: null,
    ...(failureClass === 'UNSUPPORTED_PARAMETER' && words.refusedParameter !== null ? { parameter: words.refusedParameter } : {}),
  };
}

/** `ThrottlingException:http://internal.amazon.com/…`, `com.amazon.coral.service#ThrottlingException` */
function nameOf(type: string): string {
  return (type.split('#').at(-1) ?? '').split(':')[0] ?? '';
}

/** How the vendor says that a model is not there, or not to be had in this way. */
const MODEL_UNKNOWN =
  /model identifier is invalid|on-demand throughput isn.t supported|model version has reached the end of its life|not authorized to invoke this model/i;

function classify(status: number, words: ErrorWords): FailureClass {
  return status === 400 && MODEL_UNKNOWN.test(words.message) ? 'TARGET_NOT_FOUND' : classifyStatus(status, words);
}

function toWords(code: string, text: string): ErrorWords {
  const message = text.slice(0, LONGEST_MESSAGE);
  return { message, codes: code === '' ? [] : [code], refusedParameter: refusedParameter(message) };
}

/** The vendor's own words for a field that a model does not take; what a Claude says of one is passed on as it is. */
const REFUSALS: readonly RegExp[] = [
  /does(?:n.t| not) support the (\w+) (?:field|parameter|configuration)/i,
  /extraneous key \[(\w+)\] is not permitted/i,
  /\b(temperature|topP|stopSequences)\b.{0,40}(?:not supported|unsupported|deprecated)/i,
];

/** The vendor's spelling of what the model itself calls otherwise. */
const OWN_NAMES: Readonly<Record<string, string>> = { top_p: 'topP', stop_sequences: 'stopSequences', outputConfig: 'output_format' };

function refusedParameter(message: string): string | null {
  const own = REFUSALS.map((pattern) => pattern.exec(message)?.[1]).find((name) => name !== undefined);
  const name = own ?? anthropicRefusal(message);
  return name === null ? null : (OWN_NAMES[name] ?? name);
}
