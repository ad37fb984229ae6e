import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { cleanDetail } from '../../src/providers/detail.js';

test.each([
  ['Incorrect API key provided: sk-proj-abcdefgh12345678.', 'sk-proj'],
  ['Authorization: Bearer abcdef.ghijkl', 'abcdef.ghijkl'],
  ['GET https://x.test/v1?key=AIzaSyA1234567890123456789012345 failed', 'AIza'],
  ['{"api_key":"0123456789abcdef"}', '0123456789abcdef'],
  ['x-api-key: 0123456789abcdef', '0123456789abcdef'],
  ['token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl', 'eyJ'],
  ['gsk_abcdefghijklmnop and xai-abcdefghijklmnop', 'abcdefghijklmnop'],
])('K4 %s is cleaned', (text, secret) => {
  expect(cleanDetail(text, [])).not.toContain(secret);
  expect(cleanDetail(text, [])).toContain('[secret]');
});

test('K4 a known value is removed wherever it stands, also beyond the bound', () => {
  fc.assert(
    fc.property(fc.string(), fc.stringMatching(/^[a-zA-Z0-9+/]{12,60}$/), fc.string(), (before, secret, after) => {
      expect(cleanDetail(before + secret + after, [secret])).not.toContain(secret);
    }),
  );
  expect(cleanDetail(`${'x'.repeat(490)}secret-value-1`, ['secret-value-1'])).not.toContain('secret-v');
});

test('ordinary words stay', () => {
  const text = '429 rate_limit_exceeded Rate limit reached for gpt-4o in organization org-x on tokens per min (TPM)';
  expect(cleanDetail(text, ['', 'on'])).toBe(text);
});

test('it is one line of bounded length', () => {
  expect(cleanDetail('a\n\tb\u0000c', [])).toBe('a b c');
  expect(cleanDetail('y'.repeat(10_000), [])).toHaveLength(500);
});
