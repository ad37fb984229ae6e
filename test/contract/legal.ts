import { expect } from '@jest/globals';
import type { AnswerDelta } from '../../src/core/answer.js';
import { answerOf } from '../providers/support.js';

/**
 * The state machine that every stream of deltas passes, whatever the vendor said:
 * 1. A call begins once, with the next number, an id and a name; later deltas of it have neither.
 * 2. Nothing is said that says nothing.
 * 3. There is one finish at most, right before the one end; nothing comes behind the end or a failure.
 */
export function checkLegal(deltas: readonly AnswerDelta[]): void {
  let begun = 0;
  for (const [position, delta] of deltas.entries()) {
    const isLast = position === deltas.length - 1;
    switch (delta.type) {
      case 'toolCall':
        if (delta.index === begun) {
          expect(delta).toMatchObject({ id: expect.stringMatching(/./s), name: expect.stringMatching(/./s) });
          begun += 1;
        } else {
          expect(delta.index).toBeLessThan(begun);
          expect([delta.id, delta.name]).toEqual([undefined, undefined]);
        }
        break;
      case 'text':
        expect(delta.text !== '' || delta.signature !== undefined).toBe(true);
        break;
      case 'reasoning':
        expect([delta.text, delta.redacted, delta.signature].some((said) => said !== undefined && said !== '')).toBe(true);
        break;
      case 'finish':
        expect(deltas[position + 1]?.type).toBe('end');
        break;
      case 'end':
        expect([deltas[position - 1]?.type, isLast]).toEqual(['finish', true]);
        break;
      case 'failure':
        expect(isLast).toBe(true);
        break;
      default:
    }
  }
  expect(answerOf(deltas).message.parts.filter(({ kind }) => kind === 'toolCall')).toHaveLength(begun);
}
