import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { LookupAddress } from 'node:dns';
import { BlockedAddress, checkUrl, guardedLookup, isPrivateAddress } from '../../src/providers/network-guard.js';
import type { LookupAll } from '../../src/providers/network-guard.js';

const PUBLIC_ONLY = { allowPrivateNetwork: false };

describe('K3 checkUrl', () => {
  test.each([
    'http://169.254.169.254/latest/meta-data',
    'http://127.0.0.1:4000/v1',
    'http://[::1]/v1',
    'http://[::]/',
    'http://0.0.0.0/',
    'http://10.1.2.3/',
    'http://172.16.0.1/',
    'http://192.168.1.1/',
    'http://100.64.0.1/',
    'http://2130706433/',
    'http://0x7f.1/',
    'http://0177.0.0.1/',
    'http://127.1/',
    'http://１２７.0.0.1/',
    'http://[::ffff:127.0.0.1]/',
    'http://[::ffff:a9fe:a9fe]/',
    'http://[64:ff9b::7f00:1]/',
    'http://[64:ff9b:1::1]/',
    'http://[2002:7f00:1::]/',
    'http://[2001:0:1::1]/',
    'http://[fc00::1]/',
    'http://[fe80::1]/',
    'http://[fd00:ec2::254]/',
    'http://localhost/',
    'http://localhost./',
    'http://LOCALHOST:11434/v1',
    'http://api.localhost/',
    'http://metadata.google.internal/',
    'http://printer.local/',
  ])('refuses %s', (url) => {
    expect(checkUrl(url, PUBLIC_ONLY)).toMatch(/private network/);
    expect(checkUrl(url, { allowPrivateNetwork: true })).toBeNull();
  });

  test.each(['file:///etc/passwd', 'ftp://example.com/', 'gopher://example.com/', 'data:text/plain,x', 'javascript:alert(1)'])(
    'refuses the scheme of %s, private network or not',
    (url) => {
      expect(checkUrl(url, PUBLIC_ONLY)).toMatch(/https/);
      expect(checkUrl(url, { allowPrivateNetwork: true })).toMatch(/https/);
    },
  );

  test('refuses what is no address, and credentials and fragments in one', () => {
    expect(checkUrl('api.openai.com/v1', PUBLIC_ONLY)).toBe('is not a URL');
    expect(checkUrl('https://user:pass@example.com/v1', PUBLIC_ONLY)).toMatch(/user name/);
    expect(checkUrl('https://example.com/v1#x', PUBLIC_ONLY)).toMatch(/fragment/);
  });

  test.each([
    'https://api.openai.com/v1',
    'http://8.8.8.8/',
    'https://[2606:4700::1111]/',
    'https://internal.example.com/',
    'https://x.test/v1?api-version=1',
  ])('permits %s', (url) => {
    expect(checkUrl(url, PUBLIC_ONLY)).toBeNull();
  });
});

describe('K3 isPrivateAddress', () => {
  test('an IPv4 address means the same inside IPv6', () => {
    fc.assert(
      fc.property(fc.ipV4(), (address) => {
        expect(isPrivateAddress(`::ffff:${address}`)).toBe(isPrivateAddress(address));
        expect(isPrivateAddress(`64:ff9b::${address}`)).toBe(isPrivateAddress(address));
      }),
    );
  });

  test('only global unicast IPv6 is public, and no address with a zone', () => {
    fc.assert(
      fc.property(fc.ipV6(), (address) => {
        const first = new URL(`http://[${address}]`).hostname.slice(1, 5);
        if (!/^[23]/.test(first) && !/^64:f|^::ff/.test(address)) expect(isPrivateAddress(address)).toBe(true);
      }),
    );
    expect(isPrivateAddress('2606:4700::1111%eth0')).toBe(true);
    expect(isPrivateAddress('nonsense')).toBe(true);
  });
});

type Answer = { error: Error | null; address: string | LookupAddress[] };

function lookUp(resolver: LookupAll, all: boolean): Promise<Answer> {
  return new Promise((resolve) => {
    guardedLookup(resolver)('example.com', { all }, (error, address) => resolve({ error, address }));
  });
}

const resolvingTo =
  (...addresses: string[]): LookupAll =>
  (_, __, callback) => {
    callback(
      null,
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    );
  };

describe('K3 guardedLookup', () => {
  test('hands on exactly what was judged', async () => {
    const resolver = resolvingTo('93.184.215.14', '2606:2800:21f::1');
    expect(await lookUp(resolver, true)).toEqual({
      error: null,
      address: [
        { address: '93.184.215.14', family: 4 },
        { address: '2606:2800:21f::1', family: 6 },
      ],
    });
    expect(await lookUp(resolver, false)).toEqual({ error: null, address: '93.184.215.14' });
  });

  test.each([['127.0.0.1'], ['169.254.169.254'], ['::1'], ['::ffff:10.0.0.1']])('refuses a name that resolves to %s', async (address) => {
    expect((await lookUp(resolvingTo(address), true)).error).toBeInstanceOf(BlockedAddress);
    expect((await lookUp(resolvingTo('93.184.215.14', address), false)).error).toBeInstanceOf(BlockedAddress);
  });

  test('a resolver’s error and an empty answer are errors', async () => {
    const failing: LookupAll = (_, __, callback) => callback(Object.assign(new Error('nope'), { code: 'ENOTFOUND' }), []);
    expect((await lookUp(failing, true)).error).toMatchObject({ code: 'ENOTFOUND' });
    expect((await lookUp(resolvingTo(), true)).error).toBeInstanceOf(Error);
  });
});
