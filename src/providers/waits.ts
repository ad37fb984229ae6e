import type { JsonObject } from '../core/json.js';
import type { FailureClass } from '../core/vocabulary.js';
import type { UpstreamError } from './contract.js';
import { boundedWait, firstHeader, retryAfterMs } from './failures.js';

type Head = Pick<UpstreamError, 'headers' | 'receivedAt'>;

/** What else an answer says of when to come again, beside its headers. */
export interface ToldWait {
  readonly class: FailureClass;
  readonly message: string;
  /** Headers that a reseller passes on within the body. */
  readonly passedOn?: JsonObject;
}

/**
 * How long an upstream asks to wait, in milliseconds, a day at most; null where it does not say. The first that is there:
 * 1. `retry-after-ms`, `retry-after` (RFC 9110, 10.2.3);
 * 2. of limits that are exhausted, the last to be whole again;
 * 3. the message's own words.
 */
export function waitMs(head: Head, told: ToldWait): number | null {
  const given = retryAfterMs(head);
  if (given !== null || told.class !== 'RATE_LIMITED') return given;
  const passedOn = told.passedOn === undefined ? {} : lowerCased(told.passedOn);
  return untilReset(head) ?? untilReset({ ...head, headers: passedOn }) ?? waitInWords(told.message);
}

/**
 * Vendors name a limit's rest and its end alike: `x-ratelimit-remaining-tokens` and `x-ratelimit-reset-tokens` (OpenAI, Azure, Groq, xAI,
 * Cerebras), `anthropic-ratelimit-tokens-remaining` and `…-reset`, `ratelimitbysize-remaining` (Mistral), `x-ratelimit-remaining` (OpenRouter,
 * Together). Of a limit that has something left the end does not matter.
 */
function untilReset({ headers, receivedAt }: Head): number | null {
  const waits = Object.keys(headers).flatMap((name) => {
    const isExhausted = /ratelimit.*remaining/.test(name) && Number(firstHeader(headers[name]) || 'none') === 0;
    const end = isExhausted ? firstHeader(headers[name.replace('remaining', 'reset')]) : null;
    return (end === null ? null : readEnd(end, receivedAt)) ?? [];
  });
  return waits.length === 0 ? null : Math.max(...waits);
}

const [FIRST_EPOCH_SECONDS, FIRST_EPOCH_MS] = [1e9, 1e12];

/** An end as a duration (`6m0s`, `12ms`), in seconds, in seconds or milliseconds since 1970, or as a date. */
function readEnd(text: string, receivedAt: Date): number | null {
  const number = /^\d+(\.\d+)?$/.test(text) ? Number(text) : null;
  if (number === null) return readDuration(text) ?? untilDate(text, receivedAt);
  if (number < FIRST_EPOCH_SECONDS) return boundedWait(number * 1000);
  return boundedWait((number < FIRST_EPOCH_MS ? number * 1000 : number) - receivedAt.getTime());
}

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const DURATION = /(\d+(?:\.\d+)?)(ms|[smhd])/g;

/** Of the form `1d2h3m4.5s`, any of them. */
function readDuration(text: string): number | null {
  if (text.replaceAll(DURATION, '') !== '' || text === '') return null;
  return boundedWait([...text.matchAll(DURATION)].reduce((sum, [, count, unit = '']) => sum + Number(count) * (UNIT_MS[unit] ?? 0), 0));
}

/** “Please try again in 6m0s.” (OpenAI, Groq), “Please retry in 7.5s.” (Gemini), “Please retry after 6 seconds.” (Azure) */
const IN_WORDS = /\b(?:try again|retry) (?:in|after) ((?:\d+(?:\.\d+)?(?:ms|[smhd]))+|(\d+(?:\.\d+)?) (second|minute|hour)s?)\b/i;
const WORD_MS: Readonly<Record<string, number>> = { second: 1000, minute: 60_000, hour: 3_600_000 };

function waitInWords(message: string): number | null {
  const [, duration = '', count, unit] = IN_WORDS.exec(message) ?? [];
  return count === undefined || unit === undefined
    ? readDuration(duration)
    : boundedWait(Number(count) * (WORD_MS[unit.toLowerCase()] ?? 0));
}

function untilDate(text: string, receivedAt: Date): number | null {
  const dateMs = /[a-z]{3}|\d-\d\d-\d\dT/i.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(dateMs) ? null : boundedWait(dateMs - receivedAt.getTime());
}

function lowerCased(headers: JsonObject): Head['headers'] {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      typeof value === 'string' || typeof value === 'number' ? [[name.toLowerCase(), String(value)] as const] : [],
    ),
  );
}
