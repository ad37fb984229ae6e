import { EnvHttpProxyAgent, Pool, buildConnector } from 'undici';
import type { Dispatcher } from 'undici';
import type { Secret } from '../core/secret.js';
import { guardedLookup, isLoopback } from './network-guard.js';
import type { LookupAll } from './network-guard.js';

/** Through which proxies upstreams are reached. */
export interface ProxyRules {
  /** The proxy's URL for upstreams of that scheme, with user name and password where it wants them; null: none. */
  readonly http: Secret | null;
  readonly https: Secret | null;
  /** Hosts that are reached directly, in the form of NO_PROXY. This machine always is. */
  readonly exceptions: string;
}

export const NO_PROXIES: ProxyRules = { http: null, https: null, exceptions: '' };

export interface DispatcherRules {
  readonly lookup?: LookupAll | undefined;
  readonly proxies: ProxyRules;
}

/** Long enough to be reused between a product's calls, short enough to beat most servers' own limit. */
const KEEP_ALIVE_MS = 10_000;
/** Only cleans up: the caller's own connect timeout has fired long before. */
const ABANDONED_CONNECT_MS = 60_000;

/**
 * The connections to one origin. Direct ones resolve names behind the network guard, unless private addresses are allowed;
 * through a proxy it is the proxy that resolves names and decides where they may lead.
 */
export function createDispatcher(url: URL, allowPrivateNetwork: boolean, { lookup, proxies }: DispatcherRules): Dispatcher {
  const guard = allowPrivateNetwork ? {} : { lookup: guardedLookup(lookup) };
  const connect = buildConnector({ timeout: ABANDONED_CONNECT_MS, ...guard });
  const options = { connect, keepAliveTimeout: KEEP_ALIVE_MS, headersTimeout: 0, bodyTimeout: 0 };
  const hasProxy = proxies.http !== null || proxies.https !== null;
  if (!hasProxy || isLoopback(url.hostname)) return new Pool(url.origin, options);
  const tls = { timeout: ABANDONED_CONNECT_MS };
  return new EnvHttpProxyAgent({
    ...options,
    // An absent one would be read from the environment.
    httpProxy: proxies.http?.reveal() ?? '',
    httpsProxy: proxies.https?.reveal() ?? '',
    noProxy: proxies.exceptions,
    proxyTls: tls,
    requestTls: tls,
  });
}
