import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseCompletionInput } from '../../../src/inference/input/parse.js';
import type { RawCompletionInput, RawMessage, RawPart } from '../../../src/inference/input/raw.js';

const USER: RawMessage = { role: 'USER', text: 'Hello' };

/** Inputs as GraphQL hands them over, and such as it never would. */
function problemsOf(fields: object): readonly string[] {
  const raw: unknown = JSON.parse(JSON.stringify({ model: 'gpt', messages: [USER], ...fields }));
  const parsed = parseCompletionInput(raw as RawCompletionInput);
  return parsed.ok ? [] : (parsed.error.problems ?? []).map(({ path, message }) => `${path}: ${message}`);
}

function callOf(fields: Partial<RawCompletionInput>) {
  const parsed = parseCompletionInput({ model: 'gpt', messages: [USER], ...fields });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.error.problems));
  return parsed.value;
}

const call = (id: string, args = '{}'): RawPart => ({ toolCall: { id, name: 'f', arguments: args } });
const calls = (...ids: string[]): RawMessage => ({ role: 'ASSISTANT', parts: ids.map((id) => call(id)) });
const result = (toolCallId: string): RawMessage => ({ role: 'TOOL', text: 'done', toolCallId });
const one = (role: string, part: object) => ({ messages: [{ role, parts: [part] }] });
const tool = (name: string, parameters?: unknown) => ({ name, parameters });
const ONE_KIND = 'messages.0.parts.0: must be exactly one of text, image, audio, document, toolCall, reasoning';
const PIXEL = 'iVBORw0KGgo=';

describe('a whole call', () => {
  test('has every field, with what is not given null or empty', () => {
    expect(callOf({})).toEqual({
      model: 'gpt',
      messages: [{ role: 'USER', parts: [{ kind: 'text', text: 'Hello', signature: null }], toolCallId: null, isError: false }],
      ...{ tools: [], toolChoice: null, parallelToolCalls: null, responseFormat: null, reasoning: null, maxOutputTokens: null },
      ...{ temperature: null, topP: null, stop: [], seed: null, frequencyPenalty: null, presencePenalty: null, task: null },
      ...{
        maxCost: null,
        timeoutMs: null,
        onDisconnect: null,
        user: null,
        sessionId: null,
        tags: [],
        providerOptions: null,
        routing: null,
      },
    });
  });

  test('null is as good as absent', () => {
    const nulls = { tools: null, toolChoice: null, responseFormat: null, stop: null, tags: null, user: null, providerOptions: null };
    expect(callOf(nulls)).toEqual(callOf({}));
  });

  test('keeps every setting', () => {
    const settings: Partial<RawCompletionInput> = {
      ...{ temperature: 0.5, topP: 1, maxOutputTokens: 7, seed: -3, frequencyPenalty: -2, presencePenalty: 2, timeoutMs: 600_000 },
      ...{ user: 'u', sessionId: 's', task: 'CODE', onDisconnect: 'CONTINUE', stop: ['a', 'b'], tags: [{ key: 'k', value: '' }] },
      ...{ reasoning: { effort: 'HIGH', maxTokens: 9 }, providerOptions: { acme: { a: [1] } }, parallelToolCalls: false },
    };
    expect(callOf({ ...settings, tools: [{ name: 'f' }] })).toMatchObject(settings);
  });

  test('keeps parts in order, with signatures and redacted blocks', () => {
    const parts: RawPart[] = [
      { reasoning: { text: 'hm' }, signature: 's1' },
      { reasoning: { redacted: 'xx' } },
      { text: '', signature: 's2' },
      { ...call('a', ''), signature: 's3' },
    ];
    expect(callOf({ messages: [USER, { role: 'ASSISTANT', parts }, result('a')] }).messages[1]?.parts).toEqual([
      { kind: 'reasoning', text: 'hm', redacted: null, signature: 's1' },
      { kind: 'reasoning', text: null, redacted: 'xx', signature: null },
      { kind: 'text', text: '', signature: 's2' },
      { kind: 'toolCall', id: 'a', name: 'f', arguments: '{}', signature: 's3' },
    ]);
  });

  test('takes a URL as text or as the URL scalar makes it, and data URLs', () => {
    const media = (url: string | URL) => callOf({ messages: [{ role: 'USER', parts: [{ image: { url } }] }] }).messages[0]?.parts[0];
    expect(media(new URL('https://a.test/x.png'))).toEqual(media('https://a.test/x.png'));
    expect(media(`data:image/png;base64,${PIXEL}`)).toMatchObject({ media: { url: `data:image/png;base64,${PIXEL}` } });
  });

  test('a JSON schema is strict unless it says no; a tool without parameters takes none', () => {
    const jsonSchema = { name: 'answer', schema: { type: 'array' } };
    expect(callOf({ responseFormat: { jsonSchema } }).responseFormat).toEqual({ kind: 'jsonSchema', ...jsonSchema, strict: true });
    expect(callOf({ tools: [{ name: 'f' }] }).tools[0]?.parameters).toEqual({ type: 'object', properties: {} });
  });
});

