import { expect, test } from '@jest/globals';
import type { WireFormat } from '../../src/core/vocabulary.js';
import { waitMs } from '../../src/providers/waits.js';
import { chatApi } from './support.js';

const receivedAt = new Date('2026-11-21T12:00:00Z');
const EPOCH_S = receivedAt.getTime() / 1000;

/** Answers to a call too many, as each vendor sends them: who, in which format, its headers and body, and how long to wait. */
const ANSWERS: readonly (readonly [string, WireFormat, Readonly<Record<string, string>>, object, number | null])[] = [
  // https://platform.openai.com/docs/guides/rate-limits#rate-limits-in-headers
  [
    'OpenAI',
    'OPENAI_CHAT',
    {
      'x-ratelimit-remaining-requests': '59',
      'x-ratelimit-reset-requests': '1s',
      'x-ratelimit-remaining-tokens': '0',
      'x-ratelimit-reset-tokens': '6m0s',
    },
    { error: { message: 'Rate limit reached', code: 'rate_limit_exceeded' } },
    360_000,
  ],
  [
    'OpenAI, both exhausted',
    'OPENAI_RESPONSES',
    {
      'x-ratelimit-remaining-requests': '0',
      'x-ratelimit-reset-requests': '12ms',
      'x-ratelimit-remaining-tokens': '0',
      'x-ratelimit-reset-tokens': '1s',
    },
    {},
    1_000,
  ],
  // https://community.openai.com/t/rate-limit-error-message: its words where its headers are cut off.
  [
    'OpenAI, in words',
    'OPENAI_CHAT',
    {},
    { error: { message: 'Rate limit reached for gpt-4o on tokens per min (TPM): Limit 30000. Please try again in 1.5s.' } },
    1_500,
  ],
  // https://learn.microsoft.com/azure/ai-services/openai/how-to/quota
  ['Azure OpenAI', 'OPENAI_CHAT', { 'retry-after-ms': '1234', 'retry-after': '2' }, {}, 1_234],
  ['Azure OpenAI, seconds', 'OPENAI_CHAT', { 'x-ratelimit-remaining-tokens': '0', 'x-ratelimit-reset-tokens': '17' }, {}, 17_000],
  [
    'Azure OpenAI, in words',
    'OPENAI_CHAT',
    {},
    { error: { code: '429', message: 'Requests have exceeded call rate limit. Please retry after 6 seconds.' } },
    6_000,
  ],
  // https://platform.claude.com/docs/en/api/rate-limits#response-headers
  [
    'Anthropic',
    'ANTHROPIC_MESSAGES',
    {
      'anthropic-ratelimit-requests-remaining': '5',
      'anthropic-ratelimit-requests-reset': '2026-11-21T13:00:00Z',
      'anthropic-ratelimit-input-tokens-remaining': '0',
      'anthropic-ratelimit-input-tokens-reset': '2026-11-21T12:00:09Z',
    },
    { type: 'error', error: { type: 'rate_limit_error', message: 'No.' } },
    9_000,
  ],
  ['Anthropic, Retry-After', 'ANTHROPIC_MESSAGES', { 'retry-after': '7' }, {}, 7_000],
  // https://cloud.google.com/apis/design/errors#error_payloads
  [
    'Gemini',
    'GEMINI',
    {},
    { error: { code: 429, status: 'RESOURCE_EXHAUSTED', message: 'Quota.', details: [{ '@type': 'RetryInfo', retryDelay: '36s' }] } },
    36_000,
  ],
  ['Gemini, in words', 'GEMINI', {}, { error: { code: 429, message: 'You exceeded your current quota. Please retry in 7.25s.' } }, 7_250],
  // https://docs.aws.amazon.com/bedrock/latest/userguide/troubleshooting-api-error-codes.html: no hint at all.
  ['Bedrock', 'BEDROCK_CONVERSE', { 'x-amzn-errortype': 'ThrottlingException' }, { message: 'Too many requests, please wait.' }, null],
  // https://console.groq.com/docs/rate-limits#rate-limit-headers
  ['Groq', 'OPENAI_CHAT', { 'x-ratelimit-remaining-requests': '0', 'x-ratelimit-reset-requests': '2m59.56s' }, {}, 179_560],
  [
    'Groq, in words',
    'OPENAI_CHAT',
    {},
    { error: { message: 'Rate limit reached … on tokens per day (TPD): Limit 100000. Please try again in 1h2m3.4s.', type: 'tokens' } },
    3_723_400,
  ],
  // https://inference-docs.cerebras.ai/support/rate-limits
  [
    'Cerebras',
    'OPENAI_CHAT',
    { 'x-ratelimit-remaining-requests-day': '0', 'x-ratelimit-reset-requests-day': '33011.382867' },
    { message: 'Requests per day limit exceeded' },
    33_011_383,
  ],
  [
    'Mistral',
    'OPENAI_CHAT',
    { 'ratelimitbysize-remaining': '0', 'ratelimitbysize-reset': '32' },
    { message: 'Requests rate limit exceeded' },
    32_000,
  ],
  ['xAI', 'OPENAI_CHAT', { 'x-ratelimit-remaining-requests': '0', 'retry-after': '3' }, { code: 'x', error: 'Too many requests' }, 3_000],
  // No limits but those of load: https://api-docs.deepseek.com/quick_start/rate_limit
  ['DeepSeek', 'OPENAI_CHAT', {}, { error: { message: 'Rate Limit Reached', type: 'rate_limit_reached' } }, null],
  ['Cohere', 'OPENAI_CHAT', { 'retry-after': 'Sat, 21 Nov 2026 12:00:30 GMT' }, { message: 'Please wait and try again later' }, 30_000],
  ['Together', 'OPENAI_CHAT', { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '4' }, {}, 4_000],
  // https://openrouter.ai/docs/api-reference/limits: in its body only, in milliseconds since 1970.
  [
    'OpenRouter',
    'OPENAI_CHAT',
    {},
    {
      error: {
        code: 429,
        message: 'Rate limit exceeded: free-models-per-min.',
        metadata: {
          headers: { 'X-RateLimit-Limit': '20', 'X-RateLimit-Remaining': '0', 'X-RateLimit-Reset': String((EPOCH_S + 42) * 1000) },
        },
      },
    },
    42_000,
  ],
  ['a proxy, in seconds since 1970', 'OPENAI_CHAT', { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(EPOCH_S + 5) }, {}, 5_000],
];

