import { describe, expect, test } from '@jest/globals';
import type { ConverseRequest } from '@aws-sdk/client-bedrock-runtime';
import type { CompletionCall, Message, Part } from '../../../src/core/completion.js';
import { Secret } from '../../../src/core/secret.js';
import { toConverseBody } from '../../../src/providers/bedrock/request.js';
import type { ConverseBody } from '../../../src/providers/bedrock/request.js';
import { Untranslatable } from '../../../src/providers/contract.js';
import type { ProviderTarget } from '../../../src/providers/contract.js';
import { chatApi, makeCall, makeTarget, message, textPart, toolCallPart } from '../support.js';

/** Our body with bytes where JSON holds their base64, and with the vendor's own word for free JSON. */
type InVendorWords<T> = T extends readonly (infer Each)[]
  ? InVendorWords<Each>[]
  : T extends object
    ? { [K in keyof T]: K extends 'bytes' | 'redactedContent' ? Uint8Array : K extends 'input' | 'json' ? VendorJson : InVendorWords<T[K]> }
    : T;
type VendorJson = NonNullable<ConverseRequest['additionalModelRequestFields']>;
type IsOneOf<T extends Whole, Whole> = T extends Whole ? true : never;

/** Does not compile where our body is not one that the vendor's own types accept. */
const ACCEPTED: IsOneOf<InVendorWords<Omit<ConverseBody, 'additionalModelRequestFields'>>, Omit<ConverseRequest, 'modelId'>> = true;

const CLAUDE = 'anthropic.claude-sonnet-4-5-20250929-v1:0';
const NOVA = 'us.amazon.nova-2-lite-v1:0';

interface Given {
  readonly target?: Partial<ProviderTarget>;
  readonly stream?: boolean;
  readonly refused?: readonly string[];
}

function request(call: Partial<CompletionCall>, { target = {}, stream = false, refused = [] }: Given = {}) {
  const whole = makeTarget({ wireFormat: 'BEDROCK_CONVERSE', upstreamModel: CLAUDE, ...target });
  return chatApi('BEDROCK_CONVERSE').toRequest(makeCall(call), whole, { stream, refusedParameters: new Set(refused) });
}

const bodyOf = (call: Partial<CompletionCall>, given?: Given) => request(call, given).body;
const on = (upstreamModel: string): Given => ({ target: { upstreamModel } });
const media = (fields: object) => ({ url: null, base64: null, mimeType: null, name: null, ...fields });
const thought = (fields: object): Part => ({ kind: 'reasoning', text: null, redacted: null, signature: null, ...fields });
const result = (id: string, text = 'ok', extra: Partial<Message> = {}) => message('TOOL', text, { toolCallId: id, ...extra });
const SCHEMA = { type: 'object', properties: { city: { type: 'string' } } };
const TOOL = { name: 'weather', description: 'Tells it', parameters: SCHEMA, strict: null };
const FORMAT = { kind: 'jsonSchema', name: 'place', schema: SCHEMA, strict: true } as const;

