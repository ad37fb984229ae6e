import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { AnswerDelta } from '../../../src/core/answer.js';
import { totalInput, totalOutput } from '../../../src/core/usage.js';
import type { SseFrame } from '../../../src/providers/contract.js';
import { UnreadableBody } from '../../../src/providers/contract.js';
import { FINISH_REASON_TABLE } from '../../../src/providers/openai-chat/answer.js';
import { DONE_FRAME, answerOf, checkOrder, chunk, frame, openAiChatApi, readFrames } from '../support.js';

const call = (entry: object) => chunk({ tool_calls: [entry] });
const started = (index: number, id: string, name: string) => call({ index, id, type: 'function', function: { name, arguments: '' } });
const args = (index: number, text: string) => call({ index, function: { arguments: text } });
const finished = [chunk({}, 'tool_calls'), DONE_FRAME];

function toolCalls(deltas: readonly AnswerDelta[]) {
  return answerOf(deltas).message.parts.filter((part) => part.kind === 'toolCall');
}

describe('tool calls', () => {
  test('S14 three parallel calls keep their numbers; id and name come once each; the arguments parse', () => {
    const deltas = readFrames([
      ...['a', 'b', 'c'].flatMap((id, index) => [started(index, id, `tool_${id}`), args(index, '{"n":'), args(index, `${String(index)}}`)]),
      ...finished,
    ]);
    const told = deltas.filter((delta) => delta.type === 'toolCall');
    expect(told.filter((delta) => delta.id !== undefined).map(({ index, id, name }) => [index, id, name])).toEqual([
      [0, 'a', 'tool_a'],
      [1, 'b', 'tool_b'],
      [2, 'c', 'tool_c'],
    ]);
    expect(told.filter((delta) => delta.id !== undefined)).toHaveLength(3);
    expect(toolCalls(deltas).map((part) => JSON.parse(part.arguments) as unknown)).toEqual([{ n: 0 }, { n: 1 }, { n: 2 }]);
  });

  test('S14 empty tool objects make no call, and no other choice is read', () => {
    const deltas = readFrames([
      chunk({ content: 'Hi', tool_calls: [] }),
      chunk({ tool_calls: [{}, { index: 0 }, null] }),
      frame({ choices: [{ index: 1, delta: { content: 'other' }, finish_reason: 'length' }] }),
      chunk({}, 'stop'),
      DONE_FRAME,
    ]);
    expect(answerOf(deltas).message.parts).toEqual([{ kind: 'text', text: 'Hi', signature: null }]);
    expect(answerOf(deltas).finishReason).toBe('STOP');
  });

  test('S14 calls that are all numbered 0 are told apart by their ids', () => {
    const deltas = readFrames([started(0, 'a', 'one'), args(0, '{}'), started(0, 'b', 'two'), args(0, '{"x":1}'), ...finished]);
    expect(toolCalls(deltas).map((part) => [part.id, part.arguments])).toEqual([
      ['a', '{}'],
      ['b', '{"x":1}'],
    ]);
  });

  test('S14 an id repeated on every delta makes no second call', () => {
    const repeated = (text: string) => call({ index: 0, id: 'a', function: { name: 'one', arguments: text } });
    expect(toolCalls(readFrames([repeated('{"x"'), repeated(':1}'), ...finished]))).toEqual([
      { kind: 'toolCall', id: 'a', name: 'one', arguments: '{"x":1}', signature: null },
    ]);
  });

  test('S15 deltas that arrive 0, 1, 0, 1 land on their own calls', () => {
    const deltas = readFrames([
      started(0, 'a', 'one'),
      started(1, 'b', 'two'),
      args(0, '{"city"'),
      args(1, '{"zone"'),
      args(0, ':"Paris"}'),
      args(1, ':"UTC"}'),
      ...finished,
    ]);
    expect(toolCalls(deltas).map((part) => part.arguments)).toEqual(['{"city":"Paris"}', '{"zone":"UTC"}']);
  });

  test('S15 vendor numbers with gaps, in any order, become 0, 1, 2', () => {
    const deltas = readFrames([started(7, 'a', 'one'), started(3, 'b', 'two'), args(7, '[7]'), args(3, '[3]'), ...finished]);
    expect(deltas.flatMap((delta) => (delta.type === 'toolCall' && delta.id !== undefined ? [[delta.index, delta.id]] : []))).toEqual([
      [0, 'a'],
      [1, 'b'],
    ]);
    expect(toolCalls(deltas).map((part) => part.arguments)).toEqual(['[7]', '[3]']);
  });

  test('S16 every arguments delta is passed on as it comes, none held back', () => {
    const reader = openAiChatApi().createStreamReader();
    reader.read(started(0, 'a', 'one'));
    const pieces = Array.from({ length: 20 }, (_, piece) => `p${String(piece)} `);
    const told = pieces.map((piece) => reader.read(args(0, piece)));
    expect(told).toEqual(pieces.map((piece) => [{ type: 'toolCall', index: 0, argumentsDelta: piece }]));
  });

  test('arguments before the name wait for it, and a call never named is never told', () => {
    const deltas = readFrames([
      args(0, '{"a":1'),
      call({ index: 0, id: 'x', function: { name: 'late', arguments: '}' } }),
      args(1, '{}'),
      ...finished,
    ]);
    expect(toolCalls(deltas)).toEqual([{ kind: 'toolCall', id: 'x', name: 'late', arguments: '{"a":1}', signature: null }]);
  });

  test('deltas without index and id go on with the last call', () => {
    const deltas = readFrames([
      call({ id: 'a', function: { name: 'one', arguments: '{' } }),
      call({ function: { arguments: '}' } }),
      ...finished,
    ]);
    expect(toolCalls(deltas).map((part) => part.arguments)).toEqual(['{}']);
  });

  test('the form before tool_calls is read too', () => {
    const deltas = readFrames([
      chunk({ function_call: { name: 'old', arguments: '' } }),
      chunk({ function_call: { arguments: '{}' } }),
      chunk({}, 'function_call'),
      DONE_FRAME,
    ]);
    expect(toolCalls(deltas)).toEqual([{ kind: 'toolCall', id: 'call_0', name: 'old', arguments: '{}', signature: null }]);
    expect(answerOf(deltas).finishReason).toBe('TOOL_CALLS');
  });
});

