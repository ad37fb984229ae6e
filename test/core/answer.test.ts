import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { answerText, EMPTY_ANSWER, hasContent, isContent, reduceAnswer } from '../../src/core/answer.js';
import type { Answer, AnswerDelta } from '../../src/core/answer.js';
import { reported } from '../accounting/samples.js';

const fold = (...deltas: AnswerDelta[]): Answer => deltas.reduce(reduceAnswer, EMPTY_ANSWER);
const text = (words: string, signature?: string): AnswerDelta => ({
  type: 'text',
  text: words,
  ...(signature === undefined ? {} : { signature }),
});
const call = (index: number, argumentsDelta: string, head: { id?: string; name?: string } = {}): AnswerDelta => ({
  type: 'toolCall',
  index,
  argumentsDelta,
  ...head,
});

/** A text and where it is cut. */
const cutText = fc.tuple(fc.string({ unit: 'grapheme', maxLength: 60 }), fc.array(fc.nat(60), { maxLength: 8 })).map(([whole, places]) => {
  const cuts = [0, ...places.filter((place) => place <= whole.length).toSorted((a, b) => a - b), whole.length];
  return { whole, pieces: cuts.slice(1).map((end, position) => whole.slice(cuts[position], end)) };
});

describe('text', () => {
  test('any split of the words gives the same answer', () => {
    fc.assert(
      fc.property(cutText, ({ whole, pieces }) => {
        expect(fold(...pieces.map((piece) => text(piece)))).toEqual(fold(text(whole)));
      }),
    );
  });

  test('any split of the thoughts gives the same answer', () => {
    fc.assert(
      fc.property(cutText, ({ whole, pieces }) => {
        const deltas = pieces.map((piece): AnswerDelta => ({ type: 'reasoning', text: piece }));
        expect(fold(...deltas)).toEqual(fold({ type: 'reasoning', text: whole }));
      }),
    );
  });

  test('any split of a refusal gives the same answer', () => {
    fc.assert(
      fc.property(cutText, ({ whole, pieces }) => {
        expect(fold(...pieces.map((piece): AnswerDelta => ({ type: 'refusal', text: piece }))).message.refusal).toBe(whole);
      }),
    );
  });

  test('words after something else are a part of their own', () => {
    const { message } = fold(text('a'), { type: 'reasoning', text: 'b' }, text('c'), text('d'));
    expect(message.parts.map((part) => part.kind)).toEqual(['text', 'reasoning', 'text']);
    expect(answerText(message)).toBe('acd');
  });

  test('a signature closes its part', () => {
    const { message } = fold(text('a'), text('b', 's1'), text('c'));
    expect(message.parts).toEqual([
      { kind: 'text', text: 'ab', signature: 's1' },
      { kind: 'text', text: 'c', signature: null },
    ]);
  });

  test('an answer without words has no text', () => {
    expect(answerText(fold(call(0, '{}')).message)).toBeNull();
    expect(answerText(fold(text('')).message)).toBe('');
  });
});

describe('reasoning', () => {
  test('a signature that comes on its own closes the thoughts before it', () => {
    const { message } = fold({ type: 'reasoning', text: 'so' }, { type: 'reasoning', signature: 's' }, { type: 'reasoning', text: 'next' });
    expect(message.parts).toEqual([
      { kind: 'reasoning', text: 'so', redacted: null, signature: 's' },
      { kind: 'reasoning', text: 'next', redacted: null, signature: null },
    ]);
  });

  test('a redacted block stands alone', () => {
    const { message } = fold({ type: 'reasoning', text: 'a' }, { type: 'reasoning', redacted: 'x' }, { type: 'reasoning', text: 'b' });
    expect(message.parts).toEqual([
      { kind: 'reasoning', text: 'a', redacted: null, signature: null },
      { kind: 'reasoning', text: null, redacted: 'x', signature: null },
      { kind: 'reasoning', text: 'b', redacted: null, signature: null },
    ]);
  });
});

