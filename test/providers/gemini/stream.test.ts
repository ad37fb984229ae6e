import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { FINISH_REASON_TABLE, fromGeminiUsage } from '../../../src/providers/gemini/answer.js';
import { UnreadableBody } from '../../../src/providers/contract.js';
import { answerOf, chatApi, checkOrder, frame, readFrames } from '../support.js';

const api = chatApi('GEMINI');
const chunk = (parts: readonly object[], finishReason?: string, usage?: object) =>
  frame({
    candidates: [{ content: { parts }, ...(finishReason === undefined ? {} : { finishReason }) }],
    ...(usage === undefined ? {} : { usageMetadata: usage }),
  });
const read = (...frames: ReturnType<typeof frame>[]) => readFrames(frames, 'GEMINI');

test('S10 fifty chunks with running totals are one usage', () => {
  const chunks = Array.from({ length: 50 }, (_, n) =>
    chunk([{ text: 'x' }], undefined, { promptTokenCount: 13_856, candidatesTokenCount: n + 1 }),
  );
  expect(answerOf(read(...chunks, chunk([], 'STOP'))).usage).toMatchObject({ input: 13_856, output: 50 });
});

test('S17 a call, then an empty chunk with STOP: one finish, TOOL_CALLS', () => {
  const deltas = read(chunk([{ functionCall: { name: 'weather', args: {} } }]), chunk([{ text: '' }], 'STOP'));
  checkOrder(deltas);
  expect(answerOf(deltas)).toMatchObject({ finishReason: 'TOOL_CALLS', rawFinishReason: 'STOP' });
});

test.each([...FINISH_REASON_TABLE, ['FOO_BAR', 'OTHER']] as const)('S18 %s is %s in both forms, with the raw word', (raw, expected) => {
  const streamed = answerOf(read(chunk([{ text: 'Hi' }], raw)));
  expect(streamed).toMatchObject({ finishReason: expected, rawFinishReason: raw });
  expect(answerOf(api.fromResponse({ candidates: [{ content: { parts: [{ text: 'Hi' }] }, finishReason: raw }] }))).toEqual(streamed);
});

test('S20 without a finish a stream has no end', () => {
  expect(read(chunk([{ text: 'Hi' }], undefined, { promptTokenCount: 5 }))).toEqual([{ type: 'text', text: 'Hi' }]);
});

test('S14 parallel calls in one chunk and over several keep their own numbers', () => {
  const call = (n: number) => ({ functionCall: { name: `tool_${String(n)}`, args: { n } } });
  const deltas = read(chunk([call(0), call(1)]), chunk([call(2)], 'STOP'));
  checkOrder(deltas);
  expect(answerOf(deltas).message.parts.map((part) => part.kind === 'toolCall' && [part.id, part.arguments])).toEqual([
    ['call_0', '{"n":0}'],
    ['call_1', '{"n":1}'],
    ['call_2', '{"n":2}'],
  ]);
});

test('P1 both placements and spellings of a signature are read', () => {
  const call = { name: 'x', args: {} };
  for (const part of [
    { functionCall: call, thoughtSignature: 's' },
    { functionCall: { ...call, thoughtSignature: 's' } },
    { functionCall: call, thought_signature: 's' },
  ])
    expect(answerOf(read(chunk([part], 'STOP'))).message.parts).toMatchObject([{ kind: 'toolCall', signature: 's' }]);
});

describe('errors inside a 200', () => {
  test.each([
    [503, 'UNAVAILABLE', 'OVERLOADED'],
    [429, 'RESOURCE_EXHAUSTED', 'RATE_LIMITED'],
    [500, 'INTERNAL', 'SERVER_ERROR'],
    [400, 'INVALID_ARGUMENT', 'CALLER'],
  ])('S6 S29 %d %s is %s, first or late', (code, status, failureClass) => {
    const error = frame({ error: { code, status, message: 'No.' } });
    for (const frames of [[error], [chunk([{ text: 'Hi' }]), error, chunk([], 'STOP')]])
      expect(answerOf(read(...frames))).toMatchObject({ ended: false, failure: { class: failureClass, httpStatus: code } });
  });
});

test.each([[null], ['text'], [[]], [{}], [{ usageMetadata: {} }]])('a unary body %j is unreadable', (body) => {
  expect(() => api.fromResponse(body)).toThrow(UnreadableBody);
});

test('C7 C10 C17 C23 every reading gives disjoint classes that sum to what was billed', () => {
  const tokens = fc.nat(1000);
  const raws = fc.record({
    promptTokenCount: tokens,
    candidatesTokenCount: tokens,
    thoughtsTokenCount: tokens,
    cachedContentTokenCount: tokens,
    image: tokens,
  });
  fc.assert(
    fc.property(raws, ({ image, ...raw }) => {
      const usage = fromGeminiUsage({ ...raw, promptTokensDetails: [{ modality: 'IMAGE', tokenCount: image }] });
      if (usage === null) return;
      expect(usage.input + usage.cachedInput + usage.imageInput).toBe(raw.promptTokenCount);
      expect(usage.output + usage.reasoning).toBe(raw.candidatesTokenCount + raw.thoughtsTokenCount);
      expect(usage.inconsistent).toBe(raw.cachedContentTokenCount + image > raw.promptTokenCount);
    }),
  );
  expect(fromGeminiUsage({ tokens: 5 })).toBeNull();
});

test('S21 any legal stream passes the state machine', () => {
  const part = fc.oneof(
    fc.string().map((text) => ({ text })),
    fc.string().map((text) => ({ text, thought: true })),
    fc.string({ minLength: 1 }).map((thoughtSignature) => ({ text: 'x', thoughtSignature })),
    fc.dictionary(fc.string(), fc.integer()).map((args) => ({ functionCall: { name: 'weather', args } })),
  );
  const chunks = fc.array(fc.array(part, { maxLength: 4 }), { maxLength: 10 });
  fc.assert(fc.property(chunks, (all) => checkOrder(read(...all.map((parts) => chunk(parts)), chunk([], 'STOP')))));
});

describe('error statuses', () => {
  const fail = (status: number, message: string) =>
    api.toFailure({
      status,
      headers: {},
      body: JSON.stringify({ error: { code: status, message, status: 'INVALID_ARGUMENT' } }),
      receivedAt: new Date(0),
    });

  test.each([
    ['Penalty is not enabled for models/gemini-2.5-pro', 'penalties'],
    ['Thinking level is not supported for this model.', 'thinkingConfig'],
    ['Invalid JSON payload received. Unknown name "top_k" at \'generation_config\': Cannot find field.', 'topK'],
  ])('P10 %s', (message, parameter) => {
    expect(fail(400, message)).toMatchObject({ class: 'UNSUPPORTED_PARAMETER', parameter });
  });

  test('a body that is no JSON is kept in the detail', () => {
    expect(api.toFailure({ status: 502, headers: {}, body: '<html>', receivedAt: new Date(0) })).toMatchObject({
      class: 'SERVER_ERROR',
      detail: '502 <html>',
    });
  });
});
