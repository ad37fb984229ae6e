import { describe, expect, test } from '@jest/globals';
import type { MessageCreateParams } from '@anthropic-ai/sdk/resources/messages';
import type { CompletionCall, Message, Part } from '../../../src/core/completion.js';
import { Secret } from '../../../src/core/secret.js';
import type { AnthropicBody } from '../../../src/providers/anthropic/request.js';
import { toAnthropicBody } from '../../../src/providers/anthropic/request.js';
import { THINKING_BUDGETS } from '../../../src/providers/anthropic/thinking.js';
import { Untranslatable } from '../../../src/providers/contract.js';
import type { ProviderTarget } from '../../../src/providers/contract.js';
import { chatApi, makeCall, makeTarget, message, textPart, toolCallPart } from '../support.js';

/** Does not compile where our body is not one that the vendor's own types accept. */
const asVendorType = (body: AnthropicBody): MessageCreateParams => body;

interface Given {
  readonly target?: Partial<ProviderTarget>;
  readonly stream?: boolean;
  readonly refused?: readonly string[];
}

function request(call: Partial<CompletionCall>, { target = {}, stream = false, refused = [] }: Given = {}) {
  const whole = makeTarget({ wireFormat: 'ANTHROPIC_MESSAGES', maxOutputTokens: 64_000, ...target });
  return chatApi('ANTHROPIC_MESSAGES').toRequest(makeCall(call), whole, { stream, refusedParameters: new Set(refused) });
}

const bodyOf = (call: Partial<CompletionCall>, given?: Given) => request(call, given).body;
const media = (fields: object) => ({ url: null, base64: null, mimeType: null, name: null, ...fields });
const reasoning = (fields: object): Part => ({ kind: 'reasoning', text: null, redacted: null, signature: null, ...fields });
const result = (id: string, text = 'ok', extra: Partial<Message> = {}) => message('TOOL', text, { toolCallId: id, ...extra });
const TOOL = {
  name: 'weather',
  description: 'Tells it',
  parameters: { type: 'object', properties: { city: { type: 'string' } } },
  strict: null,
};
const SCHEMA = {
  kind: 'jsonSchema',
  name: 'answer',
  schema: { type: 'object', properties: { n: { type: 'integer', minimum: 1 } } },
  strict: true,
} as const;

