import { describe, expect, test } from '@jest/globals';
import type { GenerateContentParameters, GenerationConfig as VendorConfig } from '@google/genai';
import type { CompletionCall, Message, Part } from '../../../src/core/completion.js';
import type { JsonValue } from '../../../src/core/json.js';
import { Secret } from '../../../src/core/secret.js';
import { Untranslatable } from '../../../src/providers/contract.js';
import type { ProviderTarget } from '../../../src/providers/contract.js';
import { THINKING_BUDGETS, toGeminiBody } from '../../../src/providers/gemini/request.js';
import type { GeminiBody } from '../../../src/providers/gemini/request.js';
import { chatApi, makeCall, makeTarget, message, textPart, toolCallPart } from '../support.js';

/** The vendor's types with words where they have enums, as they stand in JSON; schemas are checked below. */
type Plain<T> = T extends string
  ? `${T}`
  : T extends readonly (infer U)[]
    ? Plain<U>[]
    : T extends object
      ? { [K in keyof T]: Plain<T[K]> }
      : T;
type VendorSampling = Plain<Omit<VendorConfig, 'responseSchema' | 'responseFormat'>>;
type VendorContents = Exclude<GenerateContentParameters['contents'], string>;

/** Do not compile where our body is not one that the vendor's own types accept. */
const asVendorConfig = ({ responseSchema: _, ...config }: NonNullable<GeminiBody['generationConfig']>): VendorSampling => config;
const asVendorContents = (contents: GeminiBody['contents']): VendorContents => contents;

interface Given {
  readonly target?: Partial<ProviderTarget>;
  readonly stream?: boolean;
  readonly refused?: readonly string[];
}

function request(call: Partial<CompletionCall>, { target = {}, stream = false, refused = [] }: Given = {}) {
  const whole = makeTarget({ wireFormat: 'GEMINI', upstreamModel: 'gemini-2.5-pro', ...target });
  return chatApi('GEMINI').toRequest(makeCall(call), whole, { stream, refusedParameters: new Set(refused) });
}

const bodyOf = (call: Partial<CompletionCall>, given?: Given) => request(call, given).body;
const media = (fields: object) => ({ url: null, base64: null, mimeType: null, name: null, ...fields });
const result = (id: string, text = 'ok', extra: Partial<Message> = {}) => message('TOOL', text, { toolCallId: id, ...extra });
const tool = (parameters: JsonValue, strict: boolean | null = null) => ({ name: 'weather', description: null, parameters, strict });
const PLAIN = { type: 'object', properties: { city: { type: 'string' } } };

/** The schema as it is sent, and the words about what it lost. */
function reduced(parameters: JsonValue) {
  const { body, warnings } = request({ tools: [tool(parameters)] });
  const [declared] = (body as unknown as GeminiBody).tools ?? [];
  return { schema: declared?.functionDeclarations[0]?.parameters, warnings: warnings.join('\n') };
}

