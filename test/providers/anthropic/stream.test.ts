import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { totalInput } from '../../../src/core/usage.js';
import { STOP_REASON_TABLE, fromAnthropicUsage } from '../../../src/providers/anthropic/answer.js';
import { UnreadableBody } from '../../../src/providers/contract.js';
import type { SseFrame } from '../../../src/providers/contract.js';
import { answerOf, chatApi, checkOrder, frame, readFrames } from '../support.js';

const FORMAT = 'ANTHROPIC_MESSAGES';
const api = chatApi(FORMAT);
const event = (data: { type: string; [field: string]: unknown }) => frame(data, data.type);
const start = (usage: object = { input_tokens: 25, output_tokens: 1 }) => event({ type: 'message_start', message: { usage } });
const open = (index: number, block: object) => event({ type: 'content_block_start', index, content_block: block });
const delta = (index: number, fields: object) => event({ type: 'content_block_delta', index, delta: fields });
const close = (index: number) => event({ type: 'content_block_stop', index });
const stop = (reason: string | null, usage: object = { output_tokens: 15 }) => [
  event({ type: 'message_delta', delta: { stop_reason: reason }, usage }),
  event({ type: 'message_stop' }),
];
const read = (...frames: readonly SseFrame[]) => readFrames(frames, FORMAT);
const text = (index: number, words: string) => [
  open(index, { type: 'text', text: '' }),
  delta(index, { type: 'text_delta', text: words }),
  close(index),
];
const tool = (index: number) => open(index, { type: 'tool_use', id: `t${String(index)}`, name: 'weather', input: {} });
const input = (index: number, json: string) => delta(index, { type: 'input_json_delta', partial_json: json });

test('S9 readings replace each other', () => {
  expect(answerOf(read(start(), ...text(0, 'Hi'), ...stop('end_turn'))).usage).toMatchObject({ input: 25, output: 15 });
});

test('S15 arguments that come interleaved land on their own calls', () => {
  const deltas = read(
    start(),
    tool(0),
    tool(1),
    input(0, '{"a"'),
    input(1, '{"b"'),
    input(0, ':1}'),
    input(1, ':2}'),
    close(0),
    close(1),
    ...stop('tool_use'),
  );
  checkOrder(deltas);
  expect(answerOf(deltas).message.parts).toMatchObject([{ arguments: '{"a":1}' }, { arguments: '{"b":2}' }]);
});

test('S16 every argument delta is told as it comes', () => {
  const pieces = Array.from({ length: 20 }, (_, n) => input(0, String(n)));
  expect(read(start(), tool(0), ...pieces).filter(({ type }) => type === 'toolCall')).toHaveLength(21);
});

test.each([...STOP_REASON_TABLE, ['foo_bar', 'OTHER'], ['', 'OTHER']] as const)(
  'S18 %s is %s in both forms, with the raw word',
  (raw, expected) => {
    const isCall = expected === 'TOOL_CALLS';
    const block = isCall ? { type: 'tool_use', id: 't0', name: 'weather', input: {} } : { type: 'text', text: 'Hi' };
    const streamed = answerOf(read(start(), ...(isCall ? [tool(0), close(0)] : text(0, 'Hi')), ...stop(raw)));
    expect(streamed).toMatchObject({ finishReason: expected, rawFinishReason: raw });
    const body = { type: 'message', content: [block], stop_reason: raw, usage: { input_tokens: 25, output_tokens: 15 } };
    expect(answerOf(api.fromResponse(body))).toEqual(streamed);
  },
);

test('S20 without its terminal event a stream has no end, and no totals that would pass for the whole', () => {
  const deltas = read(start(), ...text(0, 'Hi'));
  expect(deltas).toEqual([{ type: 'text', text: 'Hi' }]);
});

test('S28 totals that came with the reason are reported, also where the stream is cut behind them', () => {
  const [reason] = stop('end_turn');
  if (reason === undefined) throw new Error('no reason');
  expect(answerOf(read(start(), ...text(0, 'Hi'), reason))).toMatchObject({ ended: false, usage: { input: 25, output: 15 } });
});

describe('errors inside a 200', () => {
  test.each([
    ['overloaded_error', 'OVERLOADED'],
    ['api_error', 'SERVER_ERROR'],
    ['rate_limit_error', 'RATE_LIMITED'],
    ['timeout_error', 'TIMEOUT'],
    ['authentication_error', 'AUTH'],
    ['billing_error', 'AUTH'],
    ['invalid_request_error', 'CALLER'],
  ])('S6 S29 %s is %s, first or late', (type, failureClass) => {
    const error = event({ type: 'error', error: { type, message: 'No.' } });
    for (const frames of [[error], [start(), ...text(0, 'Hi'), error, ...stop('end_turn')]]) {
      const answer = answerOf(read(...frames));
      expect(answer).toMatchObject({ ended: false, failure: { class: failureClass, httpStatus: 200 } });
    }
  });

  test('a unary body that tells an error is one', () => {
    const body = { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } };
    expect(answerOf(api.fromResponse(body)).failure?.class).toBe('OVERLOADED');
  });

  test('S6 an error event that is no JSON is told, any other is unreadable', () => {
    expect(answerOf(read(frame('oops', 'error'))).failure).toMatchObject({ class: 'SERVER_ERROR', detail: 'oops' });
    expect(answerOf(read(frame('{"type":', 'message_start'))).failure?.class).toBe('BAD_RESPONSE');
  });
});