describe('the body', () => {
  test('a minimal call is a minimal body, with the version and the key in headers', () => {
    expect(request({}, { target: { apiKey: new Secret('sk-ant-1') } })).toEqual({
      path: '/messages',
      headers: { 'anthropic-version': '2023-06-01', 'x-api-key': 'sk-ant-1' },
      body: { model: 'acme-large', max_tokens: 64_000, messages: [{ role: 'user', content: [{ type: 'text', text: 'Hello' }] }] },
      warnings: [],
    });
  });

  test('every parameter has its place, in a body that the vendor’s types accept', () => {
    const call = {
      tools: [TOOL],
      toolChoice: { kind: 'tool', name: 'weather' },
      parallelToolCalls: false,
      responseFormat: { kind: 'jsonSchema', name: 'a', schema: { type: 'object', properties: { a: { type: 'string' } } }, strict: true },
      maxOutputTokens: 100,
      temperature: 0,
      topP: 0.5,
      stop: ['END'],
      user: 'u-1',
    } as const satisfies Partial<CompletionCall>;
    const target = makeTarget({ wireFormat: 'ANTHROPIC_MESSAGES' });
    const warnings: string[] = [];
    const body = asVendorType(toAnthropicBody(makeCall(call), target, { stream: true, refusedParameters: new Set(), warnings }));
    expect(warnings).toEqual([]);
    expect(body).toEqual({
      model: 'acme-large',
      max_tokens: 100,
      messages: [{ role: 'user', content: [{ type: 'text', text: 'Hello' }] }],
      stream: true,
      tools: [{ name: 'weather', description: 'Tells it', input_schema: TOOL.parameters }],
      tool_choice: { type: 'tool', name: 'weather', disable_parallel_tool_use: true },
      output_config: {
        format: { type: 'json_schema', schema: { type: 'object', properties: { a: { type: 'string' } }, additionalProperties: false } },
      },
      temperature: 0,
      top_p: 0.5,
      stop_sequences: ['END'],
      metadata: { user_id: 'u-1' },
    });
  });

  test.each([
    ['AUTO', { type: 'auto' }],
    ['NONE', { type: 'none' }],
    ['REQUIRED', { type: 'any' }],
  ] as const)('tool choice %s', (mode, expected) => {
    expect(bodyOf({ tools: [TOOL], toolChoice: { kind: 'mode', mode } })['tool_choice']).toEqual(expected);
  });

  test('the cap is the caller’s, else the model’s, else a default that is told', () => {
    expect(bodyOf({ maxOutputTokens: 7 })['max_tokens']).toBe(7);
    expect(bodyOf({})['max_tokens']).toBe(64_000);
    const { body, warnings } = request({}, { target: { maxOutputTokens: null } });
    expect(body['max_tokens']).toBe(4_096);
    expect(warnings).toEqual([expect.stringContaining('4096')]);
  });

  test('C24 the same call is the same bytes, and the caller’s own fields win', () => {
    const call = {
      tools: [TOOL],
      providerOptions: { ANTHROPIC_MESSAGES: { cache_control: { type: 'ephemeral' }, top_k: 3 }, acme: { top_k: 5 } },
    };
    expect(JSON.stringify(bodyOf(call))).toBe(JSON.stringify(bodyOf({ ...call })));
    expect(bodyOf(call)).toMatchObject({ cache_control: { type: 'ephemeral' }, top_k: 5 });
  });

  test('P12 what has no place is told', () => {
    const { body, warnings } = request({
      seed: 1,
      frequencyPenalty: 0.1,
      presencePenalty: 0.2,
      toolChoice: { kind: 'mode', mode: 'AUTO' },
    });
    expect(Object.keys(body)).toEqual(['model', 'max_tokens', 'messages']);
    for (const name of ['seed', 'frequencyPenalty', 'presencePenalty', 'toolChoice']) expect(warnings.join()).toContain(name);
    expect(request({ temperature: 1.7 })).toMatchObject({ body: { temperature: 1 }, warnings: [expect.stringContaining('temperature')] });
  });

  test('P10 what a deployment refused before is left out, and told', () => {
    const { body, warnings } = request({ temperature: 0.5, topP: 0.9 }, { refused: ['top_p'] });
    expect(body).toMatchObject({ temperature: 0.5 });
    expect(body).not.toHaveProperty('top_p');
    expect(warnings).toEqual([expect.stringContaining('top_p')]);
  });
});