describe('every problem is named with its path', () => {
  test.each<[string, object, readonly string[]]>([
    ['no model', { model: '' }, ['model: must not be empty']],
    ['a blank model', { model: '  ' }, ['model: must not be empty']],
    ['a long model', { model: 'm'.repeat(256) }, ['model: must have at most 255 characters']],
    ['no messages', { messages: [] }, ['messages: must not be empty']],
    ['a message without words', { messages: [{ role: 'USER' }] }, ['messages.0: needs either text or parts']],
    ['text and parts', { messages: [{ role: 'USER', text: 'a', parts: [{ text: 'b' }] }] }, ['messages.0: needs either text or parts']],
    ['empty parts', { messages: [{ role: 'USER', parts: [] }] }, ['messages.0.parts: must not be empty']],
    ['no role', { messages: [{ text: 'a' }] }, ['messages.0.role: is required']],
    ['a toolCallId elsewhere', { messages: [{ ...USER, toolCallId: 'x' }] }, ['messages.0.toolCallId: is only for role TOOL']],
    ['isError elsewhere', { messages: [{ ...USER, isError: false }] }, ['messages.0.isError: is only for role TOOL']],
    ['an empty part', one('USER', {}), [ONE_KIND]],
    ['a signature alone', one('USER', { signature: 's' }), [ONE_KIND]],
    ['two kinds', one('USER', { text: 'a', image: { url: 'https://a.test' } }), [ONE_KIND]],
    [
      'an image of the system',
      one('SYSTEM', { image: { url: 'https://a.test' } }),
      ['messages.0.parts.0.image: is not for messages of role SYSTEM'],
    ],
    ['a tool call of the user', one('USER', call('a')), ['messages.0.parts.0.toolCall: is not for messages of role USER']],
    [
      'a signature on an image',
      one('USER', { image: { url: 'https://a.test' }, signature: 's' }),
      ['messages.0.parts.0.signature: does not go with image'],
    ],
    ['no medium', one('USER', { image: {} }), ['messages.0.parts.0.image: needs either url or base64']],
    [
      'two media',
      one('USER', { image: { url: 'https://a.test', base64: PIXEL, mimeType: 'image/png' } }),
      ['messages.0.parts.0.image: needs either url or base64'],
    ],
    [
      'a file URL',
      { messages: [USER, USER, { role: 'USER', parts: [{ image: { url: 'file:///etc/passwd' } }] }] },
      ['messages.2.parts.0.image.url: must be an http, https or data URL'],
    ],
    ['base64 without a type', one('USER', { image: { base64: PIXEL } }), ['messages.0.parts.0.image.mimeType: is required with base64']],
    [
      'base64 that is none',
      one('USER', { audio: { base64: 'a-b', mimeType: 'audio/wav' } }),
      ['messages.0.parts.0.audio.base64: must be base64 (RFC 4648, with padding)'],
    ],
    [
      'sound as an image',
      one('USER', { image: { base64: PIXEL, mimeType: 'audio/wav' } }),
      ['messages.0.parts.0.image.mimeType: must begin with image/'],
    ],
    [
      'a cut-off call',
      { messages: [USER, { role: 'ASSISTANT', parts: [call('a', '{"x":')] }, result('a')] },
      ['messages.1.parts.0.toolCall.arguments: must be the JSON text of an object'],
    ],
    [
      'arguments that are a list',
      { messages: [USER, { role: 'ASSISTANT', parts: [call('a', '[]')] }, result('a')] },
      ['messages.1.parts.0.toolCall.arguments: must be the JSON text of an object'],
    ],
    ['empty reasoning', one('ASSISTANT', { reasoning: {} }), ['messages.0.parts.0.reasoning: needs text, redacted or a signature']],
    ['a bad tool name', { tools: [tool('a b')] }, ['tools.0.name: must match ^[A-Za-z0-9_-]{1,64}$']],
    ['two tools of a name', { tools: [tool('f'), tool('f')] }, ['tools.1.name: is the name of another tool: “f”']],
    ['parameters that are text', { tools: [tool('f', 'x')] }, ['tools.0.parameters: must be a JSON object']],
    [
      'parameters of a list',
      { tools: [tool('f', { type: 'array' })] },
      ['tools.0.parameters: must be the schema of an object (type: "object")'],
    ],
    ['a choice without tools', { toolChoice: { mode: 'AUTO' } }, ['toolChoice: needs tools']],
    ['an unknown choice', { tools: [tool('f')], toolChoice: { tool: 'g' } }, ['toolChoice.tool: is not among the tools: “g”']],
    ['two choices', { tools: [tool('f')], toolChoice: { tool: 'f', mode: 'AUTO' } }, ['toolChoice: must be exactly one of mode, tool']],
    ['parallel calls without tools', { parallelToolCalls: true }, ['parallelToolCalls: needs tools']],
    ['two formats', { responseFormat: { text: true, json: true } }, ['responseFormat: must be exactly one of text, json, jsonSchema']],
    ['a format of false', { responseFormat: { json: false } }, ['responseFormat.json: can only be true']],
    ['a schema without a name', { responseFormat: { jsonSchema: { schema: {} } } }, ['responseFormat.jsonSchema.name: is required']],
    ['a hot temperature', { temperature: 2.1 }, ['temperature: must be a number from 0 to 2']],
    ['a negative topP', { topP: -0.1 }, ['topP: must be a number from 0 to 1']],
    ['no output', { maxOutputTokens: 0 }, ['maxOutputTokens: must be a whole number from 1 on']],
    ['half a token', { maxOutputTokens: 1.5 }, ['maxOutputTokens: must be a whole number from 1 on']],
    ['a longer time than the default', { timeoutMs: 600_001 }, ['timeoutMs: must be a whole number from 1 to 600000']],
    ['a penalty of 3', { presencePenalty: 3 }, ['presencePenalty: must be a number from -2 to 2']],
    ['an empty stop', { stop: ['a', ''] }, ['stop.1: must be a text that is not empty']],
    ['17 stops', { stop: Array.from({ length: 17 }, () => 'a') }, ['stop: must have at most 16 entries']],
    [
      '21 tags',
      { tags: Array.from({ length: 21 }, (_, index) => ({ key: `${index}`, value: '' })) },
      ['tags: must have at most 20 entries'],
    ],
    [
      'two tags of a key',
      {
        tags: [
          { key: 'k', value: '1' },
          { key: 'k', value: '2' },
        ],
      },
      ['tags.1.key: is the key of another tag: “k”'],
    ],
    ['a long user', { user: 'u'.repeat(256) }, ['user: must have at most 255 characters']],
    ['a NUL in the model', { model: 'a\0' }, ['model: must not hold NUL bytes or lone surrogates']],
    ['a NUL in the user', { user: 'a\0' }, ['user: must not hold NUL bytes or lone surrogates']],
    ['a NUL in the session', { sessionId: '\0' }, ['sessionId: must not hold NUL bytes or lone surrogates']],
    [
      'a NUL in a tag',
      { tags: [{ key: 'k\0', value: '\0' }] },
      ['tags.0.key: must not hold NUL bytes or lone surrogates', 'tags.0.value: must not hold NUL bytes or lone surrogates'],
    ],
    ['half a surrogate pair', { user: '\ud83c' }, ['user: must not hold NUL bytes or lone surrogates']],
    ['options that are text', { providerOptions: 'x' }, ['providerOptions: must be a JSON object']],
    [
      'options of a provider that are text',
      { providerOptions: { acme: 'x' } },
      ['providerOptions: “acme” must be an object of body fields'],
    ],
  ])('%s', (_, fields, expected) => {
    expect(problemsOf(fields)).toEqual(expected);
  });

  test('all of them at once', () => {
    const many = problemsOf({ model: '', temperature: 9, messages: [{ role: 'USER' }, { role: 'TOOL', text: 'x' }], user: '' });
    expect(many.map((line) => line.split(':')[0])).toEqual(['model', 'messages.0', 'messages.1.toolCallId', 'temperature', 'user']);
  });

  test('but no more than a hundred', () => {
    expect(problemsOf({ messages: Array.from({ length: 500 }, () => ({ role: 'USER' })) })).toHaveLength(100);
  });
});