describe('the body', () => {
  test('K4 a minimal call is a minimal body, and the key travels in a header', () => {
    expect(request({}, { target: { apiKey: new Secret('AIza-1') } })).toEqual({
      path: '/models/gemini-2.5-pro:generateContent',
      headers: { 'x-goog-api-key': 'AIza-1' },
      body: { contents: [{ role: 'user', parts: [{ text: 'Hello' }] }] },
      warnings: [],
    });
    expect(request({}, { stream: true, target: { upstreamModel: 'models/a b' } }).path).toBe('/models/a%20b:streamGenerateContent?alt=sse');
  });

  test('every parameter has its place, in a body that the vendor’s types accept', () => {
    const call = {
      tools: [tool(PLAIN)],
      toolChoice: { kind: 'tool', name: 'weather' },
      responseFormat: { kind: 'jsonSchema', name: 'a', schema: PLAIN, strict: true },
      reasoning: { effort: 'LOW', maxTokens: null },
      maxOutputTokens: 100,
      temperature: 0,
      topP: 0.5,
      stop: ['END'],
      seed: 0,
      frequencyPenalty: -1,
      presencePenalty: 1,
    } as const satisfies Partial<CompletionCall>;
    const warnings: string[] = [];
    const body = toGeminiBody(makeCall(call), makeTarget({ wireFormat: 'GEMINI' }), warnings);
    expect(warnings).toEqual([]);
    expect(asVendorContents(body.contents)).toEqual([{ role: 'user', parts: [{ text: 'Hello' }] }]);
    expect(asVendorConfig(body.generationConfig ?? {})).toEqual({
      responseMimeType: 'application/json',
      thinkingConfig: { includeThoughts: true, thinkingBudget: 1_024 },
      maxOutputTokens: 100,
      temperature: 0,
      topP: 0.5,
      stopSequences: ['END'],
      seed: 0,
      frequencyPenalty: -1,
      presencePenalty: 1,
    });
    expect(body).toMatchObject({
      tools: [{ functionDeclarations: [{ name: 'weather', parameters: PLAIN }] }],
      toolConfig: { functionCallingConfig: { mode: 'ANY', allowedFunctionNames: ['weather'] } },
      generationConfig: { responseSchema: PLAIN },
    });
  });

  test('P12 what has no place is told', () => {
    const { warnings } = request({ user: 'u', parallelToolCalls: false, toolChoice: { kind: 'mode', mode: 'AUTO' } });
    for (const name of ['user', 'parallelToolCalls', 'toolChoice']) expect(warnings.join()).toContain(name);
    expect(request({ tools: [tool(PLAIN, true)] }).warnings).toEqual([expect.stringContaining('strict')]);
  });

  test('P10 what a deployment refused before is left out, and told', () => {
    const { body, warnings } = request({ frequencyPenalty: 1, presencePenalty: 1, topP: 0.5 }, { refused: ['penalties'] });
    expect(body['generationConfig']).toEqual({ topP: 0.5 });
    expect(warnings).toHaveLength(2);
    expect(bodyOf({ seed: 1 }, { refused: ['seed'] })).not.toHaveProperty('generationConfig');
  });

  test('C24 the same call is the same bytes, and the caller’s own fields win', () => {
    const call = { tools: [tool(PLAIN)], providerOptions: { GEMINI: { safetySettings: [] }, acme: { labels: { a: 'b' } } } };
    expect(JSON.stringify(bodyOf(call))).toBe(JSON.stringify(bodyOf({ ...call })));
    expect(bodyOf(call)).toMatchObject({ safetySettings: [], labels: { a: 'b' } });
  });

  test.each(['NONE', 'MINIMAL', 'LOW', 'MEDIUM', 'HIGH'] as const)(
    'reasoning effort %s is a budget, or a level for newer models',
    (effort) => {
      const config = (upstreamModel: string) =>
        bodyOf({ reasoning: { effort, maxTokens: null } }, { target: { upstreamModel } })['generationConfig'];
      expect(config('gemini-2.5-flash')).toMatchObject({ thinkingConfig: { thinkingBudget: THINKING_BUDGETS[effort] } });
      expect(config('gemini-3.5-flash')).toMatchObject({ thinkingConfig: { thinkingLevel: effort === 'NONE' ? 'MINIMAL' : effort } });
    },
  );

  test('a reasoning budget is passed on', () => {
    expect(bodyOf({ reasoning: { effort: null, maxTokens: 77 } }, { target: { upstreamModel: 'gemini-3.5-flash' } })).toMatchObject({
      generationConfig: { thinkingConfig: { thinkingBudget: 77 } },
    });
  });
});