describe('the conversation', () => {
  const conversation = (...messages: readonly Message[]) => request({ messages });

  test('system messages anywhere come first', () => {
    const { body, warnings } = conversation(message('SYSTEM', 'A'), message('USER', 'Hi'), message('SYSTEM', 'B'), message('USER', 'Go'));
    expect(body).toMatchObject({
      system: [
        { type: 'text', text: 'A' },
        { type: 'text', text: 'B' },
      ],
      messages: [{ role: 'user', content: [{ text: 'Hi' }, { text: 'Go' }] }],
    });
    expect(warnings).toHaveLength(1);
    expect(conversation(message('SYSTEM', 'A'), message('USER', 'Hi'))).toMatchObject({ body: { system: 'A' }, warnings: [] });
  });

  test('only system messages become a valid request', () => {
    const { body, warnings } = conversation(message('SYSTEM', 'A'), message('SYSTEM', 'B'));
    expect(body).toMatchObject({ system: 'A', messages: [{ role: 'user', content: [{ text: 'B' }] }] });
    expect(warnings).toHaveLength(1);
  });

  test('the user begins, sides alternate, and the last answer ends without white space', () => {
    const { body } = conversation(
      message('ASSISTANT', 'Hi'),
      message('ASSISTANT', 'there'),
      message('USER', 'Go'),
      message('ASSISTANT', 'So '),
    );
    expect(body['messages']).toEqual([
      { role: 'user', content: [{ type: 'text', text: '…' }] },
      {
        role: 'assistant',
        content: [
          { type: 'text', text: 'Hi' },
          { type: 'text', text: 'there' },
        ],
      },
      { role: 'user', content: [{ type: 'text', text: 'Go' }] },
      { role: 'assistant', content: [{ type: 'text', text: 'So' }] },
    ]);
  });

  test('P6 three results in three messages, one of them twice, in mixed order: one user message, results first, then text', () => {
    const { body } = conversation(
      message('USER', 'Go'),
      message('ASSISTANT', [toolCallPart('a'), toolCallPart('b'), toolCallPart('c')]),
      result('c', 'C'),
      message('USER', 'And?'),
      result('a', 'A', { isError: true }),
      result('c', 'C'),
      result('b', 'B'),
    );
    expect(body['messages']).toEqual([
      { role: 'user', content: [{ type: 'text', text: 'Go' }] },
      { role: 'assistant', content: ['a', 'b', 'c'].map((id) => ({ type: 'tool_use', id, name: 'weather', input: {} })) },
      {
        role: 'user',
        content: [
          { type: 'tool_result', tool_use_id: 'c', content: [{ type: 'text', text: 'C' }] },
          { type: 'tool_result', tool_use_id: 'a', content: [{ type: 'text', text: 'A' }], is_error: true },
          { type: 'tool_result', tool_use_id: 'b', content: [{ type: 'text', text: 'B' }] },
          { type: 'text', text: 'And?' },
        ],
      },
    ]);
  });

  test('P3 thinking, redacted, text and two calls go back unchanged and in order', () => {
    const parts = [
      reasoning({ text: 'hmm', signature: 'EqQB' }),
      reasoning({ redacted: 'EmwK' }),
      reasoning({ signature: 'EmptyButSigned' }),
      textPart('Look:'),
      toolCallPart('a', 'weather', '{"city":"Oslo"}'),
      toolCallPart('b'),
    ];
    const { body, warnings } = conversation(message('USER', 'Go'), message('ASSISTANT', parts), result('a'), result('b'));
    expect(body).toMatchObject({
      messages: [
        {},
        {
          role: 'assistant',
          content: [
            { type: 'thinking', thinking: 'hmm', signature: 'EqQB' },
            { type: 'redacted_thinking', data: 'EmwK' },
            { type: 'thinking', thinking: '', signature: 'EmptyButSigned' },
            { type: 'text', text: 'Look:' },
            { type: 'tool_use', id: 'a', input: { city: 'Oslo' } },
            { type: 'tool_use', id: 'b' },
          ],
        },
        {},
      ],
    });
    expect(warnings).toEqual([]);
  });

  test('P3 what another vendor signed, or nobody, is left out and told', () => {
    const parts = [
      reasoning({ text: 'a' }),
      reasoning({ text: 'b', signature: 'rs_1:xyz' }),
      reasoning({ text: 'c', signature: 'gemini:q' }),
    ];
    const call = { ...toolCallPart('x'), signature: 'gemini-sig' } as Part;
    const { body, warnings } = conversation(message('USER', 'Go'), message('ASSISTANT', [...parts, call]), result('x'));
    expect(JSON.stringify(body)).not.toMatch(/xyz|gemini|"thinking"/);
    expect(warnings).toHaveLength(1);
  });

  test('P8 blanks are removed, and what is left stays valid', () => {
    const parts = [textPart(''), reasoning({ text: 'hm', signature: 's' }), toolCallPart('a')];
    const { body } = conversation(message('USER', 'Go'), message('ASSISTANT', parts), result('a', ''), message('USER', ' '));
    expect(JSON.stringify(body)).not.toMatch(/"text":"\s*"/);
    expect(body).toMatchObject({
      messages: [{}, { content: [{ type: 'thinking' }, { type: 'tool_use' }] }, { content: [{ type: 'tool_result' }] }],
    });
  });

  test('ids that other vendors made become harmless and unique, results with them', () => {
    const turn = [message('ASSISTANT', [toolCallPart('call.0')]), result('call.0')];
    const { body } = conversation(message('USER', 'Go'), ...turn, message('USER', 'Again'), ...turn);
    const text = JSON.stringify(body['messages']);
    expect(text.match(/call_0(_2)?/g)).toEqual(['call_0', 'call_0', 'call_0_2', 'call_0_2']);
  });

  test('P5 a result is opaque text', () => {
    const { body } = conversation(message('USER', 'Go'), message('ASSISTANT', [toolCallPart('a')]), result('a', '{"$ref":"#/x"}'));
    expect(body).toMatchObject({ messages: [{}, {}, { content: [{ content: [{ type: 'text', text: '{"$ref":"#/x"}' }] }] }] });
  });

  test.each([
    [
      { kind: 'image', media: media({ base64: 'iVBORw0KGgo=' }) },
      { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'iVBORw0KGgo=' } },
    ],
    [
      { kind: 'image', media: media({ url: 'https://x.test/a.png' }) },
      { type: 'image', source: { type: 'url', url: 'https://x.test/a.png' } },
    ],
    [
      { kind: 'document', media: media({ base64: 'JVBERi0=', name: 'a.pdf' }) },
      { type: 'document', source: { type: 'base64', media_type: 'application/pdf', data: 'JVBERi0=' }, title: 'a.pdf' },
    ],
    [
      { kind: 'document', media: media({ url: 'https://x.test/a.pdf' }) },
      { type: 'document', source: { type: 'url', url: 'https://x.test/a.pdf' } },
    ],
    [
      { kind: 'document', media: media({ base64: 'SGk=', mimeType: 'text/plain' }) },
      { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'Hi' } },
    ],
  ] as const)('%j', (part, expected) => {
    expect(conversation(message('USER', [part])).body['messages']).toEqual([{ role: 'user', content: [expected] }]);
  });

  test.each([
    { kind: 'audio', media: media({ base64: 'AAAA' }) },
    { kind: 'image', media: media({ base64: 'AAAA', mimeType: 'image/tiff' }) },
    { kind: 'document', media: media({ base64: 'AAAA', mimeType: 'application/zip' }) },
  ] as const)('P12 %j has no place and is refused', (part) => {
    expect(() => conversation(message('USER', [part]))).toThrow(Untranslatable);
  });
});

