import { describe, expect, test } from '@jest/globals';
import type { AnswerDelta } from '../../src/core/answer.js';
import { UnreadableBody } from '../../src/providers/contract.js';
import { answerOf, checkOrder } from '../providers/support.js';
import { readBytes } from './reading.js';
import { EACH_VOICE, bytesOfSaid, say, streamOf } from './voices.js';
import type { Said, Voice } from './voices.js';

const LETTERS = '안녕하세요 🌍 ą€漢';

const answer = (voice: Voice, said: readonly Said[], ending?: Partial<Said<'end'>>) =>
  answerOf(readBytes(voice.wireFormat, streamOf(voice, said, ending)));

function textOf(deltas: readonly AnswerDelta[]): string {
  return deltas.flatMap((delta) => (delta.type === 'text' ? delta.text : [])).join('');
}

function callsOf(deltas: readonly AnswerDelta[]) {
  return answerOf(deltas).message.parts.flatMap((part) =>
    part.kind === 'toolCall' ? [[part.id, part.name, part.arguments] as const] : [],
  );
}

describe.each(EACH_VOICE)('%s', (format, voice) => {
  const read = (pieces: readonly Uint8Array[]) => readBytes(format, pieces);
  const bytesOf = (said: readonly Said[]) => Buffer.concat(streamOf(voice, said));
  const pieces = [`{"text":"${LETTERS.slice(0, 7)}`, `${LETTERS.slice(7)}"}`];
  const lettered = [...say.text(0, LETTERS), ...say.call(1, 'say', pieces)];

  test('S1 letters of several bytes survive a split at every byte, in text and in arguments', () => {
    const bytes = bytesOf(lettered);
    const expected = [['id_1', 'say', JSON.stringify({ text: LETTERS })]];
    for (let at = 0; at <= bytes.length; at += 1) {
      const deltas = read([bytes.subarray(0, at), bytes.subarray(at)]);
      expect([textOf(deltas), callsOf(deltas)]).toEqual([LETTERS, expected]);
    }
    const dripped = read([...bytes].map((byte) => Uint8Array.of(byte)));
    expect([textOf(dripped), callsOf(dripped)]).toEqual([LETTERS, expected]);
  });

  test('S1 a tail that was truncated within a letter is an error, not hidden', () => {
    const whole = Buffer.concat(streamOf(voice, say.text(0, LETTERS)).slice(0, -1));
    const at = whole.lastIndexOf(Buffer.from('漢')) + 1;
    expect(() => read([whole.subarray(0, at)])).toThrow(UnreadableBody);
  });

  test('S2 frames cut in a key or between two, and five in one chunk, are the same events', () => {
    const frames = streamOf(
      voice,
      ['one', ' two', ' three'].flatMap((words) => say.text(0, words)),
    );
    const bytes = Buffer.concat(frames);
    const expected = read(frames);
    expect(textOf(expected)).toBe('one two three');
    const key = bytes.indexOf('text') > 0 ? bytes.indexOf('text') + 2 : bytes.indexOf('content') + 3;
    const gap = (frames[0]?.length ?? 0) - 1;
    for (const cut of [key, gap, gap + 1]) expect(read([bytes.subarray(0, cut), bytes.subarray(cut)])).toEqual(expected);
    expect(read([Buffer.concat(frames.slice(0, 5)), ...frames.slice(5)])).toEqual(expected);
  });

  test('S3 colons, quotes and brackets within the words are words', () => {
    const words = '": ["} data: {x}: \\n\n\ndata: [DONE]';
    const said = [...say.text(0, words), ...say.call(1, 'x', [JSON.stringify({ words })])];
    const deltas = read(streamOf(voice, said));
    expect([textOf(deltas), callsOf(deltas)]).toEqual([words, [['id_1', 'x', JSON.stringify({ words })]]]);
    const spaceless = Buffer.from(
      bytesOf(said)
        .toString('latin1')
        .replaceAll(/^(data|event): /gm, '$1:'),
      'latin1',
    );
    if (voice.contentType === 'text/event-stream') expect(read([spaceless])).toEqual(deltas);
  });

  test('S4 what is no event of the answer is ignored, whatever the lines end in', () => {
    const frames = streamOf(voice, [...say.text(0, 'one'), ...say.text(0, ' two')]);
    const expected = read(frames);
    const noisy = frames.flatMap((frame) => [...noiseOf(voice), frame]);
    expect(read(noisy)).toEqual(expected);
    if (voice.contentType !== 'text/event-stream') return;
    const windows = `\uFEFF${Buffer.concat(noisy).toString('utf8').replaceAll('\n', '\r\n')}`;
    expect(read([Buffer.from(windows)])).toEqual(expected);
  });

  test('S6 an error as the first event of a 200 is a typed failure that keeps its status', () => {
    const deltas = read([bytesOfSaid(voice, { say: 'overloaded' }), ...streamOf(voice, say.text(0, 'inert'))]);
    expect(deltas).toEqual([
      { type: 'failure', failure: expect.objectContaining({ class: 'OVERLOADED', httpStatus: voice.overloadedStatus }) },
    ]);
  });

  test('S9 S10 running totals replace each other, and nothing is multiplied', () => {
    const first = { say: 'running', prompt: 25, answer: 1 } as const;
    const counted = (said: readonly Said[], ending: { prompt: number; answer: number }) => answer(voice, said, ending).usage;
    expect(counted([first, ...say.text(0, 'Hi')], { prompt: 25, answer: 15 })).toMatchObject({ input: 25, output: 15 });
    const fifty = Array.from({ length: 50 }, (_, n) => ({ say: 'running', prompt: 13_856, answer: n + 1 }) as const);
    const usage = counted(
      fifty.flatMap((running) => [...say.text(0, 'x'), running]),
      { prompt: 13_856, answer: 50 },
    );
    expect(usage).toMatchObject({ input: 13_856, output: 50, inconsistent: false });
  });

  test('S14 three parallel calls are 0, 1, 2, with id and name once each, and arguments that parse', () => {
    const deltas = read(
      streamOf(
        voice,
        [0, 1, 2].flatMap((at) => say.call(at, `tool_${String(at)}`, ['{"n":', `${String(at)}}`])),
      ),
    );
    const starts = deltas.flatMap((delta) => (delta.type === 'toolCall' && delta.id !== undefined ? [delta] : []));
    expect(starts.map(({ index, id, name }) => [index, id, name])).toEqual(
      [0, 1, 2].map((at) => [at, `id_${String(at)}`, `tool_${String(at)}`]),
    );
    expect(callsOf(deltas).map(([, , args]) => JSON.parse(args) as unknown)).toEqual([{ n: 0 }, { n: 1 }, { n: 2 }]);
    checkOrder(deltas);
  });

  test('S15 arguments that come 0, 1, 0, 1 land on their own calls, and none behind its end', () => {
    const one = say.call(0, 'one', ['{"city"', ':"Paris"}']);
    const other = say.call(1, 'two', ['{"zone"', ':"UTC"}']);
    const turns = one.flatMap((each, position) => [each, other[position] ?? each]);
    const late = { say: 'arguments', at: 0, piece: 'late' } as const;
    // The chat form has no end of a call but the answer's.
    const deltas = read(streamOf(voice, format === 'OPENAI_CHAT' ? turns : [...turns, late]));
    expect(callsOf(deltas)).toEqual([
      ['id_0', 'one', '{"city":"Paris"}'],
      ['id_1', 'two', '{"zone":"UTC"}'],
    ]);
    checkOrder(deltas);
  });

  test('S14 S21 a call that begins twice is one, and what names no tool is none', () => {
    const [start] = say.call(0, 'one', ['{}']);
    const nameless = say.call(1, '', ['{}']);
    // Where calls come whole and without numbers, the same call again is another.
    const twice = start !== undefined && voice.pieces ? [start] : [];
    const deltas = read(streamOf(voice, [...twice, ...say.call(0, 'one', ['{}']), ...nameless]));
    expect(callsOf(deltas)).toEqual([['id_0', 'one', '{}']]);
    checkOrder(deltas);
  });

  test('S16 twenty pieces of arguments are twenty deltas, each told with the bytes that it came in', () => {
    const parts = ['{"a":"', ...Array.from({ length: 18 }, (_, n) => `p${String(n)} `), '"}'];
    const heard: AnswerDelta[][] = [];
    readBytes(format, streamOf(voice, say.call(0, 'x', parts)), (deltas) => heard.push([...deltas]));
    const told = heard.map((deltas) => deltas.flatMap((delta) => (delta.type === 'toolCall' ? [delta.argumentsDelta] : [])));
    expect(told.flat().join('')).toBe(parts.join(''));
    if (voice.pieces) expect(told.filter((deltas) => deltas.length > 0).slice(-20)).toEqual(parts.map((part) => [part]));
  });

  test('S17 a stop behind calls is TOOL_CALLS, told once, at the end', () => {
    const deltas = read(streamOf(voice, say.call(0, 'x', ['{}']), { reason: voice.stop }));
    expect(deltas.filter(({ type }) => type === 'finish')).toEqual([{ type: 'finish', reason: 'TOOL_CALLS', raw: voice.stop }]);
    checkOrder(deltas);
  });

  test('S18 a reason that nobody knows is OTHER, with its own word, and never STOP', () => {
    expect(answer(voice, say.text(0, 'Hi'), { reason: 'foo_bar' })).toMatchObject({ finishReason: 'OTHER', rawFinishReason: 'foo_bar' });
    expect(answer(voice, say.text(0, 'Hi'))).toMatchObject({ finishReason: 'STOP', rawFinishReason: voice.stop });
  });

  test('S20 cut anywhere before its end, an answer has no end and no finish', () => {
    const frames = streamOf(voice, [...say.text(0, 'Hi'), ...say.call(1, 'x', ['{"a":', '1}'])]);
    for (let kept = 0; kept < frames.length; kept += 1)
      expect(answerOf(read(frames.slice(0, kept)))).toMatchObject({ ended: false, finishReason: null, failure: null });
  });
});

/** What a server may send besides: comments, other fields, events of kinds that are not known. */
function noiseOf({ contentType, wireFormat, words }: Voice): readonly Buffer[] {
  if (contentType !== 'text/event-stream') return [words.begin({ say: 'begin' })];
  const lines = [': ping - 2\n\n', '\n\n', 'id: 7\nretry: 100\n\n', 'event: ping\n\n', 'data:\n\n'];
  const unknown = wireFormat === 'GEMINI' ? [] : ['event: brand_new\ndata: {"type":"brand_new"}\n\n'];
  return [...lines, ...unknown].map((line) => Buffer.from(line));
}
