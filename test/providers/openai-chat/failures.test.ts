import { describe, expect, test } from '@jest/globals';
import { FAILURE_CLASSES } from '../../../src/core/vocabulary.js';
import type { FailureClass } from '../../../src/core/vocabulary.js';
import { chatError } from '../../kit/chat-frames.js';
import { openAiChatApi } from '../support.js';

const receivedAt = new Date('2026-11-21T12:00:00Z');

function failureOf(status: number, body: unknown, headers: Record<string, string> = {}) {
  return openAiChatApi().toFailure({ status, headers, body: typeof body === 'string' ? body : JSON.stringify(body), receivedAt });
}

const PLAIN = chatError('Something is wrong.');

describe('by status', () => {
  test.each([
    [302, 'BAD_RESPONSE'],
    [400, 'CALLER'],
    [401, 'AUTH'],
    [402, 'AUTH'],
    [403, 'AUTH'],
    [404, 'TARGET_NOT_FOUND'],
    [405, 'TARGET_NOT_FOUND'],
    [408, 'TIMEOUT'],
    [409, 'CALLER'],
    [413, 'CALLER'],
    [418, 'CALLER'],
    [422, 'CALLER'],
    [429, 'RATE_LIMITED'],
    [500, 'SERVER_ERROR'],
    [502, 'SERVER_ERROR'],
    [503, 'OVERLOADED'],
    [504, 'SERVER_ERROR'],
    [520, 'SERVER_ERROR'],
    [529, 'OVERLOADED'],
  ] as const)('%d is %s', (status, failureClass) => {
    expect(failureOf(status, PLAIN)).toMatchObject({ class: failureClass, httpStatus: status, retryAfterMs: null });
    expect(failureOf(status, '<html>oops</html>')).toMatchObject({ class: failureClass, httpStatus: status });
    expect(failureOf(status, '')).toMatchObject({ class: failureClass });
  });
});

describe('F6 prompts that are too long, in the words of each server', () => {
  test.each([
    ['OpenAI', "This model's maximum context length is 8192 tokens. However, your messages resulted in 9000 tokens."],
    ['Azure', 'Your input exceeds the context window of this model. Please adjust your input and try again.'],
    ['Mistral', 'Prompt contains 40000 tokens and 0 draft tokens, too large for model with 32768 maximum context length'],
    ['Groq', 'Please reduce the length of the messages or completion.'],
    ['DeepSeek', "This model's maximum context length is 131072 tokens. However, you requested 140000 tokens."],
    ['xAI', "This model's maximum prompt length is 131072 but the request contains 140000 tokens."],
    ['Together', 'Input validation error: `inputs` tokens + `max_new_tokens` must be <= 8193. Given: 9000'],
    ['Fireworks', 'The prompt is too long: 9000, model maximum context length: 8192'],
    ['OpenRouter', "This endpoint's maximum context length is 32000 tokens. However, you requested about 40000 tokens"],
    ['vLLM', 'The decoder prompt (length 9000) is longer than the maximum model length of 8192.'],
    ['SGLang', "The input (9000 tokens) is longer than the model's context length (8192 tokens)."],
    ['llama.cpp', 'the request exceeds the available context size, try increasing it'],
    ['Ollama', 'prompt too long; exceeded max context length by 4 tokens'],
    [
      'LM Studio',
      'Trying to keep the first 5000 tokens when context the overflows. However, the model is loaded with context length of only 4096 tokens',
    ],
    ['Cerebras', 'Please reduce the length of the messages or completion. Current length is 9000 while limit is 8192'],
    ['TGI', 'Input validation error: `inputs` must have less than 4096 tokens. Given: 5000'],
  ])('%s', (_, text) => {
    expect(failureOf(400, chatError(text)).class).toBe('CONTEXT_LENGTH');
    expect(failureOf(422, { object: 'error', message: text, type: 'BadRequestError', code: 400 }).class).toBe('CONTEXT_LENGTH');
  });

  test('by code alone', () => {
    expect(failureOf(400, chatError('Too much.', { code: 'context_length_exceeded' })).class).toBe('CONTEXT_LENGTH');
    expect(failureOf(400, { error: { code: 400, message: 'no', type: 'exceed_context_size_error' } }).class).toBe('CONTEXT_LENGTH');
  });

  test('a cap that is too high is the caller’s, not the context’s', () => {
    const text = 'max_tokens is too large: 500000. This model supports at most 16384 completion tokens.';
    expect(failureOf(400, chatError(text, { code: 'invalid_value', param: 'max_tokens' })).class).toBe('CALLER');
  });
});