describe('tool calls and their answers', () => {
  test.each<[string, readonly RawMessage[]]>([
    ['in any order', [USER, calls('a', 'b', 'c'), result('c'), result('a'), result('b'), USER]],
    ['with words in between', [USER, calls('a', 'b'), result('b'), USER, result('a')]],
    ['twice', [USER, calls('a'), result('a'), result('a')]],
    ['the same id in a later turn', [USER, calls('a'), result('a'), calls('a'), result('a')]],
  ])('%s are fine', (_, messages) => {
    expect(problemsOf({ messages })).toEqual([]);
  });

  test.each<[string, readonly RawMessage[], readonly string[]]>([
    [
      'an answer without its call',
      [USER, result('x')],
      ['messages.1.toolCallId: answers no tool call of the assistant’s turn before it: “x”'],
    ],
    [
      'an answer that comes a turn late',
      [USER, calls('a'), result('a'), { role: 'ASSISTANT', text: 'so' }, result('a')],
      ['messages.4.toolCallId: answers no tool call of the assistant’s turn before it: “a”'],
    ],
    [
      'P7 a call without its answer',
      [USER, calls('a', 'b'), result('a'), USER],
      ['messages.1.parts.1.toolCall.id: has no answer (role TOOL) before the assistant’s next turn: “b”'],
    ],
    [
      'P7 a call at the very end',
      [USER, calls('a')],
      ['messages.1.parts.0.toolCall.id: has no answer (role TOOL) before the assistant’s next turn: “a”'],
    ],
    [
      'two calls of one id',
      [USER, calls('a', 'a'), result('a')],
      ['messages.1.parts.1.toolCall.id: is the id of another call of this turn: “a”'],
    ],
  ])('%s', (_, messages, expected) => {
    expect(problemsOf({ messages })).toEqual(expected);
  });
});

