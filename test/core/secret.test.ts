import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { format, inspect } from 'node:util';
import { pino } from 'pino';
import { Secret } from '../../src/core/secret.js';

const CANARY = 'canary-5f2c9d81';

/** Every way by which a value usually reaches a log, an error or an answer. */
const LEAKS: Record<string, (secret: Secret) => string> = {
  'a template string': (secret) => `Bearer ${String(secret)}`,
  concatenation: (secret) => ['', secret].join(''),
  'JSON.stringify': (secret) => JSON.stringify({ secret, list: [secret] }),
  'util.inspect': (secret) => inspect({ secret }, { depth: 10, showHidden: true, getters: true }),
  'util.format': (secret) => format('%s %o %O %j', secret, secret, secret, secret),
  'the message of an error': (secret) => String(new Error(`refused: ${String(secret)}`).stack),
  'the cause of an error': (secret) => inspect(new Error('refused', { cause: { secret } })),
  'a spread': (secret) => JSON.stringify(Object.assign({}, secret)) + inspect(Object.assign({}, secret)),
  'own properties': (secret) => JSON.stringify(Reflect.ownKeys(secret).map((key) => String(Reflect.get(secret, key)))),
  'a clone': (secret) => inspect(structuredClone(secret), { showHidden: true }),
};

describe('a secret', () => {
  test.each(Object.entries(LEAKS))('K4 does not leak through %s', (_name, leak) => {
    expect(leak(new Secret(CANARY))).not.toContain(CANARY);
  });

  test('K4 does not leak through the log', () => {
    const lines: string[] = [];
    const logger = pino({ level: 'trace' }, { write: (line: string) => lines.push(line) });
    const secret = new Secret(CANARY);
    logger.info({ secret, err: new Error(String(secret), { cause: secret }) }, 'a provider was made');
    expect(lines.join('')).toContain('a provider was made');
    expect(lines.join('')).not.toContain(CANARY);
  });

  test('gives itself up to reveal alone', () => {
    fc.assert(
      fc.property(fc.string(), (value) => {
        expect(new Secret(value).reveal()).toBe(value);
        expect(String(new Secret(value))).toBe('[secret]');
      }),
    );
  });

  test('bytes are kept as well as text', () => {
    const bytes = Buffer.from(CANARY);
    const secret = new Secret(bytes);
    expect(secret.reveal()).toBe(bytes);
    expect(inspect(secret) + JSON.stringify(secret)).toBe('[secret]"[secret]"');
  });
});