describe('finish reasons', () => {
  test('S17 a stop after calls is TOOL_CALLS, with the vendor’s word kept', () => {
    const answer = answerOf(readFrames([started(0, 'a', 'one'), args(0, '{}'), chunk({}, 'stop'), DONE_FRAME]));
    expect(answer).toMatchObject({ finishReason: 'TOOL_CALLS', rawFinishReason: 'stop' });
  });

  test('S17 a reason on every chunk is told once, the last one, at the end', () => {
    const deltas = readFrames([chunk({ content: 'a' }, 'stop'), chunk({ content: 'b' }, 'stop'), chunk({}, 'length'), DONE_FRAME]);
    expect(deltas.map((delta) => delta.type)).toEqual(['text', 'text', 'finish', 'end']);
    expect(deltas.at(-2)).toEqual({ type: 'finish', reason: 'LENGTH', raw: 'length' });
  });

  test.each([...FINISH_REASON_TABLE, ['foo_bar', 'OTHER'], ['STOP', 'STOP']] as const)(
    'S18 %s is %s in both forms, and raw is kept',
    (raw, reason) => {
      const streamed = answerOf(readFrames([chunk({ content: 'x' }), chunk({}, raw), DONE_FRAME]));
      const whole = answerOf(openAiChatApi().fromResponse({ choices: [{ message: { content: 'x' }, finish_reason: raw }] }));
      expect(streamed).toMatchObject({ finishReason: reason, rawFinishReason: raw });
      expect(whole).toMatchObject({ finishReason: reason, rawFinishReason: raw });
    },
  );

  test('S18 every reason of the documentation has its line', () => {
    for (const reason of [
      'stop',
      'length',
      'tool_calls',
      'content_filter',
      'function_call',
      'insufficient_system_resource',
      'refusal',
      'pause_turn',
    ])
      expect(FINISH_REASON_TABLE.has(reason)).toBe(true);
    expect(FINISH_REASON_TABLE.get('model_context_window_exceeded')).toBe('CONTEXT_LENGTH');
  });

  test('S18 an end without any reason is OTHER, not STOP', () => {
    expect(answerOf(readFrames([chunk({ content: 'x' }), DONE_FRAME]))).toMatchObject({ finishReason: 'OTHER', ended: true });
  });

  test('S20 a connection that ends without reason and terminal event has no finish and no end', () => {
    const answer = answerOf(readFrames([chunk({ content: 'x' })]));
    expect(answer).toMatchObject({ finishReason: null, ended: false });
  });
});