describe('the body', () => {
  test('a minimal call is a minimal body, its model in the path, its key as a bearer', () => {
    expect(request({}, { target: { apiKey: new Secret('bedrock-key') } })).toEqual({
      path: '/model/anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse',
      headers: { authorization: 'Bearer bedrock-key' },
      body: { messages: [{ role: 'user', content: [{ text: 'Hello' }] }] },
      warnings: [],
    });
    const arn = 'arn:aws:bedrock:eu-central-1:123456789012:application-inference-profile/abc';
    expect(request({}, { stream: true, target: { upstreamModel: arn } })).toMatchObject({
      path: `/model/${encodeURIComponent(arn)}/converse-stream`,
      headers: { accept: 'application/vnd.amazon.eventstream' },
    });
  });

  test('every parameter has its place, in a body that the vendor’s types accept', () => {
    const call = {
      messages: [
        message('SYSTEM', [{ ...textPart('Be brief.'), promptCache: 'ONE_HOUR' }]),
        message('USER', [textPart('Look'), { kind: 'image', media: media({ base64: 'iVBORw0KGgo=' }), promptCache: 'FIVE_MINUTES' }]),
        message('ASSISTANT', [thought({ text: 'hm', signature: 'EqQB' }), toolCallPart('a')]),
        result('a'),
        message('USER', [
          { kind: 'document', media: media({ base64: 'JVBERi0=', name: 'a/b.pdf' }) },
          { kind: 'audio', media: media({ base64: 'AAAA' }) },
        ]),
      ],
      tools: [TOOL],
      toolChoice: { kind: 'tool', name: 'weather' },
      responseFormat: FORMAT,
      maxOutputTokens: 100,
      temperature: 0,
      topP: 0.5,
      stop: ['END'],
    } as const satisfies Partial<CompletionCall>;
    const warnings: string[] = [];
    const target = makeTarget({ wireFormat: 'BEDROCK_CONVERSE', upstreamModel: CLAUDE });
    const body = toConverseBody(makeCall(call), target, { refused: new Set(), warnings });
    expect(ACCEPTED).toBe(true);
    expect(warnings).toEqual([]);
    expect(body).toEqual({
      system: [{ text: 'Be brief.' }, { cachePoint: { type: 'default', ttl: '1h' } }],
      messages: [
        {
          role: 'user',
          content: [{ text: 'Look' }, { image: { format: 'png', source: { bytes: 'iVBORw0KGgo=' } } }, { cachePoint: { type: 'default' } }],
        },
        {
          role: 'assistant',
          content: [
            { reasoningContent: { reasoningText: { text: 'hm', signature: 'EqQB' } } },
            { toolUse: { toolUseId: 'a', name: 'weather', input: {} } },
          ],
        },
        {
          role: 'user',
          content: [
            { toolResult: { toolUseId: 'a', content: [{ text: 'ok' }] } },
            { document: { format: 'pdf', name: 'a b pdf', source: { bytes: 'JVBERi0=' } } },
            { audio: { format: 'wav', source: { bytes: 'AAAA' } } },
            { text: '…' },
          ],
        },
      ],
      toolConfig: {
        tools: [{ toolSpec: { name: 'weather', description: 'Tells it', inputSchema: { json: SCHEMA } } }],
        toolChoice: { tool: { name: 'weather' } },
      },
      inferenceConfig: { maxTokens: 100, temperature: 0, topP: 0.5, stopSequences: ['END'] },
      outputConfig: {
        textFormat: {
          type: 'json_schema',
          structure: { jsonSchema: { name: 'place', schema: JSON.stringify({ ...SCHEMA, additionalProperties: false }) } },
        },
      },
    });
  });

  test('P11 fields of other vendors’ forms are told and left out; what the model takes besides goes where it belongs', () => {
    const providerOptions = {
      BEDROCK_CONVERSE: { prompt_cache_key: 'k', tools: [{ type: 'web_search' }], serviceTier: { type: 'priority' } },
      acme: { additionalModelRequestFields: { top_k: 5 }, guardrailConfig: { guardrailIdentifier: 'g', guardrailVersion: '1' } },
    };
    const { body, warnings } = request({ providerOptions, reasoning: { effort: null, maxTokens: 2_048 }, maxOutputTokens: 9_000 });
    expect(body).toMatchObject({
      serviceTier: { type: 'priority' },
      guardrailConfig: { guardrailIdentifier: 'g' },
      additionalModelRequestFields: { thinking: { type: 'enabled', budget_tokens: 2_048 }, top_k: 5 },
    });
    expect(Object.keys(body)).not.toContain('prompt_cache_key');
    expect(Object.keys(body)).not.toContain('tools');
    expect(warnings).toEqual([expect.stringContaining('prompt_cache_key'), expect.stringContaining('tools')]);
  });

  test('a temperature above the vendor’s range is told', () => {
    const { body, warnings } = request({ temperature: 1.7 });
    expect(body['inferenceConfig']).toEqual({ temperature: 1 });
    expect(warnings).toEqual([expect.stringContaining('temperature')]);
  });

  test('P10 what a deployment refused before is left out, and told', () => {
    const { body, warnings } = request({ temperature: 0.5, topP: 0.9 }, { refused: ['topP'] });
    expect(body['inferenceConfig']).toEqual({ temperature: 0.5 });
    expect(warnings).toEqual([expect.stringContaining('topP')]);
  });
});

