import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { ChatCompletionCreateParamsBase } from 'openai/resources/chat/completions/completions';
import type { CompletionCall, Message, Part } from '../../../src/core/completion.js';
import { Secret } from '../../../src/core/secret.js';
import { Untranslatable } from '../../../src/providers/contract.js';
import type { ProviderTarget } from '../../../src/providers/contract.js';
import { toPlainBody } from '../../../src/providers/openai-chat/request.js';
import type { OpenAiChatBody } from '../../../src/providers/openai-chat/request.js';
import { makeCall, makeTarget, message, openAiChatApi, textPart, toolCallPart } from '../support.js';

/** Does not compile where our body is not one that the vendor's own types accept. */
const asVendorType = (body: OpenAiChatBody): ChatCompletionCreateParamsBase => body;

interface Given {
  readonly target?: Partial<ProviderTarget>;
  readonly stream?: boolean;
  readonly refused?: readonly string[];
}

function request(call: Partial<CompletionCall>, { target = {}, stream = false, refused = [] }: Given = {}) {
  return openAiChatApi().toRequest(makeCall(call), makeTarget(target), { stream, refusedParameters: new Set(refused) });
}

const bodyOf = (call: Partial<CompletionCall>, given?: Given) => request(call, given).body;
const messagesOf = (...messages: readonly Message[]) => bodyOf({ messages })['messages'];
const media = (fields: object) => ({ url: null, base64: null, mimeType: null, name: null, ...fields });

const TOOL = {
  name: 'weather',
  description: 'Tells it',
  parameters: { type: 'object', properties: { city: { type: 'string' } } },
  strict: true,
};

describe('the plain form', () => {
  test('a minimal call is a minimal body', () => {
    expect(request({})).toEqual({
      path: '/chat/completions',
      headers: {},
      body: { model: 'acme-large', messages: [{ role: 'user', content: 'Hello' }] },
      warnings: [],
    });
  });

  test('every parameter has its place', () => {
    const call = {
      tools: [TOOL, { name: 'clock', description: null, parameters: null, strict: null }],
      toolChoice: { kind: 'tool', name: 'clock' },
      parallelToolCalls: false,
      responseFormat: { kind: 'jsonSchema', name: 'answer', schema: { type: 'object' }, strict: true },
      reasoning: { effort: 'MINIMAL', maxTokens: null },
      maxOutputTokens: 100,
      temperature: 0,
      topP: 0.5,
      stop: ['END'],
      seed: 0,
      frequencyPenalty: -1,
      presencePenalty: 1,
      user: 'u-1',
    } as const satisfies Partial<CompletionCall>;
    const { body, warnings } = request(call, { stream: true });
    expect(warnings).toEqual([]);
    expect(body).toEqual({
      model: 'acme-large',
      messages: [{ role: 'user', content: 'Hello' }],
      stream: true,
      stream_options: { include_usage: true },
      tools: [
        { type: 'function', function: { name: 'weather', description: 'Tells it', parameters: TOOL.parameters, strict: true } },
        { type: 'function', function: { name: 'clock', parameters: { type: 'object', properties: {} } } },
      ],
      tool_choice: { type: 'function', function: { name: 'clock' } },
      parallel_tool_calls: false,
      response_format: { type: 'json_schema', json_schema: { name: 'answer', schema: { type: 'object' }, strict: true } },
      reasoning_effort: 'minimal',
      max_tokens: 100,
      temperature: 0,
      top_p: 0.5,
      stop: ['END'],
      seed: 0,
      frequency_penalty: -1,
      presence_penalty: 1,
      user: 'u-1',
    });
    const plain = toPlainBody(makeCall(call), { model: 'acme-large', messages: [{ role: 'user', content: 'Hello' }], stream: true });
    expect(asVendorType(plain)).toEqual(body);
  });

  test.each([
    ['AUTO', 'auto'],
    ['NONE', 'none'],
    ['REQUIRED', 'required'],
  ] as const)('tool choice %s', (mode, expected) => {
    expect(bodyOf({ tools: [TOOL], toolChoice: { kind: 'mode', mode } })['tool_choice']).toBe(expected);
  });

  test.each([
    [{ kind: 'text' }, { type: 'text' }],
    [{ kind: 'json' }, { type: 'json_object' }],
  ] as const)('response format %j', (responseFormat, expected) => {
    expect(bodyOf({ responseFormat })['response_format']).toEqual(expected);
  });

  test('a choice without tools is left out, and told', () => {
    const { body, warnings } = request({ toolChoice: { kind: 'mode', mode: 'NONE' }, parallelToolCalls: true });
    expect(Object.keys(body)).toEqual(['model', 'messages']);
    expect(warnings).toEqual([expect.stringContaining('toolChoice'), expect.stringContaining('parallelToolCalls')]);
  });

  test('the same call is the same bytes', () => {
    const call = { tools: [TOOL], temperature: 0.5, providerOptions: { acme: { b: 1, a: 2 } }, user: 'x' };
    expect(JSON.stringify(bodyOf(call))).toBe(JSON.stringify(bodyOf({ ...call })));
  });

  test('P12 no parameter is dropped in silence', () => {
    const given: Partial<CompletionCall> = {
      reasoning: { effort: 'LOW', maxTokens: 500 },
      maxOutputTokens: 10,
      temperature: 1,
      topP: 1,
      stop: ['x'],
      seed: 1,
      frequencyPenalty: 1,
      presencePenalty: 1,
      user: 'u',
    };
    for (const preset of [null, 'openai', 'azure-openai', 'mistral', 'deepseek', 'openrouter', 'groq', 'vllm']) {
      const { body, warnings } = request(given, { target: { preset } });
      const mapped = Object.keys(body).length - 2;
      expect(mapped + warnings.length).toBeGreaterThanOrEqual(preset === 'openrouter' ? 9 : 10);
    }
  });
});

