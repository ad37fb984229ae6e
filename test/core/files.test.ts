import { expect, test } from '@jest/globals';
import { createHash } from 'node:crypto';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { createFileCollector, FileBytes, UploadedFile } from '../../src/core/files.js';

const parts = fc.array(
  fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    fc.integer({ min: 65_000, max: 70_000 }).map((size) => Buffer.alloc(size, size)),
  ),
  {
    maxLength: 12,
  },
);

test('however a file is cut into parts, the same bytes and the same hash come of it', () => {
  fc.assert(
    fc.property(parts, fc.nat(200_000), (chunks, count) => {
      const whole = Buffer.concat(chunks);
      const collector = createFileCollector();
      for (const chunk of chunks) {
        collector.add(chunk);
        // What a sender's buffer holds later is another file's.
        chunk.fill(0);
      }
      expect(collector.size).toBe(whole.byteLength);
      const file = collector.end();
      expect(file.size).toBe(whole.byteLength);
      expect(Buffer.concat(file.pieces).equals(whole)).toBe(true);
      expect(file.sha256).toBe(createHash('sha256').update(whole).digest('base64'));
      expect(new FileBytes(file.pieces).sha256).toBe(file.sha256);
      expect(file.head(count).equals(whole.subarray(0, count))).toBe(true);
    }),
  );
});

test('parts of a byte each take no more than the bytes they hold', () => {
  const collector = createFileCollector();
  for (let at = 0; at < 100_000; at += 1) collector.add(Uint8Array.of(at));
  const held = collector.end().pieces.reduce((sum, { buffer }) => sum + buffer.byteLength, 0);
  expect(held).toBe(2 * 65_536);
});

test('neither JSON nor a log nor a walk through an input shows the bytes', () => {
  const file = new UploadedFile(new FileBytes([Buffer.from('said in confidence')]), 'a.wav', null);
  expect(JSON.parse(JSON.stringify(file))).toEqual({
    bytes: { size: 18, sha256: createHash('sha256').update('said in confidence').digest('base64') },
    ...{ name: 'a.wav', mimeType: null },
  });
  expect(inspect(file, { depth: 9, showHidden: true })).not.toMatch(/confidence|73 61 69 64/);
  expect(Object.values(file.bytes)).toEqual([]);
});
