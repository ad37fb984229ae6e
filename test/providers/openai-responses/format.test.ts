import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { ResponseCreateParams } from 'openai/resources/responses/responses';
import type { CompletionCall, Message, Part } from '../../../src/core/completion.js';
import { Secret } from '../../../src/core/secret.js';
import { UnreadableBody, Untranslatable } from '../../../src/providers/contract.js';
import type { ProviderTarget } from '../../../src/providers/contract.js';
import { FINISH_REASON_TABLE, fromResponsesUsage } from '../../../src/providers/openai-responses/answer.js';
import { toResponsesBody } from '../../../src/providers/openai-responses/request.js';
import type { ResponsesBody } from '../../../src/providers/openai-responses/request.js';
import { answerOf, chatApi, checkOrder, frame, makeCall, makeTarget, message, readFrames, textPart, toolCallPart } from '../support.js';

const FORMAT = 'OPENAI_RESPONSES';
const api = chatApi(FORMAT);

/** Does not compile where our body is not one that the vendor's own types accept. */
const asVendorType = (body: ResponsesBody): ResponseCreateParams => body;

function request(call: Partial<CompletionCall>, given: { target?: Partial<ProviderTarget>; refused?: readonly string[] } = {}) {
  const target = makeTarget({ wireFormat: FORMAT, ...given.target });
  return api.toRequest(makeCall(call), target, { stream: false, refusedParameters: new Set(given.refused) });
}

const media = (fields: object) => ({ url: null, base64: null, mimeType: null, name: null, ...fields });
const result = (id: string, text = 'ok', extra: Partial<Message> = {}) => message('TOOL', text, { toolCallId: id, ...extra });
const TOOL = { name: 'weather', description: null, parameters: null, strict: null };
const event = (data: { type: string; [field: string]: unknown }) => frame(data, data.type);
const read = (...frames: ReturnType<typeof frame>[]) => readFrames(frames, FORMAT);
const textDelta = (delta: string) => event({ type: 'response.output_text.delta', output_index: 0, delta });
const completed = (response: object = { status: 'completed' }) => event({ type: 'response.completed', response });

