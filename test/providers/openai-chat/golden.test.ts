import { describe, expect, test } from '@jest/globals';
import { TOKEN_CLASSES } from '../../../src/core/usage.js';
import type { Answer } from '../../../src/core/answer.js';
import { answerOf, framesOf, goldenExchanges, openAiChatApi, readFrames } from '../support.js';

const exchanges = goldenExchanges('openai-chat');

function shortForm(answer: Answer) {
  const { usage } = answer;
  return {
    parts: answer.message.parts,
    refusal: answer.message.refusal,
    finishReason: answer.finishReason,
    rawFinishReason: answer.rawFinishReason,
    tokens: usage === null ? null : Object.fromEntries(TOKEN_CLASSES.map((name) => [name, usage[name]])),
    serviceTier: answer.serviceTier,
  };
}

describe.each(exchanges.map((exchange) => [exchange.name, exchange] as const))('%s', (_, exchange) => {
  test('its stream means what was said, and ends', () => {
    const answer = answerOf(readFrames(framesOf(exchange)));
    expect(shortForm(answer)).toEqual(exchange.expected);
    expect(answer).toMatchObject({ ended: true, failure: null });
  });

  test('S12 its unary body gives the same answer and usage as its stream', () => {
    const whole = answerOf(openAiChatApi().fromResponse(exchange.body));
    expect(shortForm(whole)).toEqual(exchange.expected);
    expect(whole).toEqual(answerOf(readFrames(framesOf(exchange))));
  });

  test('S17 exactly one finish, right before the end, in both forms', () => {
    for (const deltas of [readFrames(framesOf(exchange)), openAiChatApi().fromResponse(exchange.body)]) {
      expect(deltas.filter((delta) => delta.type === 'finish')).toHaveLength(1);
      expect(deltas.slice(-2).map((delta) => delta.type)).toEqual(['finish', 'end']);
    }
  });

  test('the usage keeps the vendor’s own object and is not flagged', () => {
    const { usage } = answerOf(openAiChatApi().fromResponse(exchange.body));
    if (exchange.expected.tokens === null) expect(usage).toBeNull();
    else expect(usage).toMatchObject({ source: 'REPORTED', inconsistent: false, raw: { total_tokens: expect.any(Number) } });
  });
});

test('there are fixtures of every vendor with a dialect of its own', () => {
  expect(exchanges.length).toBeGreaterThanOrEqual(12);
});