test.each([[null], ['text'], [{}], [{ content: null }]])('a unary body %j is unreadable', (body) => {
  expect(() => api.fromResponse(body)).toThrow(UnreadableBody);
});

test('S4 kinds that nobody knows say nothing', () => {
  const deltas = read(
    start(),
    event({ type: 'ping' }),
    event({ type: 'brand_new' }),
    delta(9, { type: 'text_delta' }),
    delta(9, { type: 'citations_delta' }),
    ...stop('end_turn'),
  );
  checkOrder(deltas);
  expect(answerOf(deltas).message.parts).toEqual([]);
});

describe('usage', () => {
  test('C1 C8 what was written to the cache is beside the input, split by how long it is kept', () => {
    const raw = {
      input_tokens: 3,
      cache_creation_input_tokens: 100,
      cache_creation: { ephemeral_5m_input_tokens: 30, ephemeral_1h_input_tokens: 60 },
      output_tokens: 5,
    };
    expect(fromAnthropicUsage(raw)).toMatchObject({ input: 3, cacheWrite5m: 40, cacheWrite1h: 60, output: 5, inconsistent: false });
  });

  test('C17 no reading makes a class negative, and impossible ones are flagged', () => {
    const tokens = fc.integer({ min: -10, max: 1000 });
    const raws = fc.record({
      input_tokens: tokens,
      cache_read_input_tokens: tokens,
      cache_creation_input_tokens: tokens,
      output_tokens: tokens,
      output_tokens_details: fc.record({ thinking_tokens: tokens }),
    });
    fc.assert(
      fc.property(raws, (raw) => {
        const usage = fromAnthropicUsage(raw);
        if (usage === null) return;
        expect(Math.min(usage.input, usage.cachedInput, usage.cacheWrite5m, usage.output, usage.reasoning)).toBeGreaterThanOrEqual(0);
        expect(totalInput(usage)).toBe(
          Math.max(0, raw.input_tokens) + Math.max(0, raw.cache_read_input_tokens) + Math.max(0, raw.cache_creation_input_tokens),
        );
        if (raw.output_tokens_details.thinking_tokens > Math.max(0, raw.output_tokens)) expect(usage.inconsistent).toBe(true);
      }),
    );
  });

  test('C23 a shape that nobody knows is no usage', () => {
    expect(fromAnthropicUsage({ tokens: 5 })).toBeNull();
  });
});

test('S21 any legal stream passes the state machine', () => {
  const block = fc.oneof(
    fc.string().map((words) => (index: number) => text(index, words)),
    fc
      .string()
      .map((words) => (index: number) => [
        open(index, { type: 'thinking', thinking: '' }),
        delta(index, { type: 'thinking_delta', thinking: words }),
        delta(index, { type: 'signature_delta', signature: 's' }),
        close(index),
      ]),
    fc
      .array(fc.string(), { maxLength: 4 })
      .map((pieces) => (index: number) => [tool(index), ...pieces.map((piece) => input(index, piece)), close(index)]),
  );
  fc.assert(
    fc.property(fc.array(block, { maxLength: 8 }), fc.constantFrom('end_turn', 'tool_use', 'x'), (blocks, reason) => {
      checkOrder(read(start(), ...blocks.flatMap((make, index) => make(index)), ...stop(reason)));
    }),
  );
});

describe('error statuses', () => {
  const fail = (status: number, message: string, headers: Record<string, string> = {}) =>
    api.toFailure({
      status,
      headers,
      body: JSON.stringify({ type: 'error', error: { type: 'x_error', message } }),
      receivedAt: new Date('2026-01-01T00:00:00Z'),
    });

  test.each([
    ['"thinking.type.enabled" is not supported for this model. Use "thinking.type.adaptive".', 'thinking'],
    ['This model does not support the effort parameter.', 'effort'],
    ['output_config.format: structured outputs are not supported on this model', 'output_format'],
    ['`temperature` and `top_p` cannot both be specified for this model.', 'top_p'],
    ['`temperature` is deprecated for this model.', 'temperature'],
    ['metadata.foo: Extra inputs are not permitted', 'metadata'],
  ])('P10 %s', (message, parameter) => {
    expect(fail(400, message)).toMatchObject({ class: 'UNSUPPORTED_PARAMETER', parameter });
  });

  test('a fault within the messages is the caller’s', () => {
    expect(fail(400, 'messages.0.foo: Extra inputs are not permitted').class).toBe('CALLER');
  });

  test('R10 without Retry-After, the reset of what is exhausted', () => {
    const headers = {
      'anthropic-ratelimit-requests-remaining': '5',
      'anthropic-ratelimit-requests-reset': '2026-01-01T01:00:00Z',
      'anthropic-ratelimit-tokens-remaining': '0',
      'anthropic-ratelimit-tokens-reset': '2026-01-01T00:00:09Z',
    };
    expect(fail(429, 'Slow down', headers)).toMatchObject({ class: 'RATE_LIMITED', retryAfterMs: 9_000 });
  });
});