describe('reasoning', () => {
  const OLD = { upstreamModel: 'claude-haiku-4-5' };
  const NEW = { upstreamModel: 'claude-opus-5' };
  const asked = (effort: 'NONE' | 'MINIMAL' | 'LOW' | 'MEDIUM' | 'HIGH' | null, maxTokens: number | null = null) => ({
    reasoning: { effort, maxTokens },
  });

  test.each(['MINIMAL', 'LOW', 'MEDIUM', 'HIGH'] as const)('effort %s is a budget by the table', (effort) => {
    expect(bodyOf(asked(effort), { target: OLD })['thinking']).toEqual({ type: 'enabled', budget_tokens: THINKING_BUDGETS[effort] });
  });

  test('models that decide themselves take the effort, and no budget', () => {
    expect(bodyOf(asked('MINIMAL'), { target: NEW })).toMatchObject({ thinking: { type: 'adaptive' }, output_config: { effort: 'low' } });
    const { body, warnings } = request(asked(null, 20_000), { target: NEW });
    expect(body).toMatchObject({ thinking: { type: 'adaptive' }, output_config: { effort: 'high' } });
    expect(warnings).toEqual([expect.stringContaining('reasoning.maxTokens')]);
    expect(bodyOf(asked('NONE'), { target: NEW })['thinking']).toEqual({ type: 'disabled' });
  });

  test('P10 a deployment that refused one form gets the other', () => {
    expect(bodyOf(asked('LOW'), { target: OLD, refused: ['thinking'] })['thinking']).toEqual({ type: 'adaptive' });
    expect(bodyOf(asked('LOW'), { target: NEW, refused: ['thinking'] })['thinking']).toEqual({ type: 'enabled', budget_tokens: 2_048 });
    expect(bodyOf(asked('LOW'), { target: NEW, refused: ['effort'] })).not.toHaveProperty('output_config');
  });

  test('the budget keeps inside the cap, and has a least size', () => {
    expect(bodyOf({ ...asked(null, 9_000), maxOutputTokens: 2_000 }, { target: OLD })['thinking']).toMatchObject({ budget_tokens: 1_999 });
    expect(bodyOf(asked(null, 10), { target: OLD })['thinking']).toMatchObject({ budget_tokens: 1_024 });
    const { body, warnings } = request({ ...asked('LOW'), maxOutputTokens: 500 }, { target: OLD });
    expect(body).not.toHaveProperty('thinking');
    expect(warnings).toEqual([expect.stringContaining('reasoning')]);
  });

  test('what does not go with thinking is left out, and told', () => {
    const { body, warnings } = request({ ...asked('LOW'), temperature: 0.2, topP: 0.5 }, { target: OLD });
    expect(body).not.toHaveProperty('temperature');
    expect(body).not.toHaveProperty('top_p');
    expect(warnings).toHaveLength(2);
    const forced = request({ ...asked('LOW'), tools: [TOOL], toolChoice: { kind: 'mode', mode: 'REQUIRED' } }, { target: OLD });
    expect(forced.body).not.toHaveProperty('thinking');
    expect(forced.warnings).toEqual([expect.stringContaining('reasoning')]);
  });

  test('a turn that another vendor began goes on without thinking', () => {
    const messages = [message('USER', 'Go'), message('ASSISTANT', [toolCallPart('a')]), result('a')];
    expect(request({ ...asked('LOW'), messages }, { target: OLD })).toMatchObject({ warnings: [expect.stringContaining('reasoning')] });
  });
});