describe('reasoning', () => {
  const reasoning = { effort: 'HIGH', maxTokens: null } as const;

  test.each<[string, string, object]>([
    ['a Claude with a budget', CLAUDE, { additionalModelRequestFields: { thinking: { type: 'enabled', budget_tokens: 16_384 } } }],
    [
      'a Claude that decides',
      'anthropic.claude-opus-4-6-v1',
      { additionalModelRequestFields: { thinking: { type: 'adaptive' } }, outputConfig: { effort: 'high' } },
    ],
    ['a Nova', NOVA, { additionalModelRequestFields: { reasoningConfig: { type: 'enabled', maxReasoningEffort: 'high' } } }],
    ['an open model of OpenAI’s', 'openai.gpt-oss-120b-1:0', { additionalModelRequestFields: { reasoning_effort: 'high' } }],
  ])('%s is told in its maker’s words', (_, upstreamModel, expected) => {
    expect(request({ reasoning, maxOutputTokens: 20_000 }, on(upstreamModel))).toMatchObject({ body: expected, warnings: [] });
  });

  test('a model that takes none of it leaves a warning', () => {
    const { body, warnings } = request({ reasoning }, on('meta.llama4-scout-17b-instruct-v1:0'));
    expect(body['additionalModelRequestFields']).toBeUndefined();
    expect(warnings).toEqual([expect.stringContaining('reasoning')]);
  });

  test('F11 an opaque profile’s model is known by the model’s own slug, not by what the caller wrote', () => {
    const arn = 'arn:aws:bedrock:eu-central-1:123456789012:application-inference-profile/abc';
    const { body } = request(
      { model: 'my-alias', reasoning, maxOutputTokens: 20_000 },
      { target: { upstreamModel: arn, model: 'claude-sonnet-4-5' } },
    );
    expect(body).toMatchObject({ additionalModelRequestFields: { thinking: { type: 'enabled' } } });
  });

  test('without a cap the budget brings one, which is told', () => {
    const { body, warnings } = request({ reasoning });
    expect(body).toMatchObject({ inferenceConfig: { maxTokens: 16_384 + 4_096 } });
    expect(warnings).toEqual([expect.stringContaining('maxOutputTokens')]);
  });

  test('P3 [signed, closed, text, two calls] goes back unchanged and in order; an empty thought keeps its signature', () => {
    const parts = [
      thought({ text: '', signature: 'EqQB' }),
      thought({ redacted: 'bedrock:RW13' }),
      textPart('Let me look.'),
      toolCallPart('a'),
      toolCallPart('b', 'clock', '{"x":1}'),
    ];
    const body = bodyOf({ messages: [message('USER', 'Hi'), message('ASSISTANT', parts), result('a'), result('b')], tools: [TOOL] });
    expect(body).toMatchObject({
      messages: [
        {},
        {
          content: [
            { reasoningContent: { reasoningText: { text: '', signature: 'EqQB' } } },
            { reasoningContent: { redactedContent: 'RW13' } },
            { text: 'Let me look.' },
            { toolUse: { toolUseId: 'a', name: 'weather', input: {} } },
            { toolUse: { toolUseId: 'b', name: 'clock', input: { x: 1 } } },
          ],
        },
        {},
      ],
    });
  });

  test.each([
    ['Gemini’s', CLAUDE, thought({ text: 'a', signature: 'gemini:x' })],
    ['OpenAI’s', CLAUDE, thought({ text: 'a', signature: 'rs_1:x' })],
    ['what Anthropic closed', CLAUDE, thought({ redacted: 'EmwK' })],
    ['what nobody signed', CLAUDE, thought({ text: 'a' })],
    ['a Claude’s, on its way to a Nova', NOVA, thought({ text: 'a', signature: 'EqQB' })],
  ])('P3 %s stays here, and that is told', (_, upstreamModel, part) => {
    const { body, warnings } = request(
      { messages: [message('USER', 'Hi'), message('ASSISTANT', [part, textPart('Yes')]), message('USER', 'Go')] },
      on(upstreamModel),
    );
    expect(body['messages']).toMatchObject([{}, { content: [{ text: 'Yes' }] }, {}]);
    expect(warnings).toEqual([expect.stringContaining('Reasoning of earlier turns')]);
  });

  test('P3 what Bedrock closed is not sent to Anthropic', () => {
    const call = makeCall({
      messages: [
        message('USER', 'Hi'),
        message('ASSISTANT', [thought({ redacted: 'bedrock:RW13' }), textPart('Yes')]),
        message('USER', 'Go'),
      ],
    });
    const { body, warnings } = chatApi('ANTHROPIC_MESSAGES').toRequest(call, makeTarget({ wireFormat: 'ANTHROPIC_MESSAGES' }), {
      stream: false,
      refusedParameters: new Set(),
    });
    expect(JSON.stringify(body)).not.toContain('RW13');
    expect(warnings).toContainEqual(expect.stringContaining('Reasoning of earlier turns'));
  });
});

