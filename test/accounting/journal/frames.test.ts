import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createFrameEncoder, readFrames } from '../../../src/accounting/journal/frames.js';

const line = fc.oneof(fc.string({ unit: 'grapheme', maxLength: 60 }), fc.json(), fc.constant(''));

function fileOf(texts: readonly string[]): { file: Buffer; ends: number[] } {
  const encoder = createFrameEncoder();
  const frames = texts.map((text) => Buffer.from(encoder.encode(text)));
  const ends: number[] = [];
  for (const frame of frames) ends.push((ends.at(-1) ?? 0) + frame.length);
  return { file: Buffer.concat(frames), ends };
}

describe('frames', () => {
  test('what was written is read, in its order', () => {
    fc.assert(
      fc.property(fc.array(line, { maxLength: 20 }), (texts) => {
        expect(readFrames(fileOf(texts).file)).toEqual({ texts, damagedBytes: 0, tornBytes: 0 });
      }),
    );
  });

  test('a line far larger than the one before fits', () => {
    const texts = ['small', '€'.repeat(300_000), 'small again'];
    expect(readFrames(fileOf(texts).file).texts).toEqual(texts);
  });

  test('a file cut anywhere keeps every whole line before the cut, and tells the rest', () => {
    fc.assert(
      fc.property(fc.array(line, { minLength: 1, maxLength: 12 }), fc.nat(), (texts, place) => {
        const { file, ends } = fileOf(texts);
        const cut = place % (file.length + 1);
        const whole = ends.filter((end) => end <= cut).length;
        expect(readFrames(file.subarray(0, cut))).toEqual({
          texts: texts.slice(0, whole),
          damagedBytes: 0,
          tornBytes: cut - (ends[whole - 1] ?? 0),
        });
      }),
    );
  });

  test('bytes changed in one line cost that line alone, and nothing is read that was not written', () => {
    const damage = fc.array(fc.record({ at: fc.nat(), to: fc.nat(255) }), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(fc.uniqueArray(line, { minLength: 2, maxLength: 12 }), fc.nat(), damage, (texts, which, changes) => {
        const { file, ends } = fileOf(texts);
        const victim = which % texts.length;
        const start = ends[victim - 1] ?? 0;
        const size = (ends[victim] ?? 0) - start;
        for (const { at, to } of changes) file[start + (at % size)] = to;
        const read = readFrames(file).texts;
        const others = texts.filter((_, index) => index !== victim);
        expect(read.filter((text) => text !== texts[victim])).toEqual(others);
        expect(read.length).toBeLessThanOrEqual(texts.length);
      }),
      { numRuns: 300 },
    );
  });

  test('any bytes at all are read without a throw, and yield nothing', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        const read = readFrames(Buffer.from(bytes));
        expect(read.texts).toEqual([]);
        expect(read.tornBytes).toBe(bytes.length);
      }),
    );
  });

  test('a damaged stretch in the middle is measured', () => {
    const { file, ends } = fileOf(['first', 'second', 'third']);
    file[(ends[0] ?? 0) + 13] = 0;
    expect(readFrames(file)).toEqual({ texts: ['first', 'third'], damagedBytes: (ends[1] ?? 0) - (ends[0] ?? 0), tornBytes: 0 });
  });
});
