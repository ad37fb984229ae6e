import { Readable } from 'node:stream';
import { LRUCache } from 'lru-cache';
import type { Dispatcher } from 'undici';
import type { ProviderTls } from '../core/catalogue.js';
import type { UpstreamError } from './contract.js';
import { createDispatcher, NO_PROXIES } from './dispatcher.js';
import type { ProxyRules } from './dispatcher.js';
import { BlockedAddress, checkUrl } from './network-guard.js';
import type { LookupAll } from './network-guard.js';

/** The one place that opens connections to upstreams: pools per origin and TLS settings, behind the network guard. */
export interface HttpClient {
  /** Sends a POST, or what the request says. The listener hears `onConnected`, `onSent`, `onResponse` …, and then exactly one of `onEnd` and `onError`. */
  post(request: OutgoingRequest, listener: ExchangeListener): OpenExchange;
  close(): Promise<void>;
}

export interface OutgoingRequest {
  readonly baseUrl: string;
  /** Below `baseUrl`, with its query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Pieces are sent one after the other, without being joined; their length stands in the headers. */
  readonly body: string | readonly Uint8Array[];
  /** Absent: POST. A GET has no body. */
  readonly method?: 'GET';
  readonly allowPrivateNetwork: boolean;
  readonly tls?: ProviderTls | null;
}

export interface ExchangeListener {
  /** Connected; the request is on its way. */
  onConnected(): void;
  /** The whole request was handed to the socket. */
  onSent(): void;
  onResponse(status: number, headers: UpstreamError['headers']): void;
  onData(chunk: Uint8Array): void;
  onEnd(): void;
  onError(error: Error): void;
}

export interface OpenExchange {
  /** Closes the socket now, also before it is connected; the listener hears nothing any more. */
  destroy(): void;
}

export interface HttpClientOptions {
  readonly lookup?: LookupAll;
  readonly proxies?: ProxyRules;
  readonly mostOrigins?: number;
}

/** Enough for every provider of many organizations; the least used pool is closed once its calls have ended. */
const MOST_ORIGINS = 256;

/** A base URL, taken apart. */
interface Place {
  readonly url: URL;
  readonly origin: string;
  /** Without a slash at its end. */
  readonly pathname: string;
  readonly query: string;
}

interface Pool {
  /** Of the TLS settings it was made with. */
  readonly version: string | null;
  readonly dispatcher: Dispatcher;
}

export function createHttpClient({ lookup, proxies = NO_PROXIES, mostOrigins = MOST_ORIGINS }: HttpClientOptions = {}): HttpClient {
  const dispose = ({ dispatcher }: Pool) => void dispatcher.close().catch(() => undefined);
  const pools = new LRUCache<string, Pool>({ max: mostOrigins, dispose });
  const places = new LRUCache<string, Place>({ max: mostOrigins });
  const placeOf = ({ baseUrl, allowPrivateNetwork }: OutgoingRequest): Place => {
    const key = `${baseUrl} ${String(allowPrivateNetwork)}`;
    const known = places.get(key);
    if (known !== undefined) return known;
    const problem = checkUrl(baseUrl, { allowPrivateNetwork });
    if (problem !== null) throw new BlockedAddress(`The base URL ${problem}`);
    const url = new URL(baseUrl);
    const place = { url, origin: url.origin, pathname: url.pathname.replace(/\/+$/, ''), query: url.search.slice(1) };
    places.set(key, place);
    return place;
  };
  const poolOf = ({ url, origin }: Place, { allowPrivateNetwork, tls = null }: OutgoingRequest): Dispatcher => {
    const key = `${origin} ${String(allowPrivateNetwork)} ${tls?.owner ?? ''}`;
    const version = tls?.version ?? null;
    const known = pools.get(key);
    // Under other settings its calls end as they began, and the pool is closed behind them: `set` disposes of it.
    if (known?.version === version) return known.dispatcher;
    const dispatcher = createDispatcher(url, { allowPrivateNetwork, tls, lookup, proxies });
    pools.set(key, { version, dispatcher });
    return dispatcher;
  };
  return {
    post: (request, listener) => {
      try {
        const place = placeOf(request);
        return send(place, poolOf(place, request), { request, listener });
      } catch (error) {
        return refuse(error instanceof Error ? error : new Error(String(error)), listener);
      }
    },
    close: async () => {
      await Promise.all([...pools.values()].map(({ dispatcher }) => dispatcher.destroy()));
    },
  };
}

/** Told on the next turn, so that a listener never hears before it has its exchange. */
function refuse(error: Error, listener: ExchangeListener): OpenExchange {
  let destroyed = false;
  queueMicrotask(() => {
    if (!destroyed) listener.onError(error);
  });
  return {
    destroy: () => {
      destroyed = true;
    },
  };
}

interface Sending {
  readonly request: OutgoingRequest;
  readonly listener: ExchangeListener;
}

function send({ origin, pathname, query }: Place, dispatcher: Dispatcher, { request, listener }: Sending): OpenExchange {
  const pieces = typeof request.body === 'string' ? null : Readable.from(request.body);
  const exchange = createExchange(listener, pieces);
  const path = `${pathname}${request.path}`;
  const withQuery = query === '' ? path : `${path}${path.includes('?') ? '&' : '?'}${query}`;
  const body = typeof request.body === 'string' ? request.body : pieces;
  const what = request.method === 'GET' ? { method: 'GET' as const } : { method: 'POST' as const, body };
  dispatcher.dispatch({ origin, path: withQuery, headers: request.headers, ...what }, exchange.handler);
  return exchange;
}

function tellSending(listener: ExchangeListener, pieces: Readable | null, isOver: () => boolean): void {
  listener.onConnected();
  if (pieces === null) listener.onSent();
  else pieces.once('end', () => isOver() || listener.onSent());
}

/** Turns undici's handler calls into the listener's, and drops what comes after `destroy`. */
function createExchange(
  listener: ExchangeListener,
  pieces: Readable | null,
): OpenExchange & { readonly handler: Dispatcher.DispatchHandler } {
  let controller: Dispatcher.DispatchController | null = null;
  let over = false;
  const end = (tell: () => void) => {
    if (over) return;
    over = true;
    tell();
  };
  return {
    destroy: () => {
      over = true;
      controller?.abort(new Error('destroyed'));
    },
    handler: {
      onRequestStart: (started) => {
        controller = started;
        if (over) started.abort(new Error('destroyed'));
        else tellSending(listener, pieces, () => over);
      },
      onResponseStart: (_, status, headers) => {
        if (!over && status >= 200) listener.onResponse(status, headers);
      },
      onResponseData: (_, chunk) => {
        if (!over) listener.onData(chunk);
      },
      onResponseEnd: () => {
        end(() => listener.onEnd());
      },
      onResponseError: (_, error) => {
        end(() => listener.onError(error));
      },
    },
  };
}