describe('the conversation', () => {
  test('P6 three results in three messages, one of them twice, are one message with the results first', () => {
    const calls = [toolCallPart('a'), toolCallPart('b'), toolCallPart('c')];
    const messages = [
      message('USER', 'Hi'),
      message('ASSISTANT', calls),
      result('c'),
      result('a'),
      message('USER', 'And?'),
      result('b'),
      result('a'),
    ];
    expect(bodyOf({ messages, tools: [TOOL] })).toMatchObject({
      messages: [
        {},
        {},
        {
          role: 'user',
          content: [
            { toolResult: { toolUseId: 'c' } },
            { toolResult: { toolUseId: 'a' } },
            { toolResult: { toolUseId: 'b' } },
            { text: 'And?' },
          ],
        },
      ],
    });
  });

  test('P8 blank texts are not sent', () => {
    const messages = [message('USER', 'Hi'), message('ASSISTANT', [textPart(''), toolCallPart('a')]), result('a'), message('USER', ' ')];
    expect(bodyOf({ messages, tools: [TOOL] })).toMatchObject({
      messages: [{}, { content: [{ toolUse: {} }] }, { content: [{ toolResult: {} }] }],
    });
  });

  test('P5 a tool’s result is text, whatever it holds; an empty one is an empty object', () => {
    const messages = [
      message('USER', 'Hi'),
      message('ASSISTANT', [toolCallPart('a'), toolCallPart('b')]),
      result('a', '{"$ref":"#/x"}'),
      result('b', ''),
    ];
    expect(bodyOf({ messages, tools: [TOOL] })).toMatchObject({
      messages: [
        {},
        {},
        { content: [{ toolResult: { content: [{ text: '{"$ref":"#/x"}' }] } }, { toolResult: { content: [{ json: {} }] } }] },
      ],
    });
  });

  test.each([
    [CLAUDE, { content: [{ text: 'no' }], status: 'error' }],
    ['meta.llama4-scout-17b-instruct-v1:0', { content: [{ text: 'Error:' }, { text: 'no' }] }],
  ])('a tool’s error is said to %s in the way it knows', (upstreamModel, expected) => {
    const messages = [message('USER', 'Hi'), message('ASSISTANT', [toolCallPart('a')]), result('a', 'no', { isError: true })];
    const body = bodyOf({ messages, tools: [TOOL] }, on(upstreamModel));
    expect(body['messages']).toMatchObject([{}, {}, { content: [{ toolResult: expected }] }]);
  });

  test('ids and names that the vendor refuses are written otherwise', () => {
    const messages = [message('USER', 'Hi'), message('ASSISTANT', [toolCallPart('a/1', '$READ FILE')]), result('a/1')];
    expect(bodyOf({ messages, tools: [TOOL] })).toMatchObject({
      messages: [
        {},
        { content: [{ toolUse: { toolUseId: 'a_1', name: '_READ_FILE' } }] },
        { content: [{ toolResult: { toolUseId: 'a_1' } }] },
      ],
    });
  });

  test('system messages only, and an assistant that begins, become valid requests', () => {
    expect(bodyOf({ messages: [message('SYSTEM', 'Be brief.'), message('SYSTEM', 'Speak.')] })).toEqual({
      system: [{ text: 'Be brief.' }],
      messages: [{ role: 'user', content: [{ text: 'Speak.' }] }],
    });
    expect(bodyOf({ messages: [message('ASSISTANT', 'I am.'), message('USER', 'And?')] })).toMatchObject({
      messages: [{ role: 'user', content: [{ text: '…' }] }, { role: 'assistant' }, { role: 'user' }],
    });
  });

  test('documents of one name get names of their own, and a data URL is bytes', () => {
    const document = (): Part => ({ kind: 'document', media: media({ url: 'data:text/csv;base64,YSxi', name: 'table' }) });
    expect(bodyOf({ messages: [message('USER', [textPart('See'), document(), document()])] })).toMatchObject({
      messages: [
        {
          content: [
            { text: 'See' },
            { document: { format: 'csv', name: 'table', source: { bytes: 'YSxi' } } },
            { document: { name: 'table (2)' } },
          ],
        },
      ],
    });
  });

  test.each<[string, Part]>([
    ['an image by address', { kind: 'image', media: media({ url: 'https://x.test/a.png' }) }],
    ['an image of another kind', { kind: 'image', media: media({ base64: 'AAAA', mimeType: 'image/tiff' }) }],
    ['a document of another kind', { kind: 'document', media: media({ base64: 'AAAA', mimeType: 'application/zip' }) }],
  ])('%s is refused before anything is sent', (_, part) => {
    expect(() => request({ messages: [message('USER', [part])] })).toThrow(Untranslatable);
  });
});

