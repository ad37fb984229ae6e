import { describe, expect, test } from '@jest/globals';
import type { MessageCreateParams } from '@anthropic-ai/sdk/resources/messages';
import type { CompletionCall, Part } from '../../src/core/completion.js';
import type { PromptCacheTtl, WireFormat } from '../../src/core/vocabulary.js';
import { WIRE_FORMAT_ADAPTERS } from '../../src/providers/adapters.js';
import type { ProviderTarget } from '../../src/providers/contract.js';
import { chatApi, makeCall, makeTarget, message, textPart, toolCallPart } from './support.js';

const kept = (part: Part, promptCache: PromptCacheTtl = 'FIVE_MINUTES'): Part => ({ ...part, promptCache });
const TOOLS = ['weather', 'clock', 'map'].map((name) => ({ name, description: 'D', parameters: { type: 'object' }, strict: null }));

/** A long conversation with marks at its prefix; the last message is what changes. */
const conversation = (question: string): Partial<CompletionCall> => ({
  tools: TOOLS,
  messages: [
    message('SYSTEM', [kept(textPart('The rules of the house.'), 'ONE_HOUR')]),
    message('USER', [
      textPart('Look:'),
      kept({ kind: 'image', media: { url: null, base64: 'iVBORw0KGgo=', mimeType: 'image/png', name: null } }),
    ]),
    message('ASSISTANT', [textPart('I see.'), kept(toolCallPart('a'))]),
    message('TOOL', [kept(textPart('Sunny.'))], { toolCallId: 'a' }),
    message('USER', question),
  ],
});

function request(wireFormat: WireFormat, call: Partial<CompletionCall>, target: Partial<ProviderTarget> = {}) {
  const upstreamModel = wireFormat === 'BEDROCK_CONVERSE' ? 'anthropic.claude-sonnet-4-6-v1:0' : 'acme-large';
  return chatApi(wireFormat).toRequest(makeCall(call), makeTarget({ wireFormat, upstreamModel, ...target }), {
    stream: true,
    refusedParameters: new Set(),
  });
}

test('C24 marks stay where they were put, in a body that Anthropic’s types accept', () => {
  const { body, warnings } = request('ANTHROPIC_MESSAGES', conversation('And now?'), { maxOutputTokens: 100 });
  const five = { cache_control: { type: 'ephemeral' } };
  const expected: MessageCreateParams['messages'] = [
    {
      role: 'user',
      content: [
        { type: 'text', text: 'Look:' },
        { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'iVBORw0KGgo=' }, cache_control: { type: 'ephemeral' } },
      ],
    },
    {
      role: 'assistant',
      content: [
        { type: 'text', text: 'I see.' },
        { type: 'tool_use', id: 'a', name: 'weather', input: {}, cache_control: { type: 'ephemeral' } },
      ],
    },
    {
      role: 'user',
      content: [
        { type: 'tool_result', tool_use_id: 'a', content: [{ type: 'text', text: 'Sunny.', cache_control: { type: 'ephemeral' } }] },
        { type: 'text', text: 'And now?' },
      ],
    },
  ];
  expect(body['system']).toEqual([{ type: 'text', text: 'The rules of the house.', cache_control: { type: 'ephemeral', ttl: '1h' } }]);
  expect(body['messages']).toEqual(expected);
  expect(JSON.stringify(body).split(JSON.stringify(five.cache_control)).length - 1).toBe(3);
  expect(warnings).toEqual([]);
});

test('C24 Bedrock gets a cache point behind each marked part', () => {
  const { body, warnings } = request('BEDROCK_CONVERSE', conversation('And now?'));
  const point = { cachePoint: { type: 'default' } };
  expect(body).toMatchObject({
    system: [{ text: 'The rules of the house.' }, { cachePoint: { type: 'default', ttl: '1h' } }],
    messages: [
      { content: [{ text: 'Look:' }, { image: {} }, point] },
      { content: [{ text: 'I see.' }, { toolUse: {} }, point] },
      { content: [{ toolResult: {} }, point, { text: 'And now?' }] },
    ],
  });
  expect(warnings).toEqual([]);
});

test('OpenRouter takes them on texts, and the rest is told', () => {
  const { body, warnings } = request('OPENAI_CHAT', conversation('And now?'), { preset: 'openrouter' });
  expect(body['messages']).toMatchObject([
    { role: 'system', content: [{ type: 'text', text: 'The rules of the house.', cache_control: { type: 'ephemeral', ttl: '1h' } }] },
    {},
    {},
    { role: 'tool', content: 'Sunny.' },
    { role: 'user', content: 'And now?' },
  ]);
  expect(warnings).toEqual([expect.stringContaining('promptCache')]);
});

describe.each([...WIRE_FORMAT_ADAPTERS].filter(([, { chat }]) => chat !== undefined).map(([wireFormat]) => [wireFormat]))(
  '%s',
  (wireFormat) => {
    test('C24 a hundred calls of one prefix are byte-identical up to the last message', () => {
      const bodies = Array.from({ length: 100 }, (_, index) =>
        JSON.stringify(request(wireFormat, conversation(`Question ${String(index)}`)).body),
      );
      const prefixes = bodies.map((body) => body.slice(0, body.indexOf('Question')));
      expect(new Set(prefixes).size).toBe(1);
      expect(prefixes[0]?.length).toBeGreaterThan(200);
      expect(new Set(bodies.map((body, index) => body.replace(`Question ${String(index)}`, '')))).toHaveProperty('size', 1);
    });

    test('a call without marks has none, and no warning of them', () => {
      const { body, warnings } = request(wireFormat, { messages: [message('SYSTEM', 'S'), message('USER', 'Hi')] }, { maxOutputTokens: 9 });
      expect(JSON.stringify(body)).not.toMatch(/cache/i);
      expect(warnings).toEqual([]);
    });
  },
);