test.each(ANSWERS)('R10 %s (%s) says when it can be asked again: %j %j', (_, wireFormat, headers, body, expected) => {
  const failure = chatApi(wireFormat).toFailure({ status: 429, headers, body: JSON.stringify(body), receivedAt });
  expect(failure).toMatchObject({ class: 'RATE_LIMITED', retryAfterMs: expected });
});

test.each([
  ['something is left of it', { 'x-ratelimit-remaining-tokens': '5', 'x-ratelimit-reset-tokens': '6m0s' }, null],
  ['what is left can’t be read', { 'x-ratelimit-remaining-tokens': '', 'x-ratelimit-reset-tokens': '6m0s' }, null],
  ['the vendor knows of none', { 'x-ratelimit-remaining-tokens': '-1', 'x-ratelimit-reset-tokens': '0' }, null],
  ['its end can’t be read', { 'x-ratelimit-remaining-tokens': '0', 'x-ratelimit-reset-tokens': 'soon' }, null],
  ['its end is not told', { 'x-ratelimit-remaining-tokens': '0' }, null],
  ['its end has passed', { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '2026-11-21T11:00:00Z' }, 0],
  ['its end is far', { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '99d' }, 86_400_000],
])('a limit does not count, or no longer than a day, where %s', (_, headers, expected) => {
  const told = { class: 'RATE_LIMITED', message: 'try again in a while' } as const;
  expect(waitMs({ headers, receivedAt }, told)).toBe(expected);
});

test('only a call too many is told by limits and words: any other failure by Retry-After alone', () => {
  const told = { class: 'SERVER_ERROR', message: 'Please try again in 6m0s.' } as const;
  expect(waitMs({ headers: { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '4' }, receivedAt }, told)).toBeNull();
  expect(waitMs({ headers: { 'retry-after': '4' }, receivedAt }, told)).toBe(4_000);
});
