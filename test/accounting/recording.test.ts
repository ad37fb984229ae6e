import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { lengthOfRecording } from '../../src/accounting/recording.js';
import { recording } from '../../src/providers/sandbox-media.js';
import { fileOf } from '../kit/files.js';

const lengthOf = (bytes: Uint8Array) => lengthOfRecording(fileOf(bytes).bytes);

/** A WAV file's parts: what it says of itself, then so many bytes of sound. */
function wav({ bytesPerSecond, data, told = data }: { bytesPerSecond: number; data: number; told?: number }): Buffer {
  const header = Buffer.alloc(70);
  header.write('RIFF', 0).toString();
  header.write('WAVELIST', 8);
  header.writeUInt32LE(9, 16);
  header.write('fmt ', 30);
  header.writeUInt32LE(16, 34);
  header.writeUInt32LE(bytesPerSecond, 46);
  header.write('data', 54);
  header.writeUInt32LE(told, 58);
  return Buffer.concat([header.subarray(0, 62), Buffer.alloc(data)]);
}

function flac(samplesPerSecond: number, samples: bigint): Buffer {
  const header = Buffer.alloc(42);
  header.write('fLaC', 0);
  header.writeUInt8(34, 7);
  header.writeBigUInt64BE((BigInt(samplesPerSecond) << 44n) | (1n << 41n) | (15n << 36n) | samples, 18);
  return header;
}

test.each([
  ['the sandbox’s own', recording('one two three four five'), 2],
  ['chunks before it, an odd one too', wav({ bytesPerSecond: 1_000, data: 2_500 }), 3],
  ['cut off', wav({ bytesPerSecond: 1_000, data: 1_500, told: 9_000 }), 2],
  ['of a length left open', wav({ bytesPerSecond: 1_000, data: 1_500, told: 0xffffffff }), 2],
  ['of a length never written', wav({ bytesPerSecond: 1_000, data: 1_500, told: 0 }), 2],
  ['FLAC', flac(44_100, 44_100n * 61n + 1n), 62],
  ['FLAC of more samples than 32 bits', flac(96_000, 2n ** 33n), 89_479],
])('a header that tells the length is believed: %s', (_name, bytes, seconds) => {
  expect(lengthOf(bytes)).toEqual({ usual: seconds, most: seconds, isKnown: true });
});

test.each([
  ['no sound at all', Buffer.alloc(1_600_000), 100, 2_134],
  ['a rate of nothing', wav({ bytesPerSecond: 0, data: 15_938 }), 1, 22],
  ['FLAC of unknown length', flac(44_100, 0n), 1, 1],
  ['RIFF alone', Buffer.from('RIFF'), 1, 1],
])('else the size tells, between 128 and 6 kbit a second: %s', (_name, bytes, usual, most) => {
  expect(lengthOf(bytes)).toEqual({ usual, most, isKnown: false });
});

test('whatever bytes come, a length is told that is whole and not beyond its bound', () => {
  const bytes = fc.oneof(fc.uint8Array({ maxLength: 200 }), fc.uint8Array({ maxLength: 80 }).map((rest) => Buffer.concat([wav({ bytesPerSecond: 9, data: 0 }), rest]))); // prettier-ignore
  fc.assert(
    fc.property(bytes, (file) => {
      const { usual, most } = lengthOf(file);
      expect(Number.isSafeInteger(usual) && Number.isSafeInteger(most) && usual >= 0 && most >= usual).toBe(true);
    }),
  );
});