describe('nonsense', () => {
  test('whatever it is given, it answers and never throws', () => {
    fc.assert(
      fc.property(fc.anything(), (raw) => {
        expect(typeof parseCompletionInput(raw as RawCompletionInput).ok).toBe('boolean');
      }),
    );
  });

  const names = [
    'model',
    'messages',
    'tools',
    'toolChoice',
    'responseFormat',
    'reasoning',
    'stop',
    'seed',
    'tags',
    'providerOptions',
    'user',
  ];
  const inner = [
    'role',
    'text',
    'parts',
    'toolCallId',
    'image',
    'toolCall',
    'id',
    'arguments',
    'name',
    'parameters',
    'jsonSchema',
    'schema',
    'key',
  ];

  test('nor for objects that are almost inputs', () => {
    const almost = fc.letrec((tie) => ({
      node: fc.oneof(
        { depthSize: 'small' },
        fc.constantFrom('USER', 'ASSISTANT', 'TOOL', 'f', '', '\0', 1, null, true),
        fc.array(tie('node'), { maxLength: 3 }),
        fc.dictionary(fc.constantFrom(...inner), tie('node'), { maxKeys: 5 }),
      ),
    })).node;
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...names), almost), (raw) => {
        const parsed = parseCompletionInput(raw as unknown as RawCompletionInput);
        if (!parsed.ok) for (const { path } of parsed.error.problems ?? []) expect(path).toMatch(/^[A-Za-z0-9]+(\.[A-Za-z0-9]+)*$/);
      }),
      { numRuns: 500 },
    );
  });

  test('a very deep object is refused, and exhausts nothing', () => {
    let deep: object = {};
    for (let depth = 0; depth < 50_000; depth += 1) deep = { deep };
    const parsed = parseCompletionInput({ model: 'gpt', messages: [USER], providerOptions: { acme: deep as Record<string, never> } });
    expect(parsed).toMatchObject({
      ok: false,
      error: { problems: [{ path: 'providerOptions', message: 'must be nested at most 64 deep' }] },
    });
  });
});
