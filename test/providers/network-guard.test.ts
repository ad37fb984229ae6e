import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { LookupAddress } from 'node:dns';
import { BlockedAddress, checkUrl, guardedLookup, isPrivateAddress, leadsInside } from '../../src/providers/network-guard.js';
import type { LookupAll } from '../../src/providers/network-guard.js';

const PUBLIC_ONLY = { allowPrivateNetwork: false };

describe('K3 checkUrl', () => {
  test.each([
    ['the cloud’s metadata', 'http://169.254.169.254/latest/meta-data'],
    ['metadata of Alibaba, in CGNAT', 'http://100.100.100.200/'],
    ['metadata of Oracle', 'http://192.0.0.192/'],
    ['metadata over IPv6', 'http://[fd00:ec2::254]/'],
    ['metadata by name', 'http://metadata.google.internal/'],
    ['metadata by a short name', 'http://metadata/'],
    ['metadata by name, with a trailing dot', 'http://metadata.google.internal./'],
    ['loopback', 'http://127.0.0.1:4000/v1'],
    ['loopback with a trailing dot', 'http://127.0.0.1./'],
    ['loopback elsewhere in 127/8', 'http://127.8.9.10/'],
    ['loopback over IPv6', 'http://[::1]/v1'],
    ['the unspecified address', 'http://0.0.0.0/'],
    ['the unspecified address, short', 'http://0/'],
    ['the unspecified IPv6 address', 'http://[::]/'],
    ['private 10/8', 'http://10.1.2.3/'],
    ['private 172.16/12', 'http://172.16.0.1/'],
    ['its end', 'http://172.31.255.255/'],
    ['private 192.168/16', 'http://192.168.1.1/'],
    ['link-local', 'http://169.254.1.1/'],
    ['CGNAT', 'http://100.64.0.1/'],
    ['its end', 'http://100.127.255.255/'],
    ['benchmarking', 'http://198.18.0.1/'],
    ['documentation', 'http://203.0.113.7/'],
    ['multicast', 'http://224.0.0.1/'],
    ['broadcast', 'http://255.255.255.255/'],
    ['decimal', 'http://2130706433/'],
    ['hexadecimal', 'http://0x7f000001/'],
    ['hexadecimal, in two parts', 'http://0x7f.1/'],
    ['octal', 'http://0177.0.0.1/'],
    ['two parts', 'http://127.1/'],
    ['wide digits', 'http://１２７.0.0.1/'],
    ['percent-encoded', 'http://%31%32%37.0.0.1/'],
    ['mapped into IPv6', 'http://[::ffff:127.0.0.1]/'],
    ['mapped into IPv6, in hexadecimal', 'http://[::ffff:a9fe:a9fe]/'],
    ['IPv4-compatible', 'http://[::127.0.0.1]/'],
    ['NAT64', 'http://[64:ff9b::7f00:1]/'],
    ['NAT64, dotted', 'http://[64:ff9b::169.254.169.254]/'],
    ['NAT64 for local use', 'http://[64:ff9b:1::1]/'],
    ['6to4', 'http://[2002:7f00:1::]/'],
    ['6to4 of a private address', 'http://[2002:a00:1::1]/'],
    ['Teredo', 'http://[2001:0:1::1]/'],
    ['unique local', 'http://[fc00::1]/'],
    ['link-local IPv6', 'http://[fe80::1]/'],
    ['site-local IPv6', 'http://[fec0::1]/'],
    ['multicast IPv6', 'http://[ff02::1]/'],
    ['documentation IPv6', 'http://[2001:db8::1]/'],
    ['localhost', 'http://localhost/'],
    ['localhost with a trailing dot', 'http://localhost./'],
    ['localhost in capitals', 'http://LOCALHOST:11434/v1'],
    ['below localhost', 'http://api.localhost/'],
    ['mDNS', 'http://printer.local/'],
    ['a home’s network', 'http://nas.home.arpa/'],
    ['a container’s name', 'http://ollama:11434/v1'],
  ])('refuses %s: %s', (_, url) => {
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
    'http://172.32.0.1/',
    'http://100.128.0.1/',
    'http://[64:ff9b::808:808]/',
    'http://[2002:808:808::1]/',
    'http://[::ffff:8.8.8.8]/',
    'https://localhost.example.com/',
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

test('K3 leadsInside tells of one private address among others, and knows nothing of names without one', async () => {
  expect(await leadsInside('example.com', resolvingTo('93.184.215.14', '10.0.0.1'))).toBe(true);
  expect(await leadsInside('example.com', resolvingTo('93.184.215.14'))).toBe(false);
  expect(await leadsInside('example.com', (_, __, callback) => callback(new Error('nope')))).toBe(false);
});