describe('P4 schemas', () => {
  test('an integer above 0 is at least 1; const and null among types have equals', () => {
    const { schema, warnings } = reduced({
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      type: 'object',
      properties: {
        n: { type: 'integer', exclusiveMinimum: 0, exclusiveMaximum: 10 },
        kind: { const: 'fixed' },
        note: { type: ['string', 'null'], examples: ['x'] },
        maybe: { anyOf: [{ type: 'number' }, { type: 'null' }], description: 'D' },
        ref: { $ref: '#/$defs/city' },
        all: { allOf: [{ $ref: '#/$defs/city' }, { maxLength: 5 }] },
      },
      required: ['n', 'gone'],
      $defs: { city: { type: 'string', minLength: 2 } },
    });
    expect(schema).toEqual({
      type: 'object',
      properties: {
        n: { type: 'integer', minimum: 1, maximum: 9 },
        kind: { type: 'string', enum: ['fixed'] },
        note: { type: 'string', nullable: true, example: 'x' },
        maybe: { type: 'number', description: 'D', nullable: true },
        ref: { type: 'string', minLength: 2 },
        all: { type: 'string', minLength: 2, maxLength: 5 },
      },
      required: ['n'],
    });
    expect(warnings).toBe('');
  });

  test('what has no equal is left out, and told with its place', () => {
    const { schema, warnings } = reduced({
      type: 'object',
      additionalProperties: false,
      properties: {
        price: { type: 'number', multipleOf: 0.01, exclusiveMinimum: 0 },
        site: { type: 'string', format: 'uri' },
        one: { oneOf: [{ type: 'string' }, { type: 'integer' }] },
        list: { type: 'array' },
        codes: { enum: [1, 2] },
      },
    });
    expect(schema).toEqual({
      type: 'object',
      properties: {
        price: { type: 'number', minimum: 0 },
        site: { type: 'string' },
        one: { anyOf: [{ type: 'string' }, { type: 'integer' }] },
        list: { type: 'array', items: { type: 'string' } },
        codes: {},
      },
    });
    for (const word of [
      'additionalProperties',
      'multipleOf at price',
      'exclusiveMinimum at price',
      'format uri at site',
      'enum [1,2] at codes',
    ])
      expect(warnings).toContain(word);
  });

  test('a recursive reference is unrolled and then left open', () => {
    const node = { type: 'object', properties: { child: { $ref: '#/$defs/node' } } };
    const { schema, warnings } = reduced({ $ref: '#/$defs/node', $defs: { node } });
    expect(JSON.stringify(schema)).not.toContain('$');
    expect(schema).toMatchObject({ properties: { child: { properties: { child: { type: 'object' } } } } });
    expect(warnings).toContain('recursion');
  });

  test('references that would never end are refused', () => {
    const wide = Object.fromEntries(Array.from({ length: 200 }, (_, n) => [`p${String(n)}`, { $ref: '#' }]));
    expect(() => reduced({ type: 'object', properties: wide })).toThrow(Untranslatable);
  });

  test('a tool without parameters says nothing of them', () => {
    expect(reduced(null).schema).toBeUndefined();
    expect(reduced({ type: 'object', properties: {} }).schema).toBeUndefined();
  });
});

