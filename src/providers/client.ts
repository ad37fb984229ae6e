import { LRUCache } from 'lru-cache';
import { Pool, buildConnector } from 'undici';
import type { Dispatcher } from 'undici';
import type { UpstreamError } from './contract.js';
import { BlockedAddress, checkUrl, guardedLookup } from './network-guard.js';
import type { LookupAll } from './network-guard.js';

/** The one place that opens connections to upstreams: pools per origin, behind the network guard. */
export interface HttpClient {
  /** Sends a POST. The listener hears `onSent`, `onResponse`, `onData` …, and then exactly one of `onEnd` and `onError`. */
  post(request: OutgoingRequest, listener: ExchangeListener): OpenExchange;
  close(): Promise<void>;
}

export interface OutgoingRequest {
  readonly baseUrl: string;
  /** Below `baseUrl`, with its query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly allowPrivateNetwork: boolean;
}

export interface ExchangeListener {
  /** Connected, and the whole request handed to the socket. */
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
}

/** Enough for every provider of many organizations; the least used pool is closed once its calls have ended. */
const MOST_ORIGINS = 256;
/** Long enough to be reused between a product's calls, short enough to beat most servers' own limit. */
const KEEP_ALIVE_MS = 10_000;
/** Only cleans up: the caller's own connect timeout has fired long before. */
const ABANDONED_CONNECT_MS = 60_000;

interface Origin {
  readonly pool: Pool;
  /** Without a slash at its end. */
  readonly pathname: string;
  readonly query: string;
}

export function createHttpClient(options: HttpClientOptions = {}): HttpClient {
  const lookup = guardedLookup(options.lookup);
  const origins = new LRUCache<string, Origin>({ max: MOST_ORIGINS, dispose: ({ pool }) => void pool.close().catch(() => undefined) });
  const originOf = ({ baseUrl, allowPrivateNetwork }: OutgoingRequest): Origin => {
    const key = `${baseUrl} ${String(allowPrivateNetwork)}`;
    const known = origins.get(key);
    if (known !== undefined) return known;
    const problem = checkUrl(baseUrl, { allowPrivateNetwork });
    if (problem !== null) throw new BlockedAddress(`The base URL ${problem}`);
    const { origin, pathname, search } = new URL(baseUrl);
    const connect = buildConnector({ timeout: ABANDONED_CONNECT_MS, ...(allowPrivateNetwork ? {} : { lookup }) });
    const pool = new Pool(origin, { connect, keepAliveTimeout: KEEP_ALIVE_MS, headersTimeout: 0, bodyTimeout: 0 });
    const made = { pool, pathname: pathname.replace(/\/+$/, ''), query: search.slice(1) };
    origins.set(key, made);
    return made;
  };
  return {
    post: (request, listener) => {
      try {
        return send(originOf(request), request, listener);
      } catch (error) {
        return refuse(error instanceof Error ? error : new Error(String(error)), listener);
      }
    },
    close: async () => {
      await Promise.all([...origins.values()].map(({ pool }) => pool.destroy()));
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

function send({ pool, pathname, query }: Origin, request: OutgoingRequest, listener: ExchangeListener): OpenExchange {
  const exchange = createExchange(listener);
  const path = `${pathname}${request.path}`;
  const withQuery = query === '' ? path : `${path}${path.includes('?') ? '&' : '?'}${query}`;
  pool.dispatch({ method: 'POST', path: withQuery, headers: request.headers, body: request.body }, exchange.handler);
  return exchange;
}

/** Turns undici's handler calls into the listener's, and drops what comes after `destroy`. */
function createExchange(listener: ExchangeListener): OpenExchange & { readonly handler: Dispatcher.DispatchHandler } {
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
        else listener.onSent();
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