describe('structured output', () => {
  test('P4 the schema is closed and without what the vendor does not take, which is told', () => {
    const { body, warnings } = request({ responseFormat: SCHEMA });
    expect(body['output_config']).toEqual({
      format: { type: 'json_schema', schema: { type: 'object', properties: { n: { type: 'integer' } }, additionalProperties: false } },
    });
    expect(warnings).toEqual([expect.stringContaining('minimum at n')]);
  });

  test.each([
    ['a model that is known to have none', { target: { capabilities: new Set(['TOOLS'] as const) } }],
    ['a deployment that refused it', { refused: ['output_format'] }],
  ] as const)('%s answers through a tool', (_, given) => {
    const { body, warnings } = request({ responseFormat: SCHEMA }, given);
    expect(body).toMatchObject({
      tools: [{ name: 'glidepath_answer', input_schema: SCHEMA.schema }],
      tool_choice: { type: 'tool', name: 'glidepath_answer' },
    });
    expect(warnings).toHaveLength(1);
    expect(bodyOf({ responseFormat: SCHEMA, tools: [TOOL] }, given)).toMatchObject({ tool_choice: { type: 'any' } });
  });

  test('JSON without a schema is asked for in words', () => {
    expect(request({ responseFormat: { kind: 'json' } })).toMatchObject({
      body: { system: expect.stringContaining('JSON') },
      warnings: [expect.any(String)],
    });
  });
});
