import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { readConfig } from '../../src/config.js';
import { systemClock } from '../../src/core/clock.js';
import { Secret } from '../../src/core/secret.js';
import { WIRE_FORMAT_ADAPTERS } from '../../src/providers/adapters.js';
import { createUpstreamCaller } from '../../src/providers/caller.js';
import { createHttpClient } from '../../src/providers/client.js';
import type { ProviderTarget, UpstreamCaller } from '../../src/providers/contract.js';
import type { ProxyRules } from '../../src/providers/dispatcher.js';
import { startConnectProxy } from '../kit/connect-proxy.js';
import type { ConnectProxy } from '../kit/connect-proxy.js';
import { startScriptedUpstream } from '../kit/scripted-upstream.js';
import type { ScriptedUpstream } from '../kit/scripted-upstream.js';
import { callOptions, makeCall, makeTarget } from './support.js';

/** A name that no resolver knows: only the proxy can lead there. */
const FAR = 'upstream.glidepath.test';
const PASSWORD = 'canary-password';

let upstream: ScriptedUpstream;
let callers: UpstreamCaller[];
let proxies: ConnectProxy[];

beforeEach(async () => {
  upstream = await startScriptedUpstream();
  callers = [];
  proxies = [];
});

afterEach(async () => {
  await Promise.all(callers.map((caller) => caller.close()));
  await Promise.all(proxies.map((proxy) => proxy.close()));
  await upstream.close();
});

async function openProxy(status?: number): Promise<ConnectProxy> {
  const proxy = await startConnectProxy(Number(new URL(upstream.baseUrl).port), status);
  proxies.push(proxy);
  return proxy;
}

function ask(rules: Partial<ProxyRules>, changes: Partial<ProviderTarget> = {}) {
  const client = createHttpClient({
    proxies: { http: null, https: null, exceptions: '', ...rules },
    lookup: (hostname, _, callback) => callback(Object.assign(new Error(`no address: ${hostname}`), { code: 'ENOTFOUND' })),
  });
  const caller = createUpstreamCaller({ clock: systemClock, adapters: WIRE_FORMAT_ADAPTERS, client });
  callers.push(caller);
  const baseUrl = `http://${FAR}/v1`;
  return caller.chat(makeCall(), makeTarget({ baseUrl, allowPrivateNetwork: false, ...changes }), callOptions());
}

const urlOf = ({ port }: ConnectProxy, account = '') => new Secret(`http://${account}127.0.0.1:${port}`);

describe('upstreams behind a proxy', () => {
  test('are reached through it, by their name, with its account', async () => {
    const proxy = await openProxy();
    expect(await ask({ http: urlOf(proxy, `pilot:${PASSWORD}@`) })).toMatchObject({ status: 'succeeded' });
    const authorization = `Basic ${Buffer.from(`pilot:${PASSWORD}`).toString('base64')}`;
    expect(proxy.asked).toEqual([{ to: `${FAR}:80`, authorization }]);
    expect(upstream.requests[0]?.headers).not.toHaveProperty('proxy-authorization');
    expect(upstream.requests[0]?.headers).toMatchObject({ host: FAR });
  });

  test.each([
    [{ HTTP_PROXY: 'PROXY' }, 'proxied'],
    [{ http_proxy: 'PROXY', HTTP_PROXY: 'http://127.0.0.1:1' }, 'proxied'],
    [{ HTTPS_PROXY: 'PROXY' }, 'direct'],
    [{ HTTP_PROXY: 'PROXY', NO_PROXY: FAR }, 'direct'],
  ])('as the environment says it: %j is %s', async (environment, way) => {
    const proxy = await openProxy();
    const entries = Object.entries(environment).map(([name, value]) => [name, value.replace('PROXY', `127.0.0.1:${proxy.port}`)] as const);
    const { proxies: rules } = readConfig(Object.fromEntries(entries));
    expect(await ask(rules)).toMatchObject({ status: way === 'proxied' ? 'succeeded' : 'failed' });
    expect(proxy.asked).toHaveLength(way === 'proxied' ? 1 : 0);
  });

  test('each scheme has its own', async () => {
    const proxy = await openProxy();
    expect(await ask({ https: urlOf(proxy) })).toMatchObject({ status: 'failed', failure: { class: 'CONNECTION' } });
    const secure = await ask({ http: urlOf(proxy) }, { baseUrl: `https://${FAR}/v1` });
    expect(secure.failure?.detail).toContain(`no address: ${FAR}`);
    expect(proxy.asked).toEqual([]);
  });

  test.each([FAR, '.glidepath.test', '*', `other.test, ${FAR}:80`])('but not those that NO_PROXY %s names', async (exceptions) => {
    const proxy = await openProxy();
    const outcome = await ask({ http: urlOf(proxy), exceptions });
    expect(outcome).toMatchObject({ status: 'failed', accepted: false, failure: { class: 'CONNECTION' } });
    expect(outcome.failure?.detail).toContain(`no address: ${FAR}`);
    expect(proxy.asked).toEqual([]);
  });

  test('and never this machine', async () => {
    const proxy = await openProxy();
    const here = { baseUrl: upstream.baseUrl, allowPrivateNetwork: true };
    expect(await ask({ http: urlOf(proxy) }, here)).toMatchObject({ status: 'succeeded' });
    expect(proxy.asked).toEqual([]);
  });

  test('K3 a private address is refused before the proxy is asked', async () => {
    const proxy = await openProxy();
    expect(await ask({ http: urlOf(proxy) }, { baseUrl: 'http://10.0.0.1/v1' })).toMatchObject({ failure: { class: 'TARGET_NOT_FOUND' } });
    expect(proxy.asked).toEqual([]);
  });

  test.each([407, 502])("K4 its refusal (%d) is the connection's failure, and does not tell its password", async (status) => {
    const proxy = await openProxy(status);
    const outcome = await ask({ http: urlOf(proxy, `pilot:${PASSWORD}@`) });
    expect(outcome).toMatchObject({ status: 'failed', accepted: false, failure: { class: 'CONNECTION' } });
    expect(outcome.failure?.detail).toContain(String(status));
    expect(JSON.stringify(outcome)).not.toContain(PASSWORD);
    expect(upstream.requests).toHaveLength(0);
  });

  test("a proxy that is not there is the connection's failure", async () => {
    const proxy = await openProxy();
    await proxy.close();
    proxies = [];
    expect(await ask({ http: urlOf(proxy) })).toMatchObject({ status: 'failed', accepted: false, failure: { class: 'CONNECTION' } });
  });
});