describe('vendors’ differences', () => {
  test.each([
    ['openai', 'max_completion_tokens'],
    ['azure-openai', 'max_completion_tokens'],
    ['deepseek', 'max_tokens'],
    ['mistral', 'max_tokens'],
    [null, 'max_tokens'],
  ])('%s names the cap %s', (preset, field) => {
    expect(bodyOf({ maxOutputTokens: 9 }, { target: { preset } })).toMatchObject({ [field]: 9 });
  });

  test.each(['https://api.openai.com/v1', 'https://me.openai.azure.com/openai/v1'])('%s is known by its host', (baseUrl) => {
    expect(bodyOf({ maxOutputTokens: 9 }, { target: { baseUrl } })).toMatchObject({ max_completion_tokens: 9 });
  });

  test('the key goes into the vendor’s header, and nowhere else', () => {
    const apiKey = new Secret('sk-canary-1234567890');
    expect(request({}, { target: { apiKey } }).headers).toEqual({ authorization: 'Bearer sk-canary-1234567890' });
    const azure = request({}, { target: { apiKey, preset: 'azure-openai' } });
    expect(azure.headers).toEqual({ 'api-key': 'sk-canary-1234567890' });
    expect(JSON.stringify([azure.body, azure.path, azure.warnings])).not.toContain('canary');
  });

  test('mistral: other names, no stream options, and a user field left out with a word', () => {
    const { body, warnings } = request({ seed: 7, user: 'u' }, { target: { preset: 'mistral' }, stream: true });
    expect(body).toMatchObject({ random_seed: 7, stream: true });
    expect(body).not.toHaveProperty('stream_options');
    expect(body).not.toHaveProperty('user');
    expect(warnings).toEqual([expect.stringContaining('user was left out')]);
  });

  test('a reasoning budget goes where it is taken, and is told where it is not', () => {
    const reasoning = { effort: 'HIGH', maxTokens: 2000 } as const;
    expect(bodyOf({ reasoning }, { target: { preset: 'openrouter' } })['reasoning']).toEqual({ effort: 'high', max_tokens: 2000 });
    const plain = request({ reasoning });
    expect(plain.body).toMatchObject({ reasoning_effort: 'high' });
    expect(plain.warnings).toEqual([expect.stringContaining('reasoning.maxTokens')]);
  });

  test('system-only messages become a valid request', () => {
    const messages = [message('SYSTEM', 'Be brief.')];
    expect(bodyOf({ messages })['messages']).toEqual([{ role: 'system', content: 'Be brief.' }]);
    const strict = request({ messages }, { target: { preset: 'mistral' } });
    expect(strict.body['messages']).toEqual([{ role: 'user', content: 'Be brief.' }]);
    expect(strict.warnings).toHaveLength(1);
  });

  test('provider options join the top level last, the provider’s after the format’s, and other providers’ not at all', () => {
    const providerOptions = { OPENAI_CHAT: { top_k: 1, temperature: 0.1 }, acme: { top_k: 2 }, other: { x: 1 } };
    expect(bodyOf({ temperature: 1, providerOptions })).toMatchObject({ temperature: 0.1, top_k: 2 });
    expect(bodyOf({ providerOptions })).not.toHaveProperty('x');
  });
});

