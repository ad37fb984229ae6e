import type { AssistantPart } from '../../src/core/answer.js';
import { awsEvent } from '../kit/aws-frames.js';
import { message } from '../providers/support.js';
import type { FormatUnderTest } from './format.js';

const SCHEMA = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'], additionalProperties: false };
const WEATHER = { name: 'weather', description: 'Tells the weather', parameters: SCHEMA, strict: null };
const USAGE = { inputTokens: 11, outputTokens: 7, totalTokens: 18 };
const COUNTED = { input: 11, output: 7 };

type Block = { text: string } | { toolUse: { toolUseId: string; name: string; input: object } };

/** Padding as the vendor sends it, so that lengths tell nothing. */
const P = 'abcdefghijk';

function blockEvents(block: Block, contentBlockIndex: number): Buffer[] {
  const isText = 'text' in block;
  const whole = isText ? block.text : JSON.stringify(block.toolUse.input);
  const middle = Math.floor(whole.length / 2);
  const delta = (text: string) => (isText ? { text } : { toolUse: { input: text } });
  const start = isText ? [] : [{ toolUse: { toolUseId: block.toolUse.toolUseId, name: block.toolUse.name } }];
  return [
    ...start.map((each) => awsEvent({ contentBlockStart: { contentBlockIndex, start: each, p: P } })),
    ...[whole.slice(0, middle), whole.slice(middle)].map((text) =>
      awsEvent({ contentBlockDelta: { contentBlockIndex, delta: delta(text), p: P } }),
    ),
    awsEvent({ contentBlockStop: { contentBlockIndex, p: P } }),
  ];
}

const begin = awsEvent({ messageStart: { role: 'assistant', p: P } });
const stop = (stopReason: string, usage: object | null = USAGE) => [
  awsEvent({ messageStop: { stopReason, p: P } }),
  awsEvent({ metadata: { ...(usage === null ? {} : { usage }), metrics: { latencyMs: 500 }, p: P } }),
];

function forms(blocks: readonly Block[], stopReason: string, usage: object | null = USAGE) {
  const body = {
    output: { message: { role: 'assistant', content: blocks } },
    stopReason,
    ...(usage === null ? {} : { usage }),
    metrics: { latencyMs: 500 },
  };
  return { body, stream: [begin, ...blocks.flatMap((block, index) => blockEvents(block, index)), ...stop(stopReason, usage)] };
}

const text = (words: string): AssistantPart => ({ kind: 'text', text: words, signature: null });
const called = (toolUseId: string, city: string): Block => ({ toolUse: { toolUseId, name: 'weather', input: { city } } });
const call = (id: string, city: string): AssistantPart => ({
  kind: 'toolCall',
  id,
  name: 'weather',
  arguments: JSON.stringify({ city }),
  signature: null,
});
const type = (name: string) => ({ 'x-amzn-errortype': `${name}:http://internal.amazon.com/coral/com.amazon.bedrock/` });
const error = (words: string) => JSON.stringify({ message: words });

