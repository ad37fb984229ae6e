import { expect, test } from '@jest/globals';
import type { WireFormat } from '../../src/core/vocabulary.js';
import { answerOf, chatApi, frame, readFrames } from './support.js';

const chatError = (message: string, fields: object = {}) => ({ error: { message, type: 'invalid_request_error', ...fields } });
const olderError = (message: string) => ({ object: 'error', message, type: 'BadRequestError', param: null, code: 400 });

/** Prompts that are too long, as servers said so in public reports: who, where it was told, in which format, its status and its whole body. */
const TOLD: readonly (readonly [string, string, WireFormat, number, object])[] = [
  [
    ...(['OpenAI', 'langchain-ai/langchain#11001', 'OPENAI_CHAT', 400] as const),
    chatError(
      "This model's maximum context length is 4097 tokens, however you requested 4226 tokens (3970 in your prompt; 256 for the completion).",
    ),
  ],
  [
    ...(['OpenAI, by code', 'platform.openai.com/docs/guides/error-codes', 'OPENAI_RESPONSES', 400] as const),
    chatError('Your input exceeds the context window of this model. Please adjust your input and try again.', {
      code: 'context_length_exceeded',
      param: 'input',
    }),
  ],
  [
    ...(['Anthropic', 'earendil-works/pi#102', 'ANTHROPIC_MESSAGES', 400] as const),
    {
      type: 'error',
      error: { type: 'invalid_request_error', message: 'prompt is too long: 219898 tokens > 200000 maximum' },
      request_id: 'req_1',
    },
  ],
  [
    ...(['Anthropic, with its cap', 'platform.claude.com/docs/en/build-with-claude/context-windows', 'ANTHROPIC_MESSAGES', 400] as const),
    {
      type: 'error',
      error: { type: 'invalid_request_error', message: 'input length and `max_tokens` exceed context limit: 199000 + 4096 > 200000' },
    },
  ],
  [
    ...(['Gemini', 'ai.google.dev/gemini-api/docs/troubleshooting', 'GEMINI', 400] as const),
    {
      error: {
        code: 400,
        status: 'INVALID_ARGUMENT',
        message: 'The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).',
      },
    },
  ],
  [
    ...(['Bedrock', 'docs.aws.amazon.com/bedrock', 'BEDROCK_CONVERSE', 400] as const),
    { message: 'Input is too long for requested model.' },
  ],
  [
    ...(['xAI', 'cline/cline#3120', 'OPENAI_CHAT', 400] as const),
    { code: 'invalid-argument', error: "This model's maximum prompt length is 131072 but the request contains 136973 tokens." },
  ],
  [
    ...(['SGLang', 'QwenLM/Qwen3#1321', 'OPENAI_CHAT', 400] as const),
    olderError("The input (61709 tokens) is longer than the model's context length (40960 tokens)."),
  ],
  [
    ...(['SGLang, newer', 'anomalyco/opencode#25230', 'OPENAI_CHAT', 400] as const),
    olderError(
      "Requested token count exceeds the model's maximum context length of 202752 tokens. You requested a total of 202941 tokens.",
    ),
  ],
  [
    ...(['SGLang, by its memory', 'sgl-project/sglang#4048', 'OPENAI_CHAT', 400] as const),
    olderError('Input length (160062 tokens) exceeds the maximum allowed length (59862 tokens).'),
  ],
  [
    ...(['llama.cpp', 'ggml-org/llama.cpp#15780', 'OPENAI_CHAT', 500] as const),
    {
      error: {
        code: 500,
        message: 'the request exceeds the available context size. try increasing the context size or enable context shift',
        type: 'exceed_context_size_error',
        n_prompt_tokens: 1407,
        n_ctx: 256,
      },
    },
  ],
  [
    ...(['llama.cpp, newer', 'langchain-ai/openwiki#648', 'OPENAI_CHAT', 400] as const),
    chatError('request (131168 tokens) exceeds the available context size (131072 tokens), try increasing it'),
  ],
  [
    ...(['vLLM', 'vllm-project/vllm#20409', 'OPENAI_CHAT', 400] as const),
    olderError(
      "This model's maximum context length is 16384 tokens. However, you requested 122946 tokens (112946 in the messages, 10000 in the completion).",
    ),
  ],
  [
    ...(['vLLM, with pictures', 'Gabesarch/grounded-rl#16', 'OPENAI_CHAT', 400] as const),
    olderError(
      'The decoder prompt (length 10127) is longer than the maximum model length of 8192. Make sure that `max_model_len` is no smaller.',
    ),
  ],
  [
    ...(['LM Studio', 'lmstudio-ai/lmstudio-bug-tracker#546', 'OPENAI_CHAT', 400] as const),
    {
      error:
        'Trying to keep the first 111490 tokens when context the overflows. However, the model is loaded with context length of only 32768 tokens, which is not enough.',
    },
  ],
  [
    ...(['Cohere', 'cohere-ai/sandbox-topically#4', 'OPENAI_CHAT', 400] as const),
    { message: 'too many tokens: total number of tokens (prompt and prediction) cannot exceed 2048 - received 6354.' },
  ],
  [
    ...(['GitHub Copilot', 'jjleng/copilot-more#35', 'OPENAI_CHAT', 400] as const),
    { error: { message: 'prompt token count of 93854 exceeds the limit of 90000', param: '', code: '', type: '' } },
  ],
  [
    ...(['OpenRouter', 'openrouter.ai/docs/api-reference/errors', 'OPENAI_CHAT', 400] as const),
    {
      error: {
        code: 400,
        message: "This endpoint's maximum context length is 1048576 tokens. However, you requested about 1293741 tokens.",
      },
    },
  ],
];

test.each(TOLD)('F6 %s (%s), in %s with %d', (_, __, wireFormat, status, body) => {
  const response = { status, headers: {}, body: JSON.stringify(body), receivedAt: new Date(0) };
  expect(chatApi(wireFormat).toFailure(response)).toMatchObject({ class: 'CONTEXT_LENGTH', httpStatus: status });
});

test('at least twelve servers', () => {
  expect(new Set(TOLD.map(([server]) => server.split(',')[0])).size).toBeGreaterThanOrEqual(12);
});

test('F6 llama.cpp inside a 200 (oobabooga/textgen#7257)', () => {
  const error = { code: 400, message: 'the request exceeds the available context size.', type: 'exceed_context_size_error', n_ctx: 8192 };
  expect(answerOf(readFrames([frame({ error })])).failure).toMatchObject({ class: 'CONTEXT_LENGTH', httpStatus: 400 });
});