describe('the request', () => {
  test('a minimal call is a minimal body that stores nothing upstream', () => {
    expect(request({}, { target: { apiKey: new Secret('sk-1') } })).toEqual({
      path: '/responses',
      headers: { authorization: 'Bearer sk-1' },
      body: { model: 'acme-large', input: [{ role: 'user', content: 'Hello' }], store: false },
      warnings: [],
    });
  });

  test('every parameter has its place, in a body that the vendor’s types accept', () => {
    const call = {
      tools: [TOOL],
      toolChoice: { kind: 'tool', name: 'weather' },
      parallelToolCalls: false,
      responseFormat: { kind: 'json' },
      reasoning: { effort: 'MINIMAL', maxTokens: null },
      maxOutputTokens: 100,
      temperature: 0,
      topP: 0.5,
      user: 'u-1',
    } as const satisfies Partial<CompletionCall>;
    const warnings: string[] = [];
    expect(asVendorType(toResponsesBody(makeCall(call), makeTarget({ wireFormat: FORMAT }), { stream: true, warnings }))).toEqual({
      model: 'acme-large',
      input: [{ role: 'user', content: 'Hello' }],
      store: false,
      include: ['reasoning.encrypted_content'],
      stream: true,
      tools: [{ type: 'function', name: 'weather', parameters: { type: 'object', properties: {} }, strict: false }],
      tool_choice: { type: 'function', name: 'weather' },
      parallel_tool_calls: false,
      text: { format: { type: 'json_object' } },
      reasoning: { effort: 'minimal' },
      max_output_tokens: 100,
      temperature: 0,
      top_p: 0.5,
      user: 'u-1',
    });
    expect(warnings).toEqual([]);
  });

  test('P12 what has no place is told', () => {
    const { body, warnings } = request({
      stop: ['x'],
      seed: 1,
      frequencyPenalty: 1,
      presencePenalty: 1,
      reasoning: { effort: null, maxTokens: 5 },
    });
    expect(Object.keys(body)).toEqual(['model', 'input', 'store', 'include']);
    expect(warnings).toHaveLength(5);
  });

  test('P10 what was refused before is left out, told unless it was ours', () => {
    const { body, warnings } = request(
      { temperature: 1, reasoning: { effort: 'LOW', maxTokens: null } },
      { refused: ['temperature', 'include'] },
    );
    expect(Object.keys(body)).toEqual(['model', 'input', 'store', 'reasoning']);
    expect(warnings).toEqual([expect.stringContaining('temperature')]);
  });

  test('P3 own reasoning goes back encrypted and in its place; what others signed does not', () => {
    const own: Part = { kind: 'reasoning', text: 'hm', redacted: null, signature: 'rs_1:gAAA:==' };
    const foreign: Part = { kind: 'reasoning', text: 'secret', redacted: null, signature: 'EqQB' };
    const parts = [own, foreign, textPart('Look:'), toolCallPart('a', 'weather', '{"n":1}'), toolCallPart('b', 'clock', ' ')];
    const { body, warnings } = request({
      messages: [
        message('SYSTEM', 'S'),
        message('USER', 'Go'),
        message('ASSISTANT', parts),
        result('b', 'no', { isError: true }),
        result('a'),
      ],
    });
    expect(body['input']).toEqual([
      { role: 'system', content: 'S' },
      { role: 'user', content: 'Go' },
      { type: 'reasoning', id: 'rs_1', summary: [{ type: 'summary_text', text: 'hm' }], encrypted_content: 'gAAA:==' },
      { role: 'assistant', content: 'Look:' },
      { type: 'function_call', call_id: 'a', name: 'weather', arguments: '{"n":1}' },
      { type: 'function_call', call_id: 'b', name: 'clock', arguments: '{}' },
      { type: 'function_call_output', call_id: 'b', output: 'Error:\nno' },
      { type: 'function_call_output', call_id: 'a', output: 'ok' },
    ]);
    expect(warnings).toHaveLength(1);
  });

  test.each([
    ['image', media({ base64: 'iVBORw0KGgo=' }), { type: 'input_image', image_url: 'data:image/png;base64,iVBORw0KGgo=', detail: 'auto' }],
    ['document', media({ url: 'https://x.test/a.pdf' }), { type: 'input_file', file_url: 'https://x.test/a.pdf' }],
    [
      'document',
      media({ base64: 'JVBERi0=' }),
      { type: 'input_file', filename: 'document.pdf', file_data: 'data:application/pdf;base64,JVBERi0=' },
    ],
  ] as const)('%s %j', (kind, given, expected) => {
    expect(request({ messages: [message('USER', [{ kind, media: given }])] }).body['input']).toEqual([
      { role: 'user', content: [expected] },
    ]);
  });

  test('P12 audio has no place and is refused', () => {
    expect(() => request({ messages: [message('USER', [{ kind: 'audio', media: media({ base64: 'AAAA' }) }])] })).toThrow(Untranslatable);
  });
});