describe('tool calls', () => {
  test('parallel calls may come interleaved in any way', () => {
    const calls = fc.array(cutText, { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(calls, fc.infiniteStream(fc.nat(100)), (list, chance) => {
        const heads = list.map((_, index) => call(index, '', { id: `id${index}`, name: `tool${index}` }));
        const queues = list.map(({ pieces }, index) => pieces.map((piece) => call(index, piece)));
        const deltas: AnswerDelta[] = [];
        for (let left = queues.filter((queue) => queue.length > 0); left.length > 0; left = queues.filter((queue) => queue.length > 0)) {
          const delta = left[Number(chance.next().value) % left.length]?.shift();
          if (delta) deltas.push(delta);
        }
        expect(fold(...heads, ...deltas).message.parts).toEqual(
          list.map(({ whole }, index) => ({ kind: 'toolCall', id: `id${index}`, name: `tool${index}`, arguments: whole, signature: null })),
        );
      }),
    );
  });

  test('words between calls keep their place, and calls are still found', () => {
    const { message } = fold(
      text('I look.'),
      call(0, '{"a"', { id: 'x', name: 'look' }),
      text('And'),
      call(1, '', { id: 'y', name: 'see' }),
      call(0, ':1}'),
    );
    expect(message.parts.map((part) => (part.kind === 'toolCall' ? part.arguments : part.kind))).toEqual(['text', '{"a":1}', 'text', '']);
  });

  test('a name that comes after the first arguments is taken', () => {
    const [part] = fold(call(0, '{'), call(0, '}', { id: 'x', name: 'look' })).message.parts;
    expect(part).toEqual({ kind: 'toolCall', id: 'x', name: 'look', arguments: '{}', signature: null });
  });
});

describe('the rest', () => {
  test('S4 usage replaces what was said before, and is never added', () => {
    const answer = fold(
      { type: 'usage', usage: reported({ input: 5, output: 1 }) },
      { type: 'usage', usage: reported({ input: 5, output: 9 }) },
    );
    expect(answer.usage).toEqual(reported({ input: 5, output: 9 }));
  });

  test('the finish, the tier, a failure and the end are kept', () => {
    const failure = { class: 'OVERLOADED', detail: 'busy', httpStatus: 529, retryAfterMs: null } as const;
    expect(
      fold(
        { type: 'finish', reason: 'LENGTH', raw: 'max_tokens' },
        { type: 'serviceTier', serviceTier: 'flex' },
        { type: 'failure', failure },
        { type: 'end' },
      ),
    ).toEqual({
      ...EMPTY_ANSWER,
      finishReason: 'LENGTH',
      rawFinishReason: 'max_tokens',
      serviceTier: 'flex',
      failure,
      ended: true,
    });
  });

  test('an answer has content as soon as one delta had', () => {
    const deltas: AnswerDelta[] = [
      text('a'),
      { type: 'reasoning', text: 'a' },
      call(0, ''),
      { type: 'media', mimeType: 'image/png', url: null, base64: 'AAAA' },
      { type: 'refusal', text: 'no' },
      { type: 'usage', usage: reported({}) },
      { type: 'finish', reason: 'STOP', raw: 'stop' },
      { type: 'serviceTier', serviceTier: 'default' },
      { type: 'failure', failure: { class: 'TIMEOUT', detail: '', httpStatus: null, retryAfterMs: null } },
      { type: 'end' },
    ];
    for (const delta of deltas) expect(hasContent(fold(delta))).toBe(isContent(delta));
    expect(deltas.filter(isContent)).toHaveLength(5);
  });

  test('sound that comes in pieces is one part, however it is cut; pictures and files stay apart', () => {
    const media = (bytes: Uint8Array, mimeType: string): AnswerDelta => ({
      ...{ type: 'media', mimeType, url: null },
      base64: Buffer.from(bytes).toString('base64'),
    });
    const pieces = fc.array(fc.uint8Array({ minLength: 1, maxLength: 9 }), { minLength: 1, maxLength: 9 });
    fc.assert(
      fc.property(pieces, (all) => {
        const sound = (bytes: Uint8Array) => media(bytes, 'audio/L16;codec=pcm;rate=24000');
        expect(fold(...all.map(sound))).toEqual(fold(sound(Buffer.concat(all))));
        for (const mimeType of ['image/png', 'audio/wav'])
          expect(fold(...all.map((bytes) => media(bytes, mimeType))).message.parts).toHaveLength(all.length);
      }),
    );
    const [one, other] = [media(Buffer.of(1), 'audio/pcm;rate=8000'), media(Buffer.of(2), 'audio/pcm;rate=16000')];
    expect(fold(one, other).message.parts).toHaveLength(2);
  });

  test('an earlier answer is not changed by a later delta', () => {
    const before = fold(text('a'), call(0, '{'));
    const copy = structuredClone(before);
    fold(text('a'));
    reduceAnswer(reduceAnswer(before, text('b')), call(0, '}'));
    expect(before).toEqual(copy);
  });
});