describe('usage', () => {
  const running = (completion: number) => ({ prompt_tokens: 13_856, completion_tokens: completion, total_tokens: 13_856 + completion });

  test('S10 running totals on fifty chunks replace each other', () => {
    const chunks = Array.from({ length: 50 }, (_, position) => chunk({ content: 'x' }, null, { usage: running(position + 1) }));
    const { usage } = answerOf(readFrames([...chunks, chunk({}, 'stop', { usage: running(50) }), DONE_FRAME]));
    expect(usage).toMatchObject({ input: 13_856, output: 50 });
  });

  test('S9 a later, higher reading replaces the first', () => {
    const first = chunk({ role: 'assistant' }, null, { usage: { prompt_tokens: 25, completion_tokens: 1 } });
    const last = chunk({}, 'stop', { usage: { prompt_tokens: 25, completion_tokens: 15 } });
    expect(answerOf(readFrames([first, last, DONE_FRAME])).usage).toMatchObject({ input: 25, output: 15 });
  });

  test('all-zero readings and null count as none', () => {
    const zero = { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 };
    const frames = [chunk({ content: 'x' }, null, { usage: zero }), chunk({}, 'stop', { usage: null }), DONE_FRAME];
    expect(answerOf(readFrames(frames)).usage).toBeNull();
  });

  test('C2 cached tokens are taken out of the prompt', () => {
    const usage = { prompt_tokens: 2006, completion_tokens: 300, prompt_tokens_details: { cached_tokens: 1920 } };
    expect(answerOf(readFrames([chunk({}, 'stop', { usage }), DONE_FRAME])).usage).toMatchObject({
      input: 86,
      cachedInput: 1920,
      output: 300,
    });
  });

  test('nonsense from an upstream can’t break the books: bounded, whole, storable', () => {
    const usage = { prompt_tokens: 1e300, completion_tokens: 2.7, note: 'a\u0000b' };
    const answer = answerOf(readFrames([chunk({}, `st\u0000op${'x'.repeat(500)}`, { usage, service_tier: 'a\u0000' }), DONE_FRAME]));
    expect(answer.usage).toMatchObject({ input: 2_147_483_647, output: 2, raw: null });
    expect(answer.serviceTier).toBe('a');
    expect(answer.rawFinishReason).toMatch(/^stopx+$/);
    expect(answer.rawFinishReason).toHaveLength(100);
    const huge = { prompt_tokens: 1, completion_tokens: 1, pad: 'x'.repeat(20_000) };
    expect(answerOf(readFrames([chunk({}, 'stop', { usage: huge }), DONE_FRAME])).usage).toMatchObject({ input: 1, raw: null });
  });

  test('C7 reasoning inside the completion is not billed twice', () => {
    const usage = {
      prompt_tokens: 100,
      completion_tokens: 8150,
      total_tokens: 8250,
      completion_tokens_details: { reasoning_tokens: 8000 },
    };
    expect(answerOf(readFrames([chunk({}, 'stop', { usage }), DONE_FRAME])).usage).toMatchObject({
      input: 100,
      output: 150,
      reasoning: 8000,
    });
  });

  test('C17 more cached than prompt is clamped and flagged, never negative', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -5, max: 100 }),
        fc.integer({ min: -5, max: 300 }),
        fc.integer({ min: -5, max: 300 }),
        (prompt, cached, reasoning) => {
          const usage = {
            prompt_tokens: prompt,
            completion_tokens: 10,
            prompt_tokens_details: { cached_tokens: cached },
            completion_tokens_details: { reasoning_tokens: reasoning },
          };
          const read = answerOf(readFrames([chunk({}, 'stop', { usage }), DONE_FRAME])).usage;
          if (read === null) throw new Error('no usage');
          expect(totalInput(read)).toBe(Math.max(0, prompt));
          expect(totalOutput(read)).toBe(10);
          expect(read.input).toBeGreaterThanOrEqual(0);
          expect(read.inconsistent).toBe(prompt < 0 || cached < 0 || reasoning < 0 || cached > Math.max(0, prompt) || reasoning > 10);
        },
      ),
    );
  });
});

