import { createSecureContext } from 'node:tls';
import { EnvHttpProxyAgent, Pool, buildConnector } from 'undici';
import type { Dispatcher } from 'undici';
import type { ProviderTls } from '../core/catalogue.js';
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
  readonly allowPrivateNetwork: boolean;
  readonly tls: ProviderTls | null;
  readonly lookup?: LookupAll | undefined;
  readonly proxies: ProxyRules;
}

/** Long enough to be reused between a product's calls, short enough to beat most servers' own limit. */
const KEEP_ALIVE_MS = 10_000;
/** Only cleans up: the caller's own connect timeout has fired long before. */
const ABANDONED_CONNECT_MS = 60_000;

/**
 * The connections to one origin. Direct ones resolve names behind the network guard, unless private addresses are allowed;
 * through a proxy it is the proxy that resolves names and decides where they may lead. Either way it is the upstream that is
 * known by the provider's TLS settings, never the proxy.
 * @throws Error where OpenSSL can't use the settings
 */
export function createDispatcher(url: URL, { allowPrivateNetwork, tls, lookup, proxies }: DispatcherRules): Dispatcher {
  const guard = allowPrivateNetwork ? {} : { lookup: guardedLookup(lookup) };
  const upstreamTls = tls === null ? {} : toConnectOptions(tls);
  const connect = withServerName(buildConnector({ timeout: ABANDONED_CONNECT_MS, ...guard, ...upstreamTls }), tls);
  const options = { connect, keepAliveTimeout: KEEP_ALIVE_MS, headersTimeout: 0, bodyTimeout: 0 };
  const proxy = url.protocol === 'https:' ? proxies.https : proxies.http;
  if (proxy === null || isLoopback(url.hostname)) return new Pool(url.origin, options);
  return new EnvHttpProxyAgent({
    ...options,
    // There is but one scheme here. An absent one would be read from the environment, and for https the other's be taken.
    httpProxy: proxy.reveal(),
    httpsProxy: proxy.reveal(),
    noProxy: proxies.exceptions,
    proxyTls: { timeout: ABANDONED_CONNECT_MS },
    requestTls: { timeout: ABANDONED_CONNECT_MS, ...upstreamTls },
  });
}

/** One context for all its connections: keys and certificates are read once. */
function toConnectOptions({ certificateAuthority, clientCertificate, clientKey, serverName }: ProviderTls) {
  const client = clientCertificate !== null && clientKey !== null ? { cert: clientCertificate, key: clientKey.reveal() } : {};
  const authority = certificateAuthority === null ? {} : { ca: certificateAuthority };
  const secureContext = createSecureContext({ ...authority, ...client });
  return { secureContext, ...(serverName === null ? {} : { servername: serverName }) };
}

/** The connector prefers the name that it is called with, which is the address's. */
function withServerName(connect: buildConnector.connector, tls: ProviderTls | null): buildConnector.connector {
  const servername = tls?.serverName ?? null;
  return servername === null ? connect : (options, callback) => connect({ ...options, servername }, callback);
}
