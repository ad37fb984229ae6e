import { describe, expect, test } from '@jest/globals';
import type { Part } from '../../../src/core/completion.js';
import type { WireFormat } from '../../../src/core/vocabulary.js';
import { addDetails, detailsOf, signatureOf } from '../../../src/providers/openai-chat/reasoning-details.js';
import { answerOf, chatApi, goldenExchanges, makeCall, makeTarget, message } from '../support.js';

const recorded = goldenExchanges('openai-chat').find(({ name }) => name === 'openrouter-reasoning-details');
const parts = answerOf(chatApi('OPENAI_CHAT').fromResponse(recorded?.body ?? null)).message.parts.filter(
  (part): part is Part & typeof part => part.kind !== 'media',
);
const WHOLE = [
  { type: 'reasoning.text', text: 'The user wants the weather.', format: 'anthropic-claude-v1', index: 0, signature: 'EqQBCgIYAh' },
  { type: 'reasoning.encrypted', data: 'EmwKAhgB', format: 'anthropic-claude-v1', index: 1 },
];

function secondTurn(wireFormat: WireFormat, preset: string | null) {
  const messages = [message('USER', 'Weather?'), message('ASSISTANT', parts), message('TOOL', 'Sunny.', { toolCallId: 'toolu_1' })];
  return chatApi(wireFormat).toRequest(makeCall({ messages }), makeTarget({ wireFormat, preset }), {
    stream: false,
    refusedParameters: new Set(),
  });
}

describe('reasoning that its maker signed', () => {
  test('P1 P3 P14 goes back to OpenRouter unchanged, and once', () => {
    const { body, warnings } = secondTurn('OPENAI_CHAT', 'openrouter');
    expect(body['messages']).toEqual([
      { role: 'user', content: 'Weather?' },
      {
        role: 'assistant',
        content: null,
        reasoning_details: WHOLE,
        tool_calls: [{ id: 'toolu_1', type: 'function', function: { name: 'weather', arguments: '{"city":"Paris"}' } }],
      },
      { role: 'tool', tool_call_id: 'toolu_1', content: 'Sunny.' },
    ]);
    expect(warnings).toEqual([]);
  });

  test.each<[WireFormat, string | null]>([
    ['OPENAI_CHAT', 'openai'],
    ['OPENAI_CHAT', 'deepseek'],
    ['ANTHROPIC_MESSAGES', null],
    ['GEMINI', null],
    ['OPENAI_RESPONSES', null],
    ['BEDROCK_CONVERSE', null],
  ])('P3 to %s (%s) goes nothing of it but words', (wireFormat, preset) => {
    expect(JSON.stringify(secondTurn(wireFormat, preset).body)).not.toMatch(/openrouter:|EqQB|reasoning_details/);
  });
});

test('what nobody signed or closed needs no details beside its words', () => {
  expect(signatureOf(addDetails([], [{ type: 'reasoning.text', text: 'hm', index: 0 }]))).toBeNull();
  expect(signatureOf([])).toBeNull();
});

test('what is no such signature holds no details', () => {
  for (const signature of [null, 'EqQB', 'openrouter:', 'openrouter:bm9uc2Vuc2U']) expect(detailsOf(signature)).toEqual([]);
});