describe('errors inside a 200', () => {
  test('S6 an error event as the first event is a typed failure that keeps the status', () => {
    const [delta, ...rest] = readFrames([
      frame({ error: { message: 'Overloaded', type: 'overloaded_error', code: 529 } }, 'error'),
      chunk({ content: 'x' }),
    ]);
    expect(delta).toMatchObject({ type: 'failure', failure: { class: 'OVERLOADED', httpStatus: 529 } });
    expect(rest).toEqual([]);
  });

  test.each([
    [{ error: { message: 'The server is overloaded', type: 'server_error', code: 'server_overloaded' } }, 'OVERLOADED', 200],
    [{ error: { message: 'Rate limit reached', code: 'rate_limit_exceeded' } }, 'RATE_LIMITED', 200],
    [
      { error: { code: 502, message: 'Provider disconnected' }, choices: [{ index: 0, delta: { content: '' }, finish_reason: 'error' }] },
      'SERVER_ERROR',
      502,
    ],
    [{ choices: [{ index: 0, delta: {}, finish_reason: 'error', error: { code: 429, message: 'slow down' } }] }, 'RATE_LIMITED', 429],
    [{ object: 'error', message: "This model's maximum context length is 10 tokens", code: 400 }, 'CONTEXT_LENGTH', 400],
    [{ error: { message: 'The response was filtered', code: 'content_filter' } }, 'CONTENT_FILTER', 200],
    [{ error: 'model runner has unexpectedly stopped' }, 'SERVER_ERROR', 200],
  ] as const)('S6 %j is %s', (data, failureClass, httpStatus) => {
    const answer = answerOf(readFrames([chunk({ content: 'so far' }), frame(data), DONE_FRAME]));
    expect(answer.failure).toMatchObject({ class: failureClass, httpStatus });
    expect(answer).toMatchObject({ ended: false, finishReason: null });
    expect(answer.message.parts).toHaveLength(1);
  });

  test('S6 an error event that is plain text is one as well', () => {
    expect(answerOf(readFrames([frame('upstream exploded', 'error')])).failure).toMatchObject({
      class: 'SERVER_ERROR',
      detail: 'upstream exploded',
    });
  });

  test('a unary 200 that holds an error is a failure, not an answer', () => {
    const deltas = openAiChatApi().fromResponse({ error: { code: 503, message: 'no instances available' } });
    expect(deltas).toEqual([{ type: 'failure', failure: expect.objectContaining({ class: 'OVERLOADED', httpStatus: 503 }) }]);
  });

  test('an event that is not JSON is BAD_RESPONSE; an unknown event is skipped', () => {
    expect(answerOf(readFrames([frame('{"choices":[')])).failure?.class).toBe('BAD_RESPONSE');
    expect(readFrames([frame('whatever', 'ping'), chunk({ content: 'x' }, 'stop'), DONE_FRAME]).map((delta) => delta.type)).toEqual([
      'text',
      'finish',
      'end',
    ]);
  });

  test.each([[null], ['text'], [{}], [{ choices: [] }], [[1]]])('a unary body %j is unreadable', (body) => {
    expect(() => openAiChatApi().fromResponse(body)).toThrow(UnreadableBody);
  });
});

test('images in an answer become media', () => {
  const images = [{ image_url: { url: 'data:image/png;base64,AAAA' } }, { image_url: { url: 'https://x.test/a' } }];
  expect(answerOf(readFrames([chunk({ images }, 'stop'), DONE_FRAME])).message.parts).toEqual([
    { kind: 'media', mimeType: 'image/png', url: null, base64: 'AAAA' },
    { kind: 'media', mimeType: 'image/*', url: 'https://x.test/a', base64: null },
  ]);
});

/** Frames as a legal upstream may send them: text, reasoning and calls in any mixture, totals anywhere. */
const legalStream = fc
  .tuple(
    fc.array(
      fc.oneof(
        fc.string().map((content) => chunk({ content })),
        fc.string().map((text) => chunk({ reasoning_content: text })),
        fc.record({ index: fc.nat(3), text: fc.string() }).map(({ index, text }) => args(index, text)),
        fc.nat(3).map((index) => started(index, `id_${String(index)}`, `tool_${String(index)}`)),
        fc.nat(100).map((tokens) => frame({ choices: [], usage: { prompt_tokens: 1, completion_tokens: tokens } })),
        fc.constant(chunk({}, null)),
        fc.constantFrom('stop', 'length', 'tool_calls').map((reason) => chunk({}, reason)),
      ),
      { maxLength: 40 },
    ),
    fc.constantFrom('stop', 'length', 'tool_calls', 'foo'),
    fc.boolean(),
  )
  .map(([frames, reason, done]): SseFrame[] => [...frames, chunk({}, reason), ...(done ? [DONE_FRAME] : [])]);

test('S21 any legal stream passes the state machine: one start a call, balanced, one finish, one end', () => {
  fc.assert(fc.property(legalStream, (frames) => checkOrder(readFrames(frames))));
});
