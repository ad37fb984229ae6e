import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createProgressCount } from '../../src/accounting/journal/progress.js';
import { SETTLED_OUTCOMES, WHO_PAYS, estimateDelivered, settleUsage, sumUsage } from '../../src/accounting/outcomes.js';
import type { CallEnd, SettledOutcome } from '../../src/accounting/outcomes.js';
import { MEDIA_TOKENS } from '../../src/accounting/token-estimate.js';
import type { AssistantMessage } from '../../src/core/answer.js';
import { NO_TOKENS, NO_USAGE, TOKEN_CLASSES } from '../../src/core/usage.js';
import { anyClasses, reported } from './samples.js';

const NOTHING: AssistantMessage = { parts: [], refusal: null };
const SOME: AssistantMessage = { parts: [{ kind: 'text', text: 'ninechars', signature: null }], refusal: null };
const REPORTED = reported({ input: 40, output: 7 }, { raw: { total_tokens: 47 } });
const PROMPT = 21;

function settle(end: Partial<CallEnd> & { outcome: SettledOutcome }) {
  return settleUsage({ reported: null, delivered: NOTHING, accepted: true, promptEstimate: PROMPT, ...end });
}

const estimated = (input: number, output: number) => ({ ...NO_TOKENS, input, output, source: 'ESTIMATED', raw: null, inconsistent: false });

describe('who pays, by outcome', () => {
  describe.each(SETTLED_OUTCOMES)('%s', (outcome) => {
    test.each([
      ['words', SOME],
      ['no words', NOTHING],
    ])('reported, %s: as reported', (_what, delivered) => {
      for (const accepted of [true, false]) expect(settle({ outcome, reported: REPORTED, delivered, accepted })).toBe(REPORTED);
    });
  });

  test.each(SETTLED_OUTCOMES)('S8 %s, not reported, words seen: prompt and words, estimated and flagged', (outcome) => {
    expect(settle({ outcome, delivered: SOME })).toEqual(estimated(PROMPT, 3));
  });

  test.each<SettledOutcome>(['success', 'provider-failed'])('%s, nothing reported, no output: nothing', (outcome) => {
    for (const accepted of [true, false]) expect(settle({ outcome, accepted })).toEqual(NO_USAGE);
  });

  test.each<SettledOutcome>(['cancelled', 'gateway-failed'])(
    '%s, nothing reported, no output: the prompt where it was accepted',
    (outcome) => {
      expect(settle({ outcome, accepted: true })).toEqual(estimated(PROMPT, 0));
      expect(settle({ outcome, accepted: false })).toEqual(NO_USAGE);
    },
  );

  test('every cell of the table is one of those above', () => {
    const cells = Object.fromEntries(SETTLED_OUTCOMES.map((name) => [name, [WHO_PAYS[name].outputSeen, WHO_PAYS[name].noOutput]]));
    expect(cells).toEqual({
      success: ['prompt-and-delivered', 'nothing'],
      cancelled: ['prompt-and-delivered', 'prompt-if-accepted'],
      'provider-failed': ['prompt-and-delivered', 'nothing'],
      'gateway-failed': ['prompt-and-delivered', 'prompt-if-accepted'],
    });
  });

  test('S8 a reading of zero tokens is a reading, and is not replaced', () => {
    const zero = reported({});
    expect(settle({ outcome: 'success', reported: zero, delivered: SOME })).toBe(zero);
  });

  test('usage that nobody reported does not pass for reported', () => {
    expect(settle({ outcome: 'success', reported: NO_USAGE, delivered: SOME }).source).toBe('ESTIMATED');
  });

  test('a refusal counts as words', () => {
    expect(settle({ outcome: 'success', delivered: { parts: [], refusal: 'I can’t.' } }).output).toBe(3);
  });
});

describe('the estimate of what was delivered', () => {
  test('words and calls are output, thoughts are reasoning, media are image output', () => {
    const message: AssistantMessage = {
      parts: [
        { kind: 'reasoning', text: 'x'.repeat(8), redacted: null, signature: 'not counted' },
        { kind: 'text', text: 'y'.repeat(4), signature: 'not counted' },
        { kind: 'toolCall', id: 'not counted', name: 'look', arguments: '{"a":12}', signature: null },
        { kind: 'media', mimeType: 'image/png', url: null, base64: 'not counted' },
      ],
      refusal: null,
    };
    expect(estimateDelivered(message)).toEqual({ ...NO_TOKENS, output: 4, reasoning: 2, imageOutput: MEDIA_TOKENS.image });
  });

  test('sound counts by its length, the same in pieces and whole, compressed or not', () => {
    const sound = (mimeType: string, bytes: number) => ({ mimeType, url: null, base64: Buffer.alloc(bytes).toString('base64') });
    const delivered = (media: ReturnType<typeof sound>) => estimateDelivered({ parts: [{ kind: 'media', ...media }], refusal: null });
    expect(delivered(sound('audio/L16;rate=24000', 96_000))).toEqual({ ...NO_TOKENS, audioOutput: 50 });
    expect(delivered(sound('audio/mpeg', 32_000))).toEqual({ ...NO_TOKENS, audioOutput: 50 });
    const pieces = createProgressCount();
    for (const bytes of [1, 50_000, 45_999]) pieces.add([{ type: 'media', ...sound('audio/L16;rate=24000', bytes) }]);
    expect(pieces.delivered()).toEqual({ ...NO_TOKENS, audioOutput: 50 });
  });

  test('bytes count, not characters', () => {
    expect(estimateDelivered({ parts: [{ kind: 'text', text: '日本語', signature: null }], refusal: null }).output).toBe(3);
  });

  test('the same words in more parts are the same tokens', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme' })), (texts) => {
        const parts = texts.map((text) => ({ kind: 'text' as const, text, signature: null }));
        const joined = { kind: 'text' as const, text: texts.join(''), signature: null };
        expect(estimateDelivered({ parts, refusal: null })).toEqual(estimateDelivered({ parts: [joined], refusal: null }));
      }),
    );
  });
});

describe('the usage of several attempts', () => {
  test('classes add up', () => {
    fc.assert(
      fc.property(fc.array(anyClasses, { maxLength: 5 }), (list) => {
        const sum = sumUsage(list.map((classes) => reported(classes)));
        for (const name of TOKEN_CLASSES) expect(sum[name]).toBe(list.reduce((total, classes) => total + classes[name], 0));
      }),
    );
  });

  test.each([
    [[], 'NONE'],
    [[NO_USAGE, NO_USAGE], 'NONE'],
    [[NO_USAGE, REPORTED], 'REPORTED'],
    [[{ ...REPORTED, source: 'ESTIMATED' as const }, REPORTED], 'ESTIMATED'],
  ])('its source is the weakest that was billed (%#)', (usages, source) => {
    expect(sumUsage(usages).source).toBe(source);
  });

  test('the last reading and any inconsistency stay visible', () => {
    const sum = sumUsage([
      reported({ input: 1 }, { raw: { n: 1 }, inconsistent: true }),
      reported({ input: 1 }, { raw: { n: 2 } }),
      NO_USAGE,
    ]);
    expect(sum).toMatchObject({ input: 2, raw: { n: 2 }, inconsistent: true });
  });
});
