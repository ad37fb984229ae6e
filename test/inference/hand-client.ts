import { createUpstreamCaller } from '../../src/providers/caller.js';
import type { Clock } from '../../src/core/clock.js';
import { WIRE_FORMAT_ADAPTERS } from '../../src/providers/adapters.js';
import type { ExchangeListener, HttpClient, OutgoingRequest } from '../../src/providers/client.js';
import type { UpstreamCaller } from '../../src/providers/contract.js';

/** One request to an upstream, whose answer's bytes are in the test's hands. */
export interface HandExchange {
  readonly request: OutgoingRequest;
  readonly body: Readonly<Record<string, unknown>>;
  /** The gateway closed the socket. */
  readonly closed: boolean;
  begin(contentType: string): void;
  send(...pieces: readonly Uint8Array[]): void;
  end(): void;
  /** A whole answer. */
  json(status: number, body: unknown, headers?: Readonly<Record<string, string>>): void;
}

export interface HandClient {
  readonly exchanges: readonly HandExchange[];
  /** Answers requests as they come, instead of the test's hands. */
  script: ((exchange: HandExchange, index: number) => void) | null;
  readonly caller: (clock: Clock) => UpstreamCaller;
}

/** The whole way of a call but the socket: every translator, timeout and abort is the product's own. */
export function createHandClient(): HandClient {
  const exchanges: HandExchange[] = [];
  const client: HttpClient = {
    close: () => Promise.resolve(),
    post: (request, listener) => {
      const socket = { closed: false };
      const exchange = exchangeOf(request, { listener, socket });
      const index = exchanges.push(exchange) - 1;
      // As with a real socket, nothing is heard before the request has been handed over.
      queueMicrotask(() => {
        if (!socket.closed) listener.onConnected();
        if (!socket.closed) listener.onSent();
        hand.script?.(exchange, index);
      });
      return {
        destroy: () => {
          socket.closed = true;
        },
      };
    },
  };
  const hand: HandClient = {
    exchanges,
    script: null,
    caller: (clock) => createUpstreamCaller({ clock, adapters: WIRE_FORMAT_ADAPTERS, client }),
  };
  return hand;
}

function exchangeOf(
  request: OutgoingRequest,
  { listener, socket }: { listener: ExchangeListener; socket: { readonly closed: boolean } },
): HandExchange {
  const hear = (tell: () => void) => {
    if (!socket.closed) tell();
  };
  return {
    request,
    body: JSON.parse(request.body.toString()) as Record<string, unknown>,
    get closed() {
      return socket.closed;
    },
    begin: (contentType) => hear(() => listener.onResponse(200, { 'content-type': contentType })),
    send: (...pieces) => {
      for (const piece of pieces) hear(() => listener.onData(piece));
    },
    end: () => hear(() => listener.onEnd()),
    json: (status, body, headers = {}) => {
      hear(() => listener.onResponse(status, { 'content-type': 'application/json', ...headers }));
      hear(() => listener.onData(Buffer.from(JSON.stringify(body))));
      hear(() => listener.onEnd());
    },
  };
}
