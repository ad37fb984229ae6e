import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createHmac, randomBytes } from 'node:crypto';
import { createKeyHash, generateKey, parseKey, shownPrefix } from '../../src/auth/key-format.js';
import { Secret } from '../../src/core/secret.js';
import { withRoom } from '../kit/room.js';

const NONSENSE = [
  `' OR 1=1--`,
  '%',
  '',
  ' ',
  '\0',
  `gp_${'\0'.repeat(39)}`,
  'ключ',
  '🔑'.repeat(21),
  `gp_${'é'.repeat(39)}`,
  'x'.repeat(1_048_576),
];

describe('a generated key', () => {
  test('is gp_ and 39 base-62 characters, and parses', () => {
    const key = generateKey(randomBytes);
    expect(key).toMatch(/^gp_[0-9A-Za-z]{39}$/);
    expect(parseKey(key)).toBe(key);
  });

  test('holds at least 190 random bits, each digit as likely as any other', () => {
    expect(33 * Math.log2(62)).toBeGreaterThan(190);
    const counts = new Map<string, number>();
    for (let made = 0; made < 2_000; made += 1)
      for (const digit of generateKey(randomBytes).slice(3, 36)) counts.set(digit, (counts.get(digit) ?? 0) + 1);
    const expected = (2_000 * 33) / 62;
    const chiSquare = [...counts.values()].reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
    expect(counts.size).toBe(62);
    // 61 degrees of freedom: beyond 120 lies one run in 100,000.
    expect(chiSquare).toBeLessThan(120);
  });

  test('takes bytes that would favour some digits for none', () => {
    const batches = [Buffer.alloc(33, 255), Buffer.alloc(33, 248), Buffer.alloc(33, 61)];
    expect(generateKey(() => batches.shift() ?? Buffer.alloc(33)).slice(3, 36)).toBe('z'.repeat(33));
  });

  test('shows no more than its first ten characters', () => {
    expect(shownPrefix(generateKey(randomBytes))).toMatch(/^gp_[0-9A-Za-z]{7}$/);
  });
});

describe('parseKey', () => {
  test.each(NONSENSE)('K1 refuses %p', (text) => {
    expect(parseKey(text)).toBeNull();
  });

  test('refuses whatever differs from a key in one character', () => {
    const key = generateKey(randomBytes);
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: key.length - 1 }),
        fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
        (at, character) => {
          fc.pre(key.charAt(at) !== character);
          expect(parseKey(key.slice(0, at) + character + key.slice(at + 1))).toBeNull();
        },
      ),
    );
  });

  test('refuses any text that is no key', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => parseKey(text) === null));
  });

  test('K1 takes no longer for a megabyte than for a word', () => {
    const long = 'g'.repeat(1_048_576);
    const began = performance.now();
    for (let times = 0; times < 10_000; times += 1) parseKey(long);
    // To look at every character of them all would take many times as long.
    expect(performance.now() - began).toBeLessThan(withRoom(200));
  });
});

describe('the hash', () => {
  test('is HMAC-SHA-256 under the pepper', () => {
    const pepper = Buffer.alloc(32, 1);
    const key = generateKey(randomBytes);
    expect(createKeyHash(new Secret(pepper))(key)).toEqual(createHmac('sha256', pepper).update(key).digest());
  });

  test('a hash that is remembered is the same, and each key has its own', () => {
    const pepper = Buffer.alloc(32, 7);
    const hashKey = createKeyHash(new Secret(pepper));
    const keys = Array.from({ length: 50 }, () => generateKey(randomBytes));
    for (const round of ['made', 'remembered'])
      for (const key of keys) expect([round, hashKey(key)]).toEqual([round, createHmac('sha256', pepper).update(key).digest()]);
  });

  test('differs under another pepper', () => {
    const key = generateKey(randomBytes);
    const under = (fill: number) => createKeyHash(new Secret(Buffer.alloc(32, fill)))(key).toString('hex');
    expect(under(1)).not.toBe(under(2));
  });
});