describe('P10 parameters that were refused before', () => {
  test('a cap goes by its other name', () => {
    expect(bodyOf({ maxOutputTokens: 9 }, { refused: ['max_tokens'] })).toMatchObject({ max_completion_tokens: 9 });
    expect(bodyOf({ maxOutputTokens: 9 }, { refused: ['max_completion_tokens'], target: { preset: 'openai' } })).toMatchObject({
      max_tokens: 9,
    });
  });

  test('others are left out, and told', () => {
    const { body, warnings } = request({ temperature: 0.2, topP: 0.1 }, { refused: ['temperature'] });
    expect(body).not.toHaveProperty('temperature');
    expect(body).toMatchObject({ top_p: 0.1 });
    expect(warnings).toEqual([expect.stringContaining('temperature')]);
  });

  test('S8 stream options are left out without a word', () => {
    const { body, warnings } = request({}, { refused: ['stream_options'], stream: true });
    expect(body).not.toHaveProperty('stream_options');
    expect(warnings).toEqual([]);
  });

  test('what makes the question stays', () => {
    expect(
      bodyOf({ tools: [TOOL], responseFormat: { kind: 'json' } }, { refused: ['tools', 'response_format', 'messages'] }),
    ).toMatchObject({
      tools: [expect.anything()],
      response_format: { type: 'json_object' },
      messages: [expect.anything()],
    });
  });
});

