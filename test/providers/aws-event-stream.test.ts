import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { crc32 } from 'node:zlib';
import { EXCEPTION, createEventStreamDecoder } from '../../src/providers/aws-event-stream.js';
import { UnreadableBody } from '../../src/providers/contract.js';
import type { SseFrame } from '../../src/providers/contract.js';
import { awsEvent, awsException, awsFrame, awsMessage } from '../kit/aws-frames.js';

function decode(pieces: readonly Uint8Array[]): readonly SseFrame[] {
  const frames: SseFrame[] = [];
  const decoder = createEventStreamDecoder((frame) => frames.push(frame));
  for (const piece of pieces) decoder.push(piece);
  decoder.end();
  return frames;
}

function cutAt(bytes: Uint8Array, cuts: readonly number[]): readonly Uint8Array[] {
  const ends = [...new Set([...cuts, bytes.length])].sort((a, b) => a - b);
  return ends.map((end, position) => bytes.subarray(ends[position - 1] ?? 0, end));
}

test('S1 S2 any events, split at any bytes, are the same events', () => {
  const event = fc.record({ type: fc.stringMatching(/^[a-zA-Z]{1,20}$/), text: fc.string({ unit: 'grapheme', maxLength: 80 }) });
  fc.assert(
    fc.property(fc.array(event, { maxLength: 6 }), fc.array(fc.nat(2_000), { maxLength: 12 }), (events, cuts) => {
      const bytes = Buffer.concat(events.map(({ type, text }) => awsEvent({ [type]: { text } })));
      const inside = cuts.filter((cut) => cut < bytes.length);
      const expected = events.map(({ type, text }) => ({ event: null, data: JSON.stringify({ [type]: { text } }) }));
      expect(decode(cutAt(bytes, inside))).toEqual(expected);
    }),
  );
});

test('the vendor’s own example of a message without headers or payload is one', () => {
  // From the test vectors of the vendor's own libraries: an empty message.
  const empty = Buffer.from('000000100000000005c248eb7d98c8ff', 'hex');
  expect(awsFrame(Buffer.alloc(0), Buffer.alloc(0))).toEqual(empty);
  expect(decode([empty])).toHaveLength(1);
});

test('S6 P15 exceptions and errors are frames of their own name', () => {
  const error = awsMessage({ ':message-type': 'error', ':error-code': 'InternalError', ':error-message': 'An "internal" error' }, '');
  expect(decode([awsException('throttlingException', { message: 'Too many' }), error])).toEqual([
    { event: EXCEPTION, data: '{"throttlingException":{"message":"Too many"}}' },
    { event: EXCEPTION, data: '{"InternalError":{"message":"An \\"internal\\" error"}}' },
  ]);
});

test('headers of every type are stepped over', () => {
  const named = (name: string, ...value: number[]) => Buffer.from([name.length, ...Buffer.from(name), ...value]);
  const fixed = [0, 1]
    .map((type) => named('b', type))
    .concat(
      [
        [2, 1],
        [3, 2],
        [4, 4],
        [5, 8],
        [8, 8],
        [9, 16],
      ].map(([type = 0, size = 0]) => named('n', type, ...Buffer.alloc(size, 7))),
    );
  const bytes = named('y', 6, 0, 3, 1, 2, 3);
  const text = (name: string, value: string) => named(name, 7, 0, value.length, ...Buffer.from(value));
  const headers = Buffer.concat([...fixed, bytes, text(':message-type', 'event'), text(':event-type', 'ping')]);
  expect(decode([awsFrame(headers, Buffer.from('{"a":1}'))])).toEqual([{ event: null, data: '{"ping":{"a":1}}' }]);
});

describe('S21 what is corrupt is told, never patched', () => {
  const whole = awsEvent({ contentBlockDelta: { contentBlockIndex: 0, delta: { text: 'Hello' } } });
  const withByte = (position: number, value: number) => {
    const bytes = Buffer.from(whole);
    bytes[position] = value;
    return bytes;
  };

  test('one wrong byte anywhere', () => {
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), (position, change) => {
        const bytes = withByte(position, (whole[position] ?? 0) ^ change);
        expect(() => decode([bytes, Buffer.alloc(64)])).toThrow(UnreadableBody);
      }),
    );
  });

  test.each<[string, readonly Uint8Array[]]>([
    ['an end in the middle of a prelude', [whole, whole.subarray(0, 5)]],
    ['an end in the middle of a message', [whole.subarray(0, whole.length - 1)]],
    ['text that is no UTF-8', [awsFrame(Buffer.alloc(0), Buffer.of(0xff, 0xfe))]],
    ['headers that end within one', [awsFrame(Buffer.of(9, 65), Buffer.alloc(0))]],
    ['a header of no known type', [awsFrame(Buffer.of(1, 65, 10, 0, 0), Buffer.alloc(0))]],
    ['a header longer than all', [awsFrame(Buffer.of(1, 65, 7, 0xff, 0xff), Buffer.alloc(0))]],
  ])('%s', (_, pieces) => {
    expect(() => decode(pieces)).toThrow(UnreadableBody);
  });

  test('a message that would be larger than any should be is refused by its prelude', () => {
    const huge = Buffer.alloc(12);
    huge.writeUInt32BE(0x7fffffff, 0);
    huge.writeUInt32BE(crc32(huge.subarray(0, 8)), 8);
    expect(() => decode([huge])).toThrow('too large');
  });
});
