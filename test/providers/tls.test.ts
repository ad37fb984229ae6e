import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { ProviderTls } from '../../src/core/catalogue.js';
import { systemClock } from '../../src/core/clock.js';
import { newId } from '../../src/core/ids.js';
import { Secret } from '../../src/core/secret.js';
import { WIRE_FORMAT_ADAPTERS } from '../../src/providers/adapters.js';
import { createUpstreamCaller } from '../../src/providers/caller.js';
import { createHttpClient } from '../../src/providers/client.js';
import type { UpstreamCaller } from '../../src/providers/contract.js';
import { NO_PROXIES } from '../../src/providers/dispatcher.js';
import type { ProxyRules } from '../../src/providers/dispatcher.js';
import { startConnectProxy } from '../kit/connect-proxy.js';
import { pem, startTlsUpstream } from '../kit/tls.js';
import type { TlsUpstream } from '../kit/tls.js';
import { callOptions, makeCall, makeTarget } from './support.js';

const KEY = 'canary-key-0123456789abcdef';
const CLIENT = { clientCertificate: pem('client'), clientKey: new Secret(pem('client-key')) };
const SECOND_CLIENT = { clientCertificate: pem('second-client'), clientKey: new Secret(pem('second-client-key')) };

let upstream: TlsUpstream;
let caller: UpstreamCaller;
let versions = 0;

beforeEach(async () => {
  upstream = await startTlsUpstream();
  caller = newCaller();
});

afterEach(async () => {
  await caller.close();
  await upstream.close();
});

/** Every name leads to this machine. */
function newCaller(proxies: ProxyRules = NO_PROXIES): UpstreamCaller {
  const client = createHttpClient({ proxies, lookup: (_, __, callback) => callback(null, [{ address: '127.0.0.1', family: 4 }]) });
  return createUpstreamCaller({ clock: systemClock, adapters: WIRE_FORMAT_ADAPTERS, client });
}

function tls(changes: Partial<ProviderTls> = {}): ProviderTls {
  versions += 1;
  const nothing = { clientCertificate: null, clientKey: null, serverName: null };
  return { owner: newId('provider'), version: String(versions), certificateAuthority: pem('private-ca'), ...nothing, ...changes };
}

function ask(settings: ProviderTls | null, host = '127.0.0.1') {
  const baseUrl = `https://${host}:${upstream.port}/v1`;
  const target = makeTarget({ baseUrl, apiKey: new Secret(KEY), tls: settings });
  return caller.chat(makeCall(), target, callOptions({ stream: false }));
}

const named = (changes: Partial<ProviderTls> = {}) => tls({ serverName: 'private.glidepath.test', ...changes });

describe('a provider’s own authority', () => {
  test('is trusted, and its server asked for by the name that was set', async () => {
    expect(await ask(named())).toMatchObject({ status: 'succeeded' });
    expect(upstream.names).toEqual(['private.glidepath.test']);
    expect(upstream.callers).toEqual([null]);
  });

  test.each<[string, ProviderTls | null]>([
    ['without it', null],
    ['with another one', named({ certificateAuthority: pem('other-ca') })],
    ['where the certificate is for another name', named({ serverName: 'elsewhere.glidepath.test' })],
    ['where the certificate is not for the address, and no name is set', tls()],
  ])('K4 %s the connection fails before anything is said', async (_, settings) => {
    const outcome = await ask(settings);
    expect(outcome).toMatchObject({ status: 'failed', accepted: false, failure: { class: 'CONNECTION' } });
    expect(JSON.stringify(outcome)).not.toMatch(/canary|BEGIN/);
    expect(upstream.callers).toEqual([]);
  });

  test('it does not stand beside the public ones, but in their place', async () => {
    const settings = named({ certificateAuthority: pem('other-ca') });
    expect((await ask(settings)).failure?.detail).toMatch(/certificate/);
  });
});

describe('a client certificate', () => {
  beforeEach(async () => {
    await upstream.close();
    upstream = await startTlsUpstream({ mutual: true });
  });

  test('is shown to a server that wants one', async () => {
    expect(await ask(named(CLIENT))).toMatchObject({ status: 'succeeded' });
    expect(upstream.callers).toEqual(['Glidepath test-only client']);
  });

  test('K4 without it the server refuses, and the key is told to nobody', async () => {
    const outcome = await ask(named());
    expect(outcome).toMatchObject({ status: 'failed', failure: { class: 'CONNECTION' } });
    expect(JSON.stringify(outcome)).not.toContain(KEY);
    expect(upstream.callers).toEqual([]);
  });

  test('K4 one that can not be used fails the connection, and its key is in no word of that', async () => {
    const outcome = await ask(named({ ...CLIENT, clientKey: SECOND_CLIENT.clientKey }));
    expect(outcome).toMatchObject({ status: 'failed', accepted: false, failure: { class: 'CONNECTION' } });
    expect(JSON.stringify(outcome)).not.toMatch(/BEGIN|PRIVATE|canary/);
  });

  test('two providers at one address share no connection', async () => {
    const [first, second] = [named(CLIENT), named(SECOND_CLIENT)];
    for (const settings of [first, second, first, second]) expect(await ask(settings)).toMatchObject({ status: 'succeeded' });
    const [one, other] = ['Glidepath test-only client', 'Glidepath test-only second client'];
    expect(upstream.callers).toEqual([one, other, one, other]);
    expect(upstream.names).toHaveLength(2);
  });

  test('a changed one is used from the next call on, and the connections of the old one are closed', async () => {
    const before = named(CLIENT);
    await ask(before);
    expect(await ask({ ...before, ...SECOND_CLIENT, version: 'next' })).toMatchObject({ status: 'succeeded' });
    expect(upstream.callers).toEqual(['Glidepath test-only client', 'Glidepath test-only second client']);
    await upstream.closed(1);
  });
});

describe('through a proxy', () => {
  test('the tunnel’s far end is known by the provider’s settings, and the name is the proxy’s to find', async () => {
    await upstream.close();
    upstream = await startTlsUpstream({ mutual: true });
    const proxy = await startConnectProxy(upstream.port);
    await caller.close();
    caller = newCaller({ ...NO_PROXIES, https: new Secret(`http://127.0.0.1:${proxy.port}`) });
    expect(await ask(named(CLIENT), 'far.glidepath.test')).toMatchObject({ status: 'succeeded' });
    expect(await ask(tls(CLIENT), 'upstream.glidepath.test')).toMatchObject({ status: 'succeeded' });
    expect(await ask(tls(CLIENT), 'far.glidepath.test')).toMatchObject({ failure: { class: 'CONNECTION' } });
    expect(await ask(named({ ...CLIENT, certificateAuthority: pem('other-ca') }), 'far.glidepath.test')).toMatchObject({
      status: 'failed',
    });
    expect(proxy.asked.map(({ to }) => to.split(':')[0])).toEqual(
      expect.arrayContaining(['far.glidepath.test', 'upstream.glidepath.test']),
    );
    expect(upstream.names).toEqual(expect.arrayContaining(['private.glidepath.test', 'upstream.glidepath.test']));
    expect(upstream.callers).toEqual(['Glidepath test-only client', 'Glidepath test-only client']);
    await proxy.close();
  });
});
