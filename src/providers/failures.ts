import type { Failure } from '../core/failures.js';
import type { FailureClass } from '../core/vocabulary.js';
import type { UpstreamError } from './contract.js';

/** What upstreams say in their error bodies, in any wire format, once a format has found the words. */
export interface ErrorWords {
  readonly message: string;
  /** Codes and types, as written. */
  readonly codes: readonly string[];
  /** The body field that was refused; null where none was named. */
  readonly refusedParameter: string | null;
}

const CONTEXT_LENGTH_CODES: ReadonlySet<string> = new Set([
  'context_length_exceeded',
  'exceed_context_size_error',
  'model_max_prompt_tokens_exceeded',
]);

/** How servers say that the prompt is too long for the model, each as documented or as seen in public bug reports. */
const CONTEXT_LENGTH_TEXTS: readonly RegExp[] = [
  /maximum (context|model|prompt) length/i, // OpenAI, Azure, DeepSeek, OpenRouter, vLLM, xAI, Mistral
  /(exceed\w*|larger than|longer than|too large for|beyond|over)\b.{0,60}\bcontext\b/i, // SGLang, llama.cpp, Ollama, Mistral
  /context (length|window|size)\b.{0,40}\b(exceed|overflow|too small|limit)/i, // Groq, Cerebras, Anthropic's newer models
  /(prompt|input)( is|'s)? too (long|large)/i, // Anthropic, Fireworks, Perplexity, Ollama, Bedrock
  /reduce the length of (the|your) (messages|prompt|input)/i, // Groq, Cerebras, OpenAI
  /(inputs?`?|prompt) (tokens )?(\+ `?max_new_tokens`? )?must (be <=|have less than|be at most)/i, // TGI, Together
  /token count .{0,40}exceeds the (maximum|limit)/i, // Gemini, GitHub Copilot
  /input length .{0,40}exceeds the maximum/i, // SGLang
  /too many (input )?tokens/i, // Cohere
  /when context the overflows|context the overflows/i, // LM Studio, in its own spelling
];

const CONTENT_FILTER_CODES: ReadonlySet<string> = new Set([
  'content_filter',
  'content_policy_violation',
  'responsibleaipolicyviolation',
  'invalid_prompt',
  'moderation_blocked',
  'content_moderation',
  'data_inspection_failed',
  'prohibited_content',
]);

const CONTENT_FILTER_TEXTS: readonly RegExp[] = [
  /content exists risk/i, // DeepSeek
  /content management policy/i, // Azure
  /blocked by content filtering/i, // Anthropic
  /violat\w+ .{0,40}(usage|content|safety) (policy|policies|guidelines)/i, // OpenAI, xAI
  /(input|prompt|request|content) (was|has been) (flagged|rejected|blocked)/i, // OpenRouter, OpenAI
  /responsible AI practices/i, // Google
];

const MODEL_UNKNOWN_CODES: ReadonlySet<string> = new Set(['model_not_found', 'invalid_model', 'deploymentnotfound', 'model_not_available']);
const MODEL_UNKNOWN_TEXT =
  /model\b.{0,80}\b(does not exist|not found|not available|decommissioned)|is not a valid model\b|(invalid|unknown) model\b/i;

/** The class of an error status. The table of behaviour: status first, what a 4xx says second, and any other 4xx is the caller's. */
export function classifyStatus(status: number, words: ErrorWords): FailureClass {
  if (status >= 300 && status < 400) return 'BAD_RESPONSE';
  // llama.cpp says it with a 500 as well.
  if (hasContextLengthCode(words)) return 'CONTEXT_LENGTH';
  if (status === 429) return 'RATE_LIMITED';
  if (status === 503 || status === 529) return 'OVERLOADED';
  if (status >= 500) return 'SERVER_ERROR';
  if (status === 408) return 'TIMEOUT';
  if (saysContentFilter(words)) return 'CONTENT_FILTER';
  if (status === 401 || status === 402 || status === 403) return 'AUTH';
  if (status === 404 || status === 405) return 'TARGET_NOT_FOUND';
  if (saysContextLength(words)) return 'CONTEXT_LENGTH';
  if (status === 400 || status === 422) {
    if (words.refusedParameter !== null) return 'UNSUPPORTED_PARAMETER';
    if (saysModelUnknown(words)) return 'TARGET_NOT_FOUND';
  }
  return 'CALLER';
}

/** What an error's code says, where no status tells; the first match counts. */
const CODE_CLASSES: readonly (readonly [RegExp, FailureClass])[] = [
  [/overload|capacity|unavailable|busy/, 'OVERLOADED'],
  [/rate_?limit|too_?many_?requests|resource_?exhausted|insufficient_quota/, 'RATE_LIMITED'],
  [/auth|permission|forbidden|api_?key|billing|payment/, 'AUTH'],
  [/time_?out|deadline/, 'TIMEOUT'],
  [/not_?found/, 'TARGET_NOT_FOUND'],
  [/server|internal/, 'SERVER_ERROR'],
  [/invalid_?request|bad_?request|invalid_?argument/, 'CALLER'],
];

/** The class of an error told inside a 200, by its own status or its codes; what says nothing is the server's. */
export function classifyInBand(status: number | null, words: ErrorWords): FailureClass {
  if (status !== null && status >= 400 && status < 600) return classifyStatus(status, words);
  if (saysContextLength(words)) return 'CONTEXT_LENGTH';
  if (saysContentFilter(words)) return 'CONTENT_FILTER';
  const said = words.codes.join(' ').toLowerCase();
  const byCode = CODE_CLASSES.find(([pattern]) => pattern.test(said));
  if (byCode !== undefined) return byCode[1];
  return /overloaded|at capacity/i.test(words.message) ? 'OVERLOADED' : 'SERVER_ERROR';
}

function hasContextLengthCode({ codes }: ErrorWords): boolean {
  return codes.some((code) => CONTEXT_LENGTH_CODES.has(code.toLowerCase()));
}

function saysContextLength(words: ErrorWords): boolean {
  return hasContextLengthCode(words) || CONTEXT_LENGTH_TEXTS.some((text) => text.test(words.message));
}

function saysContentFilter({ codes, message }: ErrorWords): boolean {
  return codes.some((code) => CONTENT_FILTER_CODES.has(code.toLowerCase())) || CONTENT_FILTER_TEXTS.some((text) => text.test(message));
}

function saysModelUnknown({ codes, message }: ErrorWords): boolean {
  return codes.some((code) => MODEL_UNKNOWN_CODES.has(code.toLowerCase())) || MODEL_UNKNOWN_TEXT.test(message);
}

const LONGEST_RETRY_AFTER_MS = 86_400_000;

/** `retry-after-ms`, else `retry-after` in seconds or as a date (RFC 9110, 10.2.3), in milliseconds, a day at most. */
export function retryAfterMs({ headers, receivedAt }: Pick<UpstreamError, 'headers' | 'receivedAt'>): number | null {
  const exact = readDelay(firstHeader(headers['retry-after-ms']), 1);
  if (exact !== null) return exact;
  const said = firstHeader(headers['retry-after']);
  const seconds = readDelay(said, 1000);
  if (seconds !== null || said === null) return seconds;
  const dateMs = /[a-z]{3}/i.test(said) ? Date.parse(said) : Number.NaN;
  return Number.isNaN(dateMs) ? null : boundedWait(dateMs - receivedAt.getTime());
}

function readDelay(text: string | null, unitMs: number): number | null {
  return text !== null && /^\d+(\.\d+)?$/.test(text) ? boundedWait(Number(text) * unitMs) : null;
}

/** A day at most. */
export function boundedWait(delayMs: number): number {
  return Math.min(Math.max(0, Math.ceil(delayMs)), LONGEST_RETRY_AFTER_MS);
}

export function firstHeader(header: string | string[] | undefined): string | null {
  const value = Array.isArray(header) ? header[0] : header;
  return value === undefined ? null : value.trim();
}

/** A failure without status or delay. */
export function plainFailure(failureClass: FailureClass, detail: string): Failure {
  return { class: failureClass, detail, httpStatus: null, retryAfterMs: null };
}