describe('tools and formats', () => {
  test('NONE leaves the tools out, except where earlier turns used them', () => {
    const toolChoice = { kind: 'mode', mode: 'NONE' } as const;
    const fresh = request({ tools: [TOOL], toolChoice });
    expect(fresh.body['toolConfig']).toBeUndefined();
    expect(fresh.warnings).toHaveLength(1);
    const messages = [message('USER', 'Hi'), message('ASSISTANT', [toolCallPart('a')]), result('a')];
    const used = request({ tools: [TOOL], toolChoice, messages });
    expect(used.body['toolConfig']).toEqual({
      tools: [expect.objectContaining({ toolSpec: expect.objectContaining({ name: 'weather' }) })],
    });
    expect(used.warnings).toHaveLength(1);
  });

  test('tools of earlier turns are declared, because the vendor refuses calls without them', () => {
    const messages = [message('USER', 'Hi'), message('ASSISTANT', [toolCallPart('a'), toolCallPart('b')]), result('a'), result('b')];
    const { body, warnings } = request({ messages });
    expect(body['toolConfig']).toEqual({
      tools: [{ toolSpec: { name: 'weather', inputSchema: { json: { type: 'object', properties: {} } } } }],
    });
    expect(warnings).toHaveLength(1);
  });

  test('a schema goes to a tool where the model has no structured output, or its data or a refusal says so', () => {
    const tool = {
      tools: [{ toolSpec: { name: 'glidepath_answer', inputSchema: { json: SCHEMA } } }],
      toolChoice: { tool: { name: 'glidepath_answer' } },
    };
    const expected = { body: { toolConfig: tool }, warnings: [expect.stringContaining('tool')] };
    expect(request({ responseFormat: FORMAT }, on(NOVA))).toMatchObject(expected);
    expect(request({ responseFormat: FORMAT }, { refused: ['output_format'] })).toMatchObject(expected);
    expect(request({ responseFormat: FORMAT }, { target: { upstreamModel: CLAUDE, capabilities: new Set(['TOOLS']) } })).toMatchObject(
      expected,
    );
    const both = bodyOf({ responseFormat: FORMAT, tools: [TOOL] }, on(NOVA));
    expect(both).toMatchObject({ toolConfig: { toolChoice: { any: {} } } });
  });

  test('cache points go only to models that have them, for as long as they keep', () => {
    const messages = [message('SYSTEM', [{ ...textPart('S'), promptCache: 'ONE_HOUR' }]), message('USER', 'Hi')];
    expect(request({ messages }, on(NOVA))).toMatchObject({
      body: { system: [{ text: 'S' }, { cachePoint: { type: 'default' } }] },
      warnings: [expect.stringContaining('FIVE_MINUTES')],
    });
    expect(request({ messages }, on('meta.llama4-scout-17b-instruct-v1:0'))).toMatchObject({
      body: { system: [{ text: 'S' }] },
      warnings: [expect.stringContaining('promptCache')],
    });
  });
});
