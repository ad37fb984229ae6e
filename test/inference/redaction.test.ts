import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { redactAnswer, redactMessages, redactText } from '../../src/inference/redaction.js';

describe('REDACTED masks', () => {
  test.each([
    ['an e-mail address', 'mail ada.l+x@sub.example.co.uk now', 'mail [email] now'],
    ['a card number', 'pay 4111-1111-1111-1111 today', 'pay [card] today'],
    ['a provider key', 'use sk-proj-abcdefghij0123456789', 'use [key]'],
    ['a cloud key', 'AKIAIOSFODNN7EXAMPLEX', '[key]'],
    ['a bearer token', 'Authorization: Bearer abcdefghijklmnop.qrst', 'Authorization: [bearer]'],
    ['a JWT', 'eyJhbGciOiJIUzI1.eyJzdWIiOiIxMjM0.SflKxwRJSMeKKF2', '[token]'],
    ['a private key', '-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----', '[private key]'],
  ])('%s', (_, text, masked) => {
    expect(redactText(text)).toBe(masked);
  });

  test.each(['order 1234567890123', 'a@b', 'version 1.2.3', '2026-11-21 12:00:00', 'the key is under the mat', 'skip-this-one'])(
    'nothing in %j',
    (text) => {
      expect(redactText(text)).toBe(text);
    },
  );

  test('twice comes to the same as once, in time that grows with the text alone', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 500 }), (text) => redactText(redactText(text)) === redactText(text)));
    for (const text of [
      'a@'.repeat(50_000),
      '1 '.repeat(50_000),
      'eyJ.'.repeat(25_000),
      'a.'.repeat(50_000),
      `-----BEGIN PRIVATE KEY-----${'-'.repeat(50_000)}`,
    ]) {
      const startedMs = performance.now();
      redactText(text);
      expect(performance.now() - startedMs).toBeLessThan(2_000);
    }
  });
});

test('arguments, reasoning and refusals are masked too; media, signatures and sealed reasoning are dropped', () => {
  const messages = redactMessages([
    {
      role: 'USER',
      toolCallId: null,
      isError: false,
      parts: [
        { kind: 'image', media: { url: null, base64: 'QUJD', mimeType: 'image/png', name: 'ada@example.com.png' } },
        { kind: 'toolCall', id: 'c', name: 'mail', arguments: '{"to":"ada@example.com"}', signature: 's' },
      ],
    },
  ]);
  expect(messages[0]?.parts).toEqual([
    { kind: 'image', media: { url: null, base64: null, mimeType: 'image/png', name: null } },
    { kind: 'toolCall', id: 'c', name: 'mail', arguments: '{"to":"[email]"}', signature: null },
  ]);
  const answer = redactAnswer({
    refusal: 'not to ada@example.com',
    parts: [
      { kind: 'reasoning', text: 'ada@example.com?', redacted: 'sealed', signature: 's' },
      { kind: 'media', mimeType: 'image/png', url: 'https://x.test/1', base64: null },
    ],
  });
  expect(answer).toEqual({
    refusal: 'not to [email]',
    parts: [
      { kind: 'reasoning', text: '[email]?', redacted: null, signature: null },
      { kind: 'media', mimeType: 'image/png', url: null, base64: null },
    ],
  });
});
