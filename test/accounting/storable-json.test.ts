import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { storableJson } from '../../src/accounting/storable-json.js';

test('what PostgreSQL can hold stays as it is', () => {
  fc.assert(
    fc.property(fc.jsonValue({ stringUnit: 'grapheme-ascii' }), (value) => {
      expect(storableJson(value)).toBe(JSON.stringify(value));
    }),
  );
});

test('neither NUL nor half a pair is left, in values or names', () => {
  const unit = fc.constantFrom('\0', '\ud83d', '\ude42', 'a', '\\', '\\u0000', '"');
  const text = fc.string({ unit });
  fc.assert(
    fc.property(fc.dictionary(text, fc.oneof(text, fc.array(text))), (value) => {
      const back = JSON.stringify(JSON.parse(storableJson(value)));
      expect(back.replaceAll('\\\\', '')).not.toMatch(/\\u(?:0000|d[89a-f])/);
    }),
  );
});

test('each is replaced by one replacement character; whole pairs and written escapes stay', () => {
  expect(JSON.parse(storableJson({ 'k\0': ['a\0b', '\ud83dx', '🙂', '\\u0000', 7, null, true] }))).toEqual({
    'k\ufffd': ['a\ufffdb', '\ufffdx', '🙂', '\\u0000', 7, null, true],
  });
});
