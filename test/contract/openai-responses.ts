import type { AssistantPart } from '../../src/core/answer.js';
import { chatError } from '../kit/chat-frames.js';
import { message } from '../providers/support.js';
import type { FormatUnderTest } from './format.js';

const SCHEMA = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'], additionalProperties: false };
const WEATHER = { name: 'weather', description: 'Tells the weather', parameters: SCHEMA, strict: true };
const USAGE = { input_tokens: 11, output_tokens: 7, total_tokens: 18 };
const COUNTED = { input: 11, output: 7 };

type Item =
  | { type: 'message'; content: { type: 'output_text'; text: string }[] }
  | { type: 'function_call'; call_id: string; name: string; arguments: string };

const event = (data: { type: string; [field: string]: unknown }) => `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`;

function itemEvents(item: Item, index: number): string[] {
  const isMessage = item.type === 'message';
  const whole = isMessage ? item.content.map(({ text }) => text).join('') : item.arguments;
  const middle = Math.floor(whole.length / 2);
  const type = isMessage ? 'response.output_text.delta' : 'response.function_call_arguments.delta';
  const bare = isMessage ? { ...item, content: [] } : { ...item, arguments: '' };
  return [
    event({ type: 'response.output_item.added', output_index: index, item: bare }),
    ...[whole.slice(0, middle), whole.slice(middle)].map((delta) => event({ type, output_index: index, delta })),
    event({ type: 'response.output_item.done', output_index: index, item }),
  ];
}

function forms(output: readonly Item[], usage: object | null = USAGE) {
  const body = { id: 'resp_1', object: 'response', status: 'completed', error: null, output, ...(usage === null ? {} : { usage }) };
  return {
    body,
    stream: [
      event({ type: 'response.created', response: { status: 'in_progress', error: null } }),
      ...output.flatMap(itemEvents),
      event({ type: 'response.completed', response: body }),
    ],
  };
}

const said = (words: string): Item => ({ type: 'message', content: [{ type: 'output_text', text: words }] });
const called = (id: string, city: string): Item => ({
  type: 'function_call',
  call_id: id,
  name: 'weather',
  arguments: JSON.stringify({ city }),
});
const text = (words: string): AssistantPart => ({ kind: 'text', text: words, signature: null });
const call = (id: string, city: string): AssistantPart => ({
  kind: 'toolCall',
  id,
  name: 'weather',
  arguments: JSON.stringify({ city }),
  signature: null,
});
const half = itemEvents(said('Half'), 0);

export const OPENAI_RESPONSES_UNDER_TEST: FormatUnderTest = {
  wireFormat: 'OPENAI_RESPONSES',
  basePath: '/v1',
  path: { unary: '/v1/responses', stream: '/v1/responses' },
  skipped: {},
  answers: [
    {
      name: 'plain',
      call: {},
      sent: { input: [{ role: 'user', content: 'Hello' }], store: false },
      ...forms([said('Hello there.')]),
      parts: [text('Hello there.')],
      finishReason: 'STOP',
      usage: COUNTED,
    },
    {
      name: 'tools',
      call: { tools: [WEATHER], toolChoice: { kind: 'mode', mode: 'REQUIRED' }, messages: [message('USER', 'Use the tool weather.')] },
      sent: { tools: [{ type: 'function', name: 'weather', parameters: SCHEMA, strict: true }], tool_choice: 'required' },
      ...forms([called('call_1', 'Paris')]),
      parts: [call('call_1', 'Paris')],
      finishReason: 'TOOL_CALLS',
      usage: COUNTED,
    },
    {
      name: 'parallel tools',
      call: { tools: [WEATHER], parallelToolCalls: true },
      sent: { parallel_tool_calls: true },
      ...forms([called('call_1', 'Paris'), called('call_2', 'Oslo')]),
      parts: [call('call_1', 'Paris'), call('call_2', 'Oslo')],
      finishReason: 'TOOL_CALLS',
      usage: COUNTED,
    },
    {
      name: 'schema',
      call: { responseFormat: { kind: 'jsonSchema', name: 'place', schema: SCHEMA, strict: true } },
      sent: { text: { format: { type: 'json_schema', name: 'place', schema: SCHEMA, strict: true } } },
      ...forms([said('{"city":"Paris"}')]),
      parts: [text('{"city":"Paris"}')],
      finishReason: 'STOP',
      usage: COUNTED,
    },
    { name: 'no usage', call: {}, sent: {}, ...forms([said('Hello.')], null), parts: [text('Hello.')], finishReason: 'STOP', usage: null },
  ],
  errors: [
    { name: 'wrong key', status: 401, body: JSON.stringify(chatError('No.', { code: 'invalid_api_key' })), failureClass: 'AUTH' },
    {
      name: 'rate limit with Retry-After',
      status: 429,
      headers: { 'retry-after-ms': '250' },
      body: JSON.stringify(chatError('Slow down.', { code: 'rate_limit_exceeded' })),
      failureClass: 'RATE_LIMITED',
      retryAfterMs: 250,
    },
    { name: 'server error', status: 500, body: JSON.stringify(chatError('Oops.', { type: 'server_error' })), failureClass: 'SERVER_ERROR' },
    { name: 'overloaded', status: 503, body: 'busy', failureClass: 'OVERLOADED' },
    {
      name: 'prompt too long',
      status: 400,
      body: JSON.stringify(
        chatError('Your input exceeds the context window of this model.', { code: 'context_length_exceeded', param: 'input' }),
      ),
      failureClass: 'CONTEXT_LENGTH',
    },
    { name: 'any other', status: 400, body: JSON.stringify(chatError('Nonsense.')), failureClass: 'CALLER' },
  ],
  halves: {
    first: half.slice(0, -1).join(''),
    rest:
      event({ type: 'response.output_text.delta', output_index: 0, delta: ' done.' }) +
      event({ type: 'response.output_item.done', output_index: 0, item: said('Half done.') }) +
      event({ type: 'response.completed', response: { status: 'completed', usage: USAGE } }),
  },
};
