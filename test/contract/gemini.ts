import type { AssistantPart } from '../../src/core/answer.js';
import { message } from '../providers/support.js';
import type { FormatUnderTest } from './format.js';

const SCHEMA = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
const WEATHER = { name: 'weather', description: 'Tells the weather', parameters: SCHEMA, strict: null };
const USAGE = { promptTokenCount: 11, candidatesTokenCount: 7, totalTokenCount: 18 };
const COUNTED = { input: 11, output: 7 };

const chunk = (parts: readonly object[], finishReason: string | null, usage: object | null = USAGE) => ({
  candidates: [{ content: { role: 'model', parts }, index: 0, ...(finishReason === null ? {} : { finishReason }) }],
  ...(usage === null ? {} : { usageMetadata: usage }),
});
const sse = (data: object) => `data: ${JSON.stringify(data)}\r\n\r\n`;

/** Every part in a chunk of its own, and a finish that comes alone. */
function forms(parts: readonly object[], whole: readonly object[] = parts, usage: object | null = USAGE) {
  const running = usage === null ? null : { promptTokenCount: 11 };
  const chunks = [...parts.map((part) => chunk([part], null, running)), chunk([{ text: '' }], 'STOP', usage)];
  return { body: chunk(whole, 'STOP', usage), stream: chunks.map(sse) };
}

const text = (words: string): AssistantPart => ({ kind: 'text', text: words, signature: null });
const called = (id: string, city: string, extra: object = {}) => ({ functionCall: { id, name: 'weather', args: { city } }, ...extra });
const call = (id: string, city: string, signature: string | null = null): AssistantPart => ({
  kind: 'toolCall',
  id,
  name: 'weather',
  arguments: JSON.stringify({ city }),
  signature,
});
const error = (code: number, status: string, words: string, details: readonly object[] = []) =>
  JSON.stringify({ error: { code, message: words, status, details } });

export const GEMINI_UNDER_TEST: FormatUnderTest = {
  wireFormat: 'GEMINI',
  basePath: '/v1beta',
  path: { unary: '/v1beta/models/acme-large:generateContent', stream: '/v1beta/models/acme-large:streamGenerateContent?alt=sse' },
  skipped: {},
  answers: [
    {
      name: 'plain',
      call: {},
      sent: { contents: [{ role: 'user', parts: [{ text: 'Hello' }] }] },
      ...forms([{ text: 'Hello' }, { text: ' there.' }], [{ text: 'Hello there.' }]),
      parts: [text('Hello there.')],
      finishReason: 'STOP',
      usage: COUNTED,
    },
    {
      name: 'tools',
      call: { tools: [WEATHER], toolChoice: { kind: 'mode', mode: 'REQUIRED' }, messages: [message('USER', 'Use the tool weather.')] },
      sent: {
        tools: [{ functionDeclarations: [{ name: 'weather', description: 'Tells the weather', parameters: SCHEMA }] }],
        toolConfig: { functionCallingConfig: { mode: 'ANY' } },
      },
      ...forms([called('fc_1', 'Paris', { thoughtSignature: 'sig' })]),
      parts: [call('fc_1', 'Paris', 'sig')],
      finishReason: 'TOOL_CALLS',
      usage: COUNTED,
    },
    {
      name: 'parallel tools',
      call: { tools: [WEATHER] },
      sent: {},
      ...forms([called('fc_1', 'Paris'), called('fc_2', 'Oslo')]),
      parts: [call('fc_1', 'Paris'), call('fc_2', 'Oslo')],
      finishReason: 'TOOL_CALLS',
      usage: COUNTED,
    },
    {
      name: 'schema',
      call: { responseFormat: { kind: 'jsonSchema', name: 'place', schema: SCHEMA, strict: true } },
      sent: { generationConfig: { responseMimeType: 'application/json', responseSchema: SCHEMA } },
      ...forms([{ text: '{"city":' }, { text: '"Paris"}' }], [{ text: '{"city":"Paris"}' }]),
      parts: [text('{"city":"Paris"}')],
      finishReason: 'STOP',
      usage: COUNTED,
    },
    {
      name: 'no usage',
      call: {},
      sent: {},
      ...forms([{ text: 'Hello there.' }], undefined, null),
      parts: [text('Hello there.')],
      finishReason: 'STOP',
      usage: null,
    },
  ],
  errors: [
    {
      name: 'wrong key',
      status: 400,
      body: error(400, 'INVALID_ARGUMENT', 'API key not valid. Please pass a valid API key.', [{ reason: 'API_KEY_INVALID' }]),
      failureClass: 'AUTH',
    },
    { name: 'forbidden', status: 403, body: error(403, 'PERMISSION_DENIED', 'No.'), failureClass: 'AUTH' },
    {
      name: 'rate limit with a delay in its body',
      status: 429,
      body: error(429, 'RESOURCE_EXHAUSTED', 'Quota exceeded.', [
        { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '7.5s' },
      ]),
      failureClass: 'RATE_LIMITED',
      retryAfterMs: 7_500,
    },
    { name: 'server error', status: 500, body: error(500, 'INTERNAL', 'Oops.'), failureClass: 'SERVER_ERROR' },
    { name: 'overloaded', status: 503, body: error(503, 'UNAVAILABLE', 'The model is overloaded.'), failureClass: 'OVERLOADED' },
    { name: 'unknown model', status: 404, body: error(404, 'NOT_FOUND', 'models/x is not found'), failureClass: 'TARGET_NOT_FOUND' },
    {
      name: 'prompt too long',
      status: 400,
      body: `[${error(400, 'INVALID_ARGUMENT', 'The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).')}]`,
      failureClass: 'CONTEXT_LENGTH',
    },
    { name: 'any other', status: 400, body: error(400, 'INVALID_ARGUMENT', 'contents is required'), failureClass: 'CALLER' },
  ],
  halves: {
    first: sse(chunk([{ text: 'Half' }], null)),
    rest: sse(chunk([{ text: ' done.' }], 'STOP')),
  },
};