describe('the answer', () => {
  test.each([...FINISH_REASON_TABLE, ['foo_bar', 'OTHER']] as const)('S18 %s is %s in both forms', (raw, expected) => {
    const response = {
      status: 'incomplete',
      incomplete_details: { reason: raw },
      output: [{ type: 'message', content: [{ type: 'output_text', text: 'Hi' }] }],
    };
    const streamed = answerOf(read(textDelta('Hi'), event({ type: 'response.incomplete', response })));
    expect(streamed).toMatchObject({ finishReason: expected, rawFinishReason: raw });
    expect(answerOf(api.fromResponse(response))).toEqual(streamed);
  });

  test('S20 without its terminal event a stream has no end', () => {
    expect(read(textDelta('Hi'))).toEqual([{ type: 'text', text: 'Hi' }]);
  });

  test.each([
    [event({ type: 'error', code: 'rate_limit_exceeded', message: 'No.' }), 'RATE_LIMITED'],
    [event({ type: 'response.failed', response: { error: { code: 'server_error', message: 'No.' } } }), 'SERVER_ERROR'],
    [event({ type: 'response.failed', response: {} }), 'SERVER_ERROR'],
    [event({ type: 'error', error: { type: 'overloaded_error', message: 'No.' } }), 'OVERLOADED'],
  ])('S6 S29 an error inside a 200, first or late: %j', (error, failureClass) => {
    for (const frames of [[error], [textDelta('Hi'), error, completed()]])
      expect(answerOf(read(...frames))).toMatchObject({ ended: false, failure: { class: failureClass } });
  });

  test('a unary response that failed is a failure; what is none is unreadable', () => {
    expect(answerOf(api.fromResponse({ status: 'failed', error: { code: 'server_error', message: 'No.' } })).failure?.class).toBe(
      'SERVER_ERROR',
    );
    for (const body of [null, 'x', {}, { output: null }]) expect(() => api.fromResponse(body)).toThrow(UnreadableBody);
  });

  test('P10 a model without encrypted reasoning is asked again without it', () => {
    const body = JSON.stringify({
      error: { message: 'Encrypted content is not supported with this model.', param: 'include', code: null },
    });
    const failure = api.toFailure({ status: 400, headers: {}, body, receivedAt: new Date(0) });
    expect(failure).toMatchObject({ class: 'UNSUPPORTED_PARAMETER', parameter: 'include' });
    expect(api.dispensableParameters.has('include')).toBe(true);
  });

  test('S15 S21 calls whose arguments come in any mixture pass the state machine', () => {
    const pieces = fc.array(fc.tuple(fc.nat(2), fc.string()), { maxLength: 20 });
    fc.assert(
      fc.property(pieces, (all) => {
        const items = [0, 1, 2].map((output_index) =>
          event({
            type: 'response.output_item.added',
            output_index,
            item: { type: 'function_call', call_id: `c${String(output_index)}`, name: 'x' },
          }),
        );
        const deltas = read(
          ...items,
          ...all.map(([output_index, delta]) => event({ type: 'response.function_call_arguments.delta', output_index, delta })),
          completed(),
        );
        checkOrder(deltas);
        const expected = [0, 1, 2].map((index) => all.flatMap(([at, text]) => (at === index ? [text] : [])).join(''));
        expect(answerOf(deltas).message.parts).toMatchObject(expected.map((args) => ({ arguments: args })));
      }),
    );
  });

  test('S14 S21 an item that nobody saw begin is told with its end, and once', () => {
    const item = { type: 'function_call', call_id: 'c', name: 'x', arguments: '{"a":1}' };
    const done = event({ type: 'response.output_item.done', output_index: 0, item });
    const response = { status: 'completed', output: [item] };
    const expected = [{ kind: 'toolCall', id: 'c', name: 'x', arguments: '{"a":1}', signature: null }];
    for (const frames of [[done], [done, done], [], [event({ type: 'response.output_item.added', output_index: 0, item }), done]]) {
      const deltas = read(...frames, completed(response));
      checkOrder(deltas);
      expect(answerOf(deltas)).toMatchObject({ finishReason: 'TOOL_CALLS', message: { parts: expected } });
    }
  });

  test('C17 C23 totals that can’t be are flagged, and a shape that nobody knows is no usage', () => {
    expect(fromResponsesUsage({ input_tokens: 5, input_tokens_details: { cached_tokens: 9 }, output_tokens: 1 })).toMatchObject({
      cachedInput: 5,
      input: 0,
      inconsistent: true,
    });
    expect(fromResponsesUsage({ tokens: 5 })).toBeNull();
  });
});