export const BEDROCK_UNDER_TEST: FormatUnderTest = {
  wireFormat: 'BEDROCK_CONVERSE',
  basePath: '',
  path: { unary: '/model/acme-large/converse', stream: '/model/acme-large/converse-stream' },
  contentType: 'application/vnd.amazon.eventstream',
  skipped: {},
  answers: [
    {
      name: 'plain',
      call: {},
      sent: { messages: [{ role: 'user', content: [{ text: 'Hello' }] }] },
      ...forms([{ text: 'Hello there.' }], 'end_turn'),
      parts: [text('Hello there.')],
      finishReason: 'STOP',
      usage: COUNTED,
    },
    {
      name: 'tools',
      call: { tools: [WEATHER], toolChoice: { kind: 'mode', mode: 'REQUIRED' }, messages: [message('USER', 'Use the tool weather.')] },
      sent: {
        toolConfig: {
          tools: [{ toolSpec: { name: 'weather', description: 'Tells the weather', inputSchema: { json: SCHEMA } } }],
          toolChoice: { any: {} },
        },
      },
      ...forms([called('tooluse_1', 'Paris')], 'tool_use'),
      parts: [call('tooluse_1', 'Paris')],
      finishReason: 'TOOL_CALLS',
      usage: COUNTED,
    },
    {
      name: 'parallel tools',
      call: { tools: [WEATHER], parallelToolCalls: true },
      sent: { toolConfig: { tools: [{ toolSpec: { name: 'weather' } }] } },
      ...forms([called('tooluse_1', 'Paris'), called('tooluse_2', 'Oslo')], 'tool_use'),
      parts: [call('tooluse_1', 'Paris'), call('tooluse_2', 'Oslo')],
      finishReason: 'TOOL_CALLS',
      usage: COUNTED,
    },
    {
      name: 'schema',
      call: { responseFormat: { kind: 'jsonSchema', name: 'place', schema: SCHEMA, strict: true } },
      sent: {
        outputConfig: {
          textFormat: { type: 'json_schema', structure: { jsonSchema: { name: 'place', schema: JSON.stringify(SCHEMA) } } },
        },
      },
      ...forms([{ text: '{"city":"Paris"}' }], 'end_turn'),
      parts: [text('{"city":"Paris"}')],
      finishReason: 'STOP',
      usage: COUNTED,
    },
    {
      name: 'no usage',
      call: {},
      sent: {},
      ...forms([{ text: 'Hello there.' }], 'end_turn', null),
      parts: [text('Hello there.')],
      finishReason: 'STOP',
      usage: null,
    },
  ],
  errors: [
    {
      name: 'wrong key',
      status: 403,
      headers: type('UnrecognizedClientException'),
      body: error('The security token included in the request is invalid.'),
      failureClass: 'AUTH',
    },
    {
      name: 'no access to the model',
      status: 403,
      headers: type('AccessDeniedException'),
      body: error("You don't have access to the model with the specified model ID."),
      failureClass: 'AUTH',
    },
    {
      name: 'rate limit with Retry-After',
      status: 429,
      headers: { ...type('ThrottlingException'), 'retry-after': '7' },
      body: error('Too many tokens, please wait before trying again.'),
      failureClass: 'RATE_LIMITED',
      retryAfterMs: 7_000,
    },
    {
      name: 'quota, which the vendor says with a 400',
      status: 400,
      headers: type('ServiceQuotaExceededException'),
      body: error('Your request exceeds the service quota for your account.'),
      failureClass: 'RATE_LIMITED',
    },
    {
      name: 'not ready',
      status: 429,
      headers: type('ModelNotReadyException'),
      body: error('The model is not ready.'),
      failureClass: 'OVERLOADED',
    },
    {
      name: 'too slow',
      status: 408,
      headers: type('ModelTimeoutException'),
      body: error('The request took too long to process.'),
      failureClass: 'TIMEOUT',
    },
    {
      name: 'the model failed',
      status: 424,
      headers: type('ModelErrorException'),
      body: error('The system encountered an unexpected error.'),
      failureClass: 'SERVER_ERROR',
    },
    {
      name: 'server error',
      status: 500,
      headers: type('InternalServerException'),
      body: error('Something went wrong.'),
      failureClass: 'SERVER_ERROR',
    },
    {
      name: 'unavailable',
      status: 503,
      headers: type('ServiceUnavailableException'),
      body: error('Bedrock is unable to process your request.'),
      failureClass: 'OVERLOADED',
    },
    {
      name: 'unknown model',
      status: 400,
      headers: type('ValidationException'),
      body: error('The provided model identifier is invalid.'),
      failureClass: 'TARGET_NOT_FOUND',
    },
    {
      name: 'a model that is only served by profile',
      status: 400,
      headers: type('ValidationException'),
      body: error('Invocation of model ID m with on-demand throughput isn’t supported. Retry with an inference profile.'),
      failureClass: 'TARGET_NOT_FOUND',
    },
    {
      name: 'prompt too long',
      status: 400,
      headers: type('ValidationException'),
      body: error('Input is too long for requested model.'),
      failureClass: 'CONTEXT_LENGTH',
    },
    {
      name: 'prompt too long, in the model’s own words',
      status: 400,
      headers: type('ValidationException'),
      body: error('The model returned the following errors: prompt is too long: 204315 tokens > 200000 maximum'),
      failureClass: 'CONTEXT_LENGTH',
    },
    {
      name: 'a refused field',
      status: 400,
      headers: type('ValidationException'),
      body: error('The model returned the following errors: `temperature` and `top_p` cannot both be specified for this model.'),
      failureClass: 'UNSUPPORTED_PARAMETER',
    },
    {
      name: 'any other',
      status: 400,
      headers: type('ValidationException'),
      body: error('A conversation must start with a user message.'),
      failureClass: 'CALLER',
    },
  ],
  halves: {
    first: Buffer.concat([begin, awsEvent({ contentBlockDelta: { contentBlockIndex: 0, delta: { text: 'Half' } } })]),
    rest: Buffer.concat([
      awsEvent({ contentBlockDelta: { contentBlockIndex: 0, delta: { text: ' done.' } } }),
      awsEvent({ contentBlockStop: { contentBlockIndex: 0 } }),
      ...stop('end_turn'),
    ]),
  },
};
