import type { AssistantPart } from '../../src/core/answer.js';
import { CHAT_USAGE, DONE, chatBody, chatError, chatFrame, chatStream, finishFrame, usageFrame } from '../kit/chat-frames.js';
import type { FormatUnderTest } from './format.js';

const SCHEMA = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'], additionalProperties: false };
const WEATHER = { name: 'weather', description: 'Tells the weather', parameters: SCHEMA, strict: true };
const USAGE = { input: 11, output: 7 };

const text = (words: string): AssistantPart => ({ kind: 'text', text: words, signature: null });
const call = (id: string, args: string): AssistantPart => ({ kind: 'toolCall', id, name: 'weather', arguments: args, signature: null });
const entry = (id: string, args: string) => ({ id, type: 'function', function: { name: 'weather', arguments: args } });
const delta = (index: number, fields: object) => chatFrame({ tool_calls: [{ index, ...fields }] });

export const OPENAI_CHAT_UNDER_TEST: FormatUnderTest = {
  wireFormat: 'OPENAI_CHAT',
  basePath: '/v1',
  path: { unary: '/v1/chat/completions', stream: '/v1/chat/completions' },
  skipped: {},
  answers: [
    {
      name: 'plain',
      call: {},
      sent: { messages: [{ role: 'user', content: 'Hello' }] },
      body: chatBody({ message: { content: 'Hello there.' } }),
      stream: chatStream(['Hello', ' there.']),
      parts: [text('Hello there.')],
      finishReason: 'STOP',
      usage: USAGE,
    },
    {
      name: 'tools',
      call: { tools: [WEATHER], toolChoice: { kind: 'mode', mode: 'REQUIRED' } },
      sent: { tools: [{ type: 'function', function: { name: 'weather', parameters: SCHEMA } }], tool_choice: 'required' },
      body: chatBody({ message: { content: null, tool_calls: [entry('call_1', '{"city":"Paris"}')] }, finishReason: 'tool_calls' }),
      stream: [
        delta(0, entry('call_1', '')),
        delta(0, { function: { arguments: '{"city":' } }),
        delta(0, { function: { arguments: '"Paris"}' } }),
        finishFrame('tool_calls'),
        usageFrame(),
        DONE,
      ],
      parts: [call('call_1', '{"city":"Paris"}')],
      finishReason: 'TOOL_CALLS',
      usage: USAGE,
    },
    {
      name: 'parallel tools',
      call: { tools: [WEATHER], parallelToolCalls: true },
      sent: { parallel_tool_calls: true },
      body: chatBody({
        message: { content: null, tool_calls: [entry('call_1', '{"city":"Paris"}'), entry('call_2', '{"city":"Oslo"}')] },
        finishReason: 'tool_calls',
      }),
      stream: [
        delta(0, entry('call_1', '')),
        delta(1, entry('call_2', '')),
        delta(0, { function: { arguments: '{"city":"Paris"}' } }),
        delta(1, { function: { arguments: '{"city":"Oslo"}' } }),
        finishFrame('tool_calls'),
        usageFrame(),
        DONE,
      ],
      parts: [call('call_1', '{"city":"Paris"}'), call('call_2', '{"city":"Oslo"}')],
      finishReason: 'TOOL_CALLS',
      usage: USAGE,
    },
    {
      name: 'schema',
      call: { responseFormat: { kind: 'jsonSchema', name: 'place', schema: SCHEMA, strict: true } },
      sent: { response_format: { type: 'json_schema', json_schema: { name: 'place', schema: SCHEMA, strict: true } } },
      body: chatBody({ message: { content: '{"city":"Paris"}' } }),
      stream: chatStream(['{"city":', '"Paris"}']),
      parts: [text('{"city":"Paris"}')],
      finishReason: 'STOP',
      usage: USAGE,
    },
    {
      name: 'no usage',
      call: {},
      sent: {},
      body: chatBody({ usage: null }),
      stream: [chatFrame({ content: 'Hello there.' }), finishFrame('stop'), DONE],
      parts: [text('Hello there.')],
      finishReason: 'STOP',
      usage: null,
    },
  ],
  errors: [
    {
      name: 'wrong key',
      status: 401,
      body: JSON.stringify(chatError('Incorrect API key provided.', { code: 'invalid_api_key' })),
      failureClass: 'AUTH',
    },
    {
      name: 'rate limit with Retry-After',
      status: 429,
      headers: { 'retry-after': '3' },
      body: JSON.stringify(chatError('Rate limit reached.', { code: 'rate_limit_exceeded' })),
      failureClass: 'RATE_LIMITED',
      retryAfterMs: 3_000,
    },
    { name: 'server error', status: 500, body: JSON.stringify(chatError('Oops.', { type: 'server_error' })), failureClass: 'SERVER_ERROR' },
    { name: 'overloaded', status: 503, body: 'upstream busy', failureClass: 'OVERLOADED' },
    {
      name: 'unknown model',
      status: 404,
      body: JSON.stringify(chatError('No such model.', { code: 'model_not_found' })),
      failureClass: 'TARGET_NOT_FOUND',
    },
    {
      name: 'prompt too long',
      status: 400,
      body: JSON.stringify(chatError('Too long.', { code: 'context_length_exceeded' })),
      failureClass: 'CONTEXT_LENGTH',
    },
    {
      name: 'filtered',
      status: 400,
      body: JSON.stringify(chatError('Filtered.', { code: 'content_filter' })),
      failureClass: 'CONTENT_FILTER',
    },
    { name: 'any other', status: 400, body: JSON.stringify(chatError('Nonsense.')), failureClass: 'CALLER' },
  ],
  halves: {
    first: chatFrame({ content: 'Half' }),
    rest: chatFrame({ content: ' done.' }) + finishFrame('stop') + usageFrame(CHAT_USAGE) + DONE,
  },
};