describe('the conversation', () => {
  const conversation = (messages: readonly Message[], upstreamModel = 'gemini-2.5-pro') =>
    request({ messages }, { target: { upstreamModel } });
  const signedCall = (id: string, signature: string | null): Part => ({
    kind: 'toolCall',
    id,
    name: 'weather',
    arguments: '{"city":"Oslo"}',
    signature,
  });

  test('P1 signatures go back where they came from, on calls, texts and thoughts', () => {
    const parts: readonly Part[] = [
      { kind: 'reasoning', text: 'hm', redacted: null, signature: 'gemini:t' },
      { kind: 'text', text: 'Well', signature: 's' },
      signedCall('a', 'c'),
      signedCall('b', null),
    ];
    const { body, warnings } = conversation(
      [message('USER', 'Go'), message('ASSISTANT', parts), result('a'), result('b')],
      'gemini-3.5-flash',
    );
    expect(body['contents']).toMatchObject([
      {},
      {
        role: 'model',
        parts: [
          { text: 'hm', thought: true, thoughtSignature: 't' },
          { text: 'Well', thoughtSignature: 's' },
          { functionCall: { name: 'weather', args: { city: 'Oslo' } }, thoughtSignature: 'c' },
          { functionCall: { id: 'b', name: 'weather', args: { city: 'Oslo' } } },
        ],
      },
      {},
    ]);
    expect(JSON.stringify(body).match(/thoughtSignature/g)).toHaveLength(3);
    expect(warnings).toEqual([]);
  });

  test('P1 a call of the current turn from elsewhere says that it has no signature, to models that want one', () => {
    const messages = [
      message('USER', 'Go'),
      message('ASSISTANT', [signedCall('a', null), signedCall('b', null)]),
      result('a'),
      result('b'),
    ];
    expect(JSON.stringify(conversation(messages, 'gemini-3.5-flash').body).match(/skip_thought_signature_validator/g)).toHaveLength(1);
    expect(JSON.stringify(conversation(messages).body)).not.toContain('thoughtSignature');
    expect(JSON.stringify(conversation([...messages, message('USER', 'Next')], 'gemini-3.5-flash').body)).not.toContain('thoughtSignature');
  });

  test('P3 reasoning that others signed is left out, and told', () => {
    const foreign: Part = { kind: 'reasoning', text: 'secret', redacted: null, signature: 'EqQB' };
    const { body, warnings } = conversation([
      message('USER', 'Go'),
      message('ASSISTANT', [foreign, textPart('Hi')]),
      message('USER', 'On'),
    ]);
    expect(JSON.stringify(body)).not.toMatch(/EqQB|secret/);
    expect(warnings).toHaveLength(1);
  });

  test('P5 P6 results stand alone, in the order of the calls, each once, as opaque text under the call’s name', () => {
    const { body } = conversation([
      message('USER', 'Go'),
      message('ASSISTANT', [toolCallPart('a', 'one'), toolCallPart('b', 'two'), toolCallPart('c', 'three')]),
      result('c', '{"$ref":"#/x"}'),
      message('USER', 'And?'),
      result('a', 'A', { isError: true }),
      result('c', '{"$ref":"#/x"}'),
      result('b', 'B'),
    ]);
    expect(body['contents']).toEqual([
      { role: 'user', parts: [{ text: 'Go' }] },
      { role: 'model', parts: ['one', 'two', 'three'].map((name, n) => ({ functionCall: { id: 'abc'[n], name, args: {} } })) },
      {
        role: 'user',
        parts: [
          { functionResponse: { id: 'a', name: 'one', response: { error: 'A' } } },
          { functionResponse: { id: 'b', name: 'two', response: { output: 'B' } } },
          { functionResponse: { id: 'c', name: 'three', response: { output: '{"$ref":"#/x"}' } } },
        ],
      },
      { role: 'user', parts: [{ text: 'And?' }] },
    ]);
  });

  test('system messages anywhere become the instruction; alone they become a valid request', () => {
    const { body, warnings } = conversation([message('SYSTEM', 'A'), message('USER', 'Hi'), message('SYSTEM', 'B')]);
    expect(body).toEqual({
      systemInstruction: { parts: [{ text: 'A' }, { text: 'B' }] },
      contents: [{ role: 'user', parts: [{ text: 'Hi' }] }],
    });
    expect(warnings).toHaveLength(1);
    expect(conversation([message('SYSTEM', 'A')]).body).toEqual({ contents: [{ role: 'user', parts: [{ text: 'A' }] }] });
  });

  test('P8 blanks are removed, sides alternate, the user begins', () => {
    const { body } = conversation([
      message('ASSISTANT', 'Hi'),
      message('USER', ' '),
      message('ASSISTANT', [textPart(''), textPart('there')]),
    ]);
    expect(body['contents']).toEqual([
      { role: 'user', parts: [{ text: '…' }] },
      { role: 'model', parts: [{ text: 'Hi' }, { text: 'there' }] },
    ]);
  });

  test.each([
    ['image', media({ base64: 'iVBORw0KGgo=' }), { inlineData: { mimeType: 'image/png', data: 'iVBORw0KGgo=' } }],
    ['audio', media({ base64: 'AAAA', mimeType: 'audio/mp3' }), { inlineData: { mimeType: 'audio/mp3', data: 'AAAA' } }],
    [
      'document',
      media({ url: 'https://x.test/a.pdf', mimeType: 'application/pdf' }),
      { fileData: { fileUri: 'https://x.test/a.pdf', mimeType: 'application/pdf' } },
    ],
  ] as const)('%s %j', (kind, given, expected) => {
    expect(conversation([message('USER', [{ kind, media: given }])]).body['contents']).toEqual([{ role: 'user', parts: [expected] }]);
  });
});