describe('messages', () => {
  test('system messages stay where they are; several texts stay parts', () => {
    expect(
      messagesOf(message('SYSTEM', 'a'), message('USER', [textPart('b'), textPart('c')]), message('SYSTEM', 'd'), message('USER', 'e')),
    ).toEqual([
      { role: 'system', content: 'a' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'b' },
          { type: 'text', text: 'c' },
        ],
      },
      { role: 'system', content: 'd' },
      { role: 'user', content: 'e' },
    ]);
  });

  test('media of every kind', () => {
    const parts: Part[] = [
      { kind: 'image', media: media({ url: 'https://x.test/a.png' }) },
      { kind: 'image', media: media({ base64: '/9j/AAAA' }) },
      { kind: 'image', media: media({ base64: 'AAAA', mimeType: 'image/webp' }) },
      { kind: 'audio', media: media({ base64: 'BBBB', mimeType: 'audio/mpeg' }) },
      { kind: 'document', media: media({ base64: 'JVBERiAA', name: 'a.pdf' }) },
    ];
    expect(messagesOf(message('USER', parts))).toEqual([
      {
        role: 'user',
        content: [
          { type: 'image_url', image_url: { url: 'https://x.test/a.png' } },
          { type: 'image_url', image_url: { url: 'data:image/jpeg;base64,/9j/AAAA' } },
          { type: 'image_url', image_url: { url: 'data:image/webp;base64,AAAA' } },
          { type: 'input_audio', input_audio: { data: 'BBBB', format: 'mp3' } },
          { type: 'file', file: { filename: 'a.pdf', file_data: 'data:application/pdf;base64,JVBERiAA' } },
        ],
      },
    ]);
  });

  test.each([
    ['audio', { url: 'https://x.test/a.wav' }],
    ['audio', { base64: 'A', mimeType: 'audio/flac' }],
    ['document', { url: 'https://x.test/a.pdf' }],
  ] as const)('%s of %j has no place, and is refused instead of lost', (kind, fields) => {
    expect(() => messagesOf(message('USER', [{ kind, media: media(fields) }]))).toThrow(Untranslatable);
  });

  test('P8 blanks are removed, and a call without text has null content', () => {
    const messages = [
      message('USER', 'go'),
      message('ASSISTANT', [
        textPart(''),
        { kind: 'reasoning', text: 'hm', redacted: null, signature: 'sig' },
        toolCallPart('a', 'weather', ''),
      ]),
      message('TOOL', 'ok', { toolCallId: 'a' }),
      message('USER', ' '),
    ];
    expect(messagesOf(...messages)).toEqual([
      { role: 'user', content: 'go' },
      { role: 'assistant', content: null, tool_calls: [{ id: 'a', type: 'function', function: { name: 'weather', arguments: '{}' } }] },
      { role: 'tool', tool_call_id: 'a', content: 'ok' },
    ]);
  });

  test('P3 signatures and redacted blocks are not sent to this format; reasoning is told to be left out', () => {
    const parts: Part[] = [
      { kind: 'reasoning', text: 'secret plan', redacted: null, signature: 'SIGNATURE' },
      { kind: 'reasoning', text: null, redacted: 'REDACTED', signature: null },
      { kind: 'text', text: 'Hi', signature: 'SIGNATURE' },
    ];
    const sent = request({ messages: [message('USER', 'q'), message('ASSISTANT', parts), message('USER', 'more')] });
    expect(JSON.stringify(sent.body)).not.toMatch(/SIGNATURE|REDACTED|secret plan/);
    expect(sent.warnings).toEqual([expect.stringContaining('Reasoning of earlier turns')]);
  });

  test('P14 a vendor that wants its reasoning back gets it within the turn, and only there', () => {
    const thought = (text: string): Part => ({ kind: 'reasoning', text, redacted: null, signature: null });
    const messages = [
      message('USER', 'first'),
      message('ASSISTANT', [thought('old'), textPart('done')]),
      message('USER', 'second'),
      message('ASSISTANT', [thought('new'), toolCallPart('a')]),
      message('TOOL', 'ok', { toolCallId: 'a' }),
    ];
    const sent = JSON.stringify(bodyOf({ messages }, { target: { preset: 'deepseek' } }));
    expect(sent).toContain('"reasoning_content":"new"');
    expect(sent).not.toContain('old');
  });

  test('P6 results follow their calls without a gap, in order, duplicates merged, and the rest behind them', () => {
    const result = (id: string, text: string) => message('TOOL', text, { toolCallId: id });
    const messages = [
      message('USER', 'go'),
      message('ASSISTANT', [toolCallPart('a'), toolCallPart('b'), toolCallPart('c')]),
      result('b', '2'),
      message('USER', 'hurry'),
      result('a', '1'),
      result('b', '2'),
      result('a', 'more'),
      result('c', '3'),
    ];
    expect(messagesOf(...messages)).toMatchObject([
      { role: 'user' },
      { role: 'assistant' },
      { role: 'tool', tool_call_id: 'b', content: '2' },
      { role: 'tool', tool_call_id: 'a', content: '1\nmore' },
      { role: 'tool', tool_call_id: 'c', content: '3' },
      { role: 'user', content: 'hurry' },
    ]);
  });

  test('P5 a result is opaque text, its failure is said, and its images follow the last result', () => {
    const image: Part = { kind: 'image', media: media({ url: 'https://x.test/a.png' }) };
    const messages = [
      message('ASSISTANT', [toolCallPart('a'), toolCallPart('b')]),
      message('TOOL', [textPart('{"$ref":"#/x"}'), image], { toolCallId: 'a' }),
      message('TOOL', 'no such city', { toolCallId: 'b', isError: true }),
    ];
    expect(messagesOf(...messages)).toMatchObject([
      { role: 'assistant' },
      { role: 'tool', content: '{"$ref":"#/x"}' },
      { role: 'tool', content: 'Error: no such city' },
      { role: 'user', content: [{ type: 'image_url' }] },
    ]);
  });

  test('the same call id in two turns is not a duplicate', () => {
    const turn = (text: string) => [message('ASSISTANT', [toolCallPart('call_0')]), message('TOOL', text, { toolCallId: 'call_0' })];
    expect(messagesOf(...turn('one'), ...turn('two'))).toMatchObject([
      { role: 'assistant' },
      { content: 'one' },
      { role: 'assistant' },
      { content: 'two' },
    ]);
  });

  test('whatever the conversation, every result stands right behind the calls it answers', () => {
    const ids = fc.constantFrom('a', 'b', 'c');
    const anyMessage = fc.oneof(
      fc.string().map((text) => message('USER', text)),
      fc.uniqueArray(ids, { minLength: 1 }).map((each) =>
        message(
          'ASSISTANT',
          each.map((id) => toolCallPart(id)),
        ),
      ),
      fc.tuple(ids, fc.string()).map(([id, text]) => message('TOOL', text, { toolCallId: id })),
    );
    fc.assert(
      fc.property(fc.array(anyMessage, { maxLength: 12 }), (tail) => {
        const sent = messagesOf(message('ASSISTANT', [toolCallPart('a')]), ...tail) as readonly { role: string }[];
        const roles = sent.map((each) => each.role);
        for (const [position, role] of roles.entries()) if (role === 'tool') expect(['assistant', 'tool']).toContain(roles[position - 1]);
      }),
    );
  });
});
