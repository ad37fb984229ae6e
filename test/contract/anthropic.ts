import type { AssistantPart } from '../../src/core/answer.js';
import { message } from '../providers/support.js';
import type { FormatUnderTest } from './format.js';

const SCHEMA = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'], additionalProperties: false };
const WEATHER = { name: 'weather', description: 'Tells the weather', parameters: SCHEMA, strict: null };
const USAGE = { input_tokens: 11, output_tokens: 7 };
const COUNTED = { input: 11, output: 7 };

type Block = { type: 'text'; text: string } | { type: 'tool_use'; id: string; name: string; input: object };

const event = (data: { type: string; [field: string]: unknown }) => `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`;
const start = (usage: object | null = USAGE) =>
  event({
    type: 'message_start',
    message: {
      id: 'msg_1',
      type: 'message',
      role: 'assistant',
      content: [],
      ...(usage === null ? {} : { usage: { ...usage, output_tokens: 1 } }),
    },
  });
const stop = (reason: string, usage: object | null = { output_tokens: 7 }) =>
  event({ type: 'message_delta', delta: { stop_reason: reason, stop_sequence: null }, ...(usage === null ? {} : { usage }) }) +
  event({ type: 'message_stop' });

function blockEvents(block: Block, index: number): string[] {
  const isText = block.type === 'text';
  const whole = isText ? block.text : JSON.stringify(block.input);
  const delta = (text: string) => (isText ? { type: 'text_delta', text } : { type: 'input_json_delta', partial_json: text });
  const middle = Math.floor(whole.length / 2);
  return [
    event({ type: 'content_block_start', index, content_block: isText ? { type: 'text', text: '' } : { ...block, input: {} } }),
    event({ type: 'ping' }),
    ...[whole.slice(0, middle), whole.slice(middle)].map((text) => event({ type: 'content_block_delta', index, delta: delta(text) })),
    event({ type: 'content_block_stop', index }),
  ];
}

function forms(blocks: readonly Block[], reason: string, usage: object | null = USAGE) {
  const body = {
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    content: blocks,
    stop_reason: reason,
    stop_sequence: null,
    ...(usage === null ? {} : { usage }),
  };
  const ending = usage === null ? stop(reason, null) : stop(reason);
  return { body, stream: [start(usage), ...blocks.flatMap((block, index) => blockEvents(block, index)), ending] };
}

const text = (words: string): AssistantPart => ({ kind: 'text', text: words, signature: null });
const called = (id: string, city: string): Block => ({ type: 'tool_use', id, name: 'weather', input: { city } });
const call = (id: string, city: string): AssistantPart => ({
  kind: 'toolCall',
  id,
  name: 'weather',
  arguments: JSON.stringify({ city }),
  signature: null,
});
const error = (type: string, words: string) => JSON.stringify({ type: 'error', error: { type, message: words }, request_id: 'req_1' });

export const ANTHROPIC_UNDER_TEST: FormatUnderTest = {
  wireFormat: 'ANTHROPIC_MESSAGES',
  basePath: '/v1',
  path: { unary: '/v1/messages', stream: '/v1/messages' },
  skipped: {},
  answers: [
    {
      name: 'plain',
      call: {},
      sent: { model: 'acme-large', max_tokens: 4096, messages: [{ role: 'user', content: [{ type: 'text', text: 'Hello' }] }] },
      ...forms([{ type: 'text', text: 'Hello there.' }], 'end_turn'),
      parts: [text('Hello there.')],
      finishReason: 'STOP',
      usage: COUNTED,
    },
    {
      name: 'tools',
      call: { tools: [WEATHER], toolChoice: { kind: 'mode', mode: 'REQUIRED' }, messages: [message('USER', 'Use the tool weather.')] },
      sent: { tools: [{ name: 'weather', description: 'Tells the weather', input_schema: SCHEMA }], tool_choice: { type: 'any' } },
      ...forms([called('toolu_1', 'Paris')], 'tool_use'),
      parts: [call('toolu_1', 'Paris')],
      finishReason: 'TOOL_CALLS',
      usage: COUNTED,
    },
    {
      name: 'parallel tools',
      call: { tools: [WEATHER], parallelToolCalls: false },
      sent: { tool_choice: { type: 'auto', disable_parallel_tool_use: true } },
      ...forms([called('toolu_1', 'Paris'), called('toolu_2', 'Oslo')], 'tool_use'),
      parts: [call('toolu_1', 'Paris'), call('toolu_2', 'Oslo')],
      finishReason: 'TOOL_CALLS',
      usage: COUNTED,
    },
    {
      name: 'schema',
      call: { responseFormat: { kind: 'jsonSchema', name: 'place', schema: SCHEMA, strict: true } },
      sent: { output_config: { format: { type: 'json_schema', schema: SCHEMA } } },
      ...forms([{ type: 'text', text: '{"city":"Paris"}' }], 'end_turn'),
      parts: [text('{"city":"Paris"}')],
      finishReason: 'STOP',
      usage: COUNTED,
    },
    {
      name: 'no usage',
      call: {},
      sent: {},
      ...forms([{ type: 'text', text: 'Hello there.' }], 'end_turn', null),
      parts: [text('Hello there.')],
      finishReason: 'STOP',
      usage: null,
    },
  ],
  errors: [
    { name: 'wrong key', status: 401, body: error('authentication_error', 'invalid x-api-key'), failureClass: 'AUTH' },
    {
      name: 'rate limit with Retry-After',
      status: 429,
      headers: { 'retry-after': '7' },
      body: error('rate_limit_error', 'Too many tokens a minute.'),
      failureClass: 'RATE_LIMITED',
      retryAfterMs: 7_000,
    },
    { name: 'server error', status: 500, body: error('api_error', 'Internal server error'), failureClass: 'SERVER_ERROR' },
    { name: 'overloaded', status: 529, body: error('overloaded_error', 'Overloaded'), failureClass: 'OVERLOADED' },
    { name: 'unknown model', status: 404, body: error('not_found_error', 'model: claude-0'), failureClass: 'TARGET_NOT_FOUND' },
    {
      name: 'prompt too long',
      status: 400,
      body: error('invalid_request_error', 'prompt is too long: 208310 tokens > 200000 maximum'),
      failureClass: 'CONTEXT_LENGTH',
    },
    {
      name: 'prompt and cap too long',
      status: 400,
      body: error('invalid_request_error', 'input length and `max_tokens` exceed context limit: 199000 + 4096 > 200000'),
      failureClass: 'CONTEXT_LENGTH',
    },
    {
      name: 'unpaid',
      status: 400,
      body: error('invalid_request_error', 'Your credit balance is too low to access the Anthropic API.'),
      failureClass: 'AUTH',
    },
    {
      name: 'filtered',
      status: 400,
      body: error('invalid_request_error', 'Output blocked by content filtering policy'),
      failureClass: 'CONTENT_FILTER',
    },
    {
      name: 'any other',
      status: 400,
      body: error('invalid_request_error', 'messages: at least one message is required'),
      failureClass: 'CALLER',
    },
  ],
  halves: {
    first: start() + blockEvents({ type: 'text', text: 'Half' }, 0).slice(0, -1).join(''),
    rest:
      event({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: ' done.' } }) +
      event({ type: 'content_block_stop', index: 0 }) +
      stop('end_turn'),
  },
};
