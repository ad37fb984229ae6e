import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import { Secret } from '../../src/core/secret.js';
import { createCipher, deriveKey } from '../../src/storage/cipher.js';

const MASTER_KEY = new Secret(Buffer.alloc(32, 7));
const cipher = createCipher({ masterKey: MASTER_KEY, purpose: 'test', randomBytes });
const BINDING = ['organization_1', 'provider_1'];

describe('an envelope', () => {
  test('gives back any text that went in', () => {
    fc.assert(fc.property(fc.string({ unit: 'grapheme' }), (text) => cipher.open(cipher.seal(text, BINDING), BINDING).reveal() === text));
  });

  test('never looks the same twice, nor holds the text', () => {
    const [first, second] = [cipher.seal('sk-secret', BINDING), cipher.seal('sk-secret', BINDING)];
    expect(first.equals(second)).toBe(false);
    expect(first.includes('sk-secret')).toBe(false);
  });

  test.each([
    ['another record', ['organization_1', 'provider_2']],
    ['another organization', ['organization_2', 'provider_1']],
    ['parts cut elsewhere', ['organization_1p', 'rovider_1']],
    ['nothing', []],
  ])('does not open for %s', (_name, binding) => {
    const envelope = cipher.seal('sk-secret', BINDING);
    expect(() => cipher.open(envelope, binding)).toThrow();
  });

  test('does not open under another master key or purpose', () => {
    const envelope = cipher.seal('sk-secret', BINDING);
    const others = [
      createCipher({ masterKey: new Secret(Buffer.alloc(32, 8)), purpose: 'test', randomBytes }),
      createCipher({ masterKey: MASTER_KEY, purpose: 'other', randomBytes }),
    ];
    for (const other of others) expect(() => other.open(envelope, BINDING)).toThrow();
  });

  test('does not open with any bit turned, or cut short', () => {
    const envelope = cipher.seal('sk-secret', BINDING);
    for (let bit = 0; bit < envelope.length * 8; bit += 1) {
      const turned = Buffer.from(envelope);
      turned.writeUInt8(turned.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      expect(() => cipher.open(turned, BINDING)).toThrow();
    }
    for (let length = 0; length < envelope.length; length += 1) expect(() => cipher.open(envelope.subarray(0, length), BINDING)).toThrow();
  });

  test('opens to a secret that does not print', () => {
    const opened = cipher.open(cipher.seal('sk-secret', BINDING), BINDING);
    expect(`${JSON.stringify({ opened })} ${inspect(opened)} ${String(opened)}`).not.toContain('sk-secret');
  });
});

test('each purpose has a key of its own, the same at every start', () => {
  expect(deriveKey(MASTER_KEY, 'a').equals(deriveKey(MASTER_KEY, 'b'))).toBe(false);
  expect(deriveKey(MASTER_KEY, 'a').equals(deriveKey(new Secret(Buffer.alloc(32, 7)), 'a'))).toBe(true);
  expect(deriveKey(MASTER_KEY, 'a')).toHaveLength(32);
});