describe('refused content', () => {
  test.each([
    [
      'Azure',
      400,
      { error: { code: 'content_filter', message: 'The response was filtered', innererror: { code: 'ResponsibleAIPolicyViolation' } } },
    ],
    ['OpenAI', 400, chatError('Invalid prompt: your prompt was flagged', { code: 'invalid_prompt' })],
    ['DeepSeek', 400, chatError('Content Exists Risk')],
    ['OpenRouter', 403, { error: { code: 403, message: 'Input was flagged', metadata: { reasons: ['violence'], flagged_input: '…' } } }],
    ['xAI', 403, { code: 'permission', error: 'Content violates usage guidelines. Failed check: SAFETY_CHECK_TYPE_BIO' }],
  ])('%s', (_, status, body) => {
    expect(failureOf(status, body).class).toBe('CONTENT_FILTER');
  });
});

describe('P10 refused parameters', () => {
  test.each([
    [
      chatError("Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.", {
        code: 'unsupported_parameter',
        param: 'max_tokens',
      }),
      'max_tokens',
    ],
    [
      chatError("Unsupported value: 'temperature' does not support 0.5 with this model.", {
        code: 'unsupported_value',
        param: 'temperature',
      }),
      'temperature',
    ],
    [chatError('Unrecognized request argument supplied: parallel_tool_calls'), 'parallel_tool_calls'],
    [
      chatError("Unknown parameter: 'stream_options.include_usage'.", { code: 'unknown_parameter', param: 'stream_options.include_usage' }),
      'stream_options',
    ],
    [chatError("Additional properties are not allowed ('seed' was unexpected)"), 'seed'],
    [chatError("property 'logit_bias' is not supported"), 'logit_bias'],
    [{ error: 'Model grok-4 does not support parameter presencePenalty.' }, 'presence_penalty'],
    [{ code: 'x', error: 'Argument not supported on this model: stop' }, 'stop'],
    [
      { object: 'error', message: { detail: [{ type: 'extra_forbidden', loc: ['body', 'user'], msg: 'Extra inputs are not permitted' }] } },
      'user',
    ],
    [{ detail: [{ type: 'extra_forbidden', loc: ['body', 'stream_options'], msg: 'Extra inputs are not permitted' }] }, 'stream_options'],
    [chatError('Extra inputs are not permitted, field: reasoning_effort'), 'reasoning_effort'],
    [chatError('include_usage is only allowed for …'), 'stream_options'],
  ])('%j names %s', (body, parameter) => {
    expect(failureOf(400, body)).toMatchObject({ class: 'UNSUPPORTED_PARAMETER', parameter });
    expect(failureOf(422, body)).toMatchObject({ class: 'UNSUPPORTED_PARAMETER', parameter });
  });

  test('a wrong value of a parameter that exists is the caller’s', () => {
    const failure = failureOf(
      400,
      chatError("Invalid 'temperature': must be at most 2.", { code: 'decimal_above_max_value', param: 'temperature' }),
    );
    expect(failure.class).toBe('CALLER');
    expect(failure.parameter).toBeUndefined();
  });

  test('the messages and the model are no parameters to leave out', () => {
    expect(failureOf(400, chatError('Unsupported value', { code: 'unsupported_value', param: 'messages[0].role' })).class).toBe('CALLER');
  });
});

test.each([
  [400, chatError('The model `gpt-9` does not exist', { code: 'model_not_found' })],
  [400, chatError('gpt-9 is not a valid model ID')],
  [400, { error: { message: 'Invalid model: x', type: 'invalid_model', code: '1500' } }],
])('an unknown model upstream (%d %j) is TARGET_NOT_FOUND', (status, body) => {
  expect(failureOf(status, body).class).toBe('TARGET_NOT_FOUND');
  expect(failureOf(404, body).class).toBe('TARGET_NOT_FOUND');
});

describe('R10 how long to wait', () => {
  test.each([
    [{ 'retry-after': '7' }, 7_000],
    [{ 'retry-after': '1.5' }, 1_500],
    [{ 'retry-after': '0' }, 0],
    [{ 'retry-after-ms': '1234', 'retry-after': '9' }, 1_234],
    [{ 'retry-after': 'Sat, 21 Nov 2026 12:00:30 GMT' }, 30_000],
    [{ 'retry-after': 'Sat, 21 Nov 2026 11:00:00 GMT' }, 0],
    [{ 'retry-after': '99999999' }, 86_400_000],
    [{ 'retry-after': 'soon' }, null],
    [{ 'retry-after': '-5' }, null],
    [{}, null],
  ] as const)('%j', (headers, retryAfterMs) => {
    expect(failureOf(429, PLAIN, headers).retryAfterMs).toBe(retryAfterMs);
  });
});

test('every class that a status can mean is one of the list', () => {
  const classes = new Set<FailureClass>(FAILURE_CLASSES);
  for (let status = 300; status < 600; status += 1) expect(classes.has(failureOf(status, PLAIN).class)).toBe(true);
});

test('the detail is the upstream’s own word with its status', () => {
  expect(failureOf(500, chatError('It broke.', { type: 'server_error' })).detail).toBe('500 server_error It broke.');
  expect(failureOf(502, 'Bad Gateway').detail).toBe('502 Bad Gateway');
});
