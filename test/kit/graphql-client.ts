import { createClient as createSseClient } from 'graphql-sse';
import { createClient as createSocketClient, type Client as SocketClient } from 'graphql-ws';
import type { FormattedExecutionResult, GraphQLFormattedError } from 'graphql';
import { WebSocket } from 'ws';

/** How tests talk to a gateway, by each of its three doors. */
export interface GraphqlClient {
  /** One JSON answer by POST. */
  ask(query: string, options?: AskOptions): Promise<HttpAnswer>;
  /** Results over a WebSocket of its own, which closes when the iteration ends. */
  overSocket(query: string, variables?: Variables): AsyncIterableIterator<Result>;
  /** Results as server-sent events. */
  overEvents(query: string, variables?: Variables): AsyncIterableIterator<Result>;
  /** A client of the WebSocket door, for several operations on one socket. */
  socketClient(options?: { readonly connectionParams?: Variables; readonly lazy?: boolean }): SocketClient;
  readonly httpUrl: string;
  readonly socketUrl: string;
}

export type Variables = Record<string, unknown>;
export type Result = FormattedExecutionResult<Variables, Variables>;

export interface AskOptions {
  readonly variables?: Variables;
  readonly operationName?: string;
  readonly headers?: Record<string, string>;
  readonly signal?: AbortSignal;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly data: Variables | null | undefined;
  readonly errors: readonly GraphQLFormattedError[];
}

/** `url` is the gateway's own, without a path; `key` null asks without one. */
export function createGraphqlClient(url: string, key: string | null): GraphqlClient {
  const httpUrl = `${url}/graphql`;
  const socketUrl = httpUrl.replace(/^http/, 'ws');
  const authorization: Record<string, string> = key === null ? {} : { authorization: `Bearer ${key}` };
  const socketClient: GraphqlClient['socketClient'] = ({ connectionParams = authorization, lazy = true } = {}) =>
    createSocketClient({
      url: socketUrl,
      webSocketImpl: WebSocket,
      connectionParams,
      lazy,
      retryAttempts: 0,
      onNonLazyError: () => undefined,
    });
  return {
    httpUrl,
    socketUrl,
    socketClient,
    ask: (query, options = {}) => ask(httpUrl, { query, ...options, headers: { ...authorization, ...options.headers } }),
    overSocket: (query, variables) => overSocket(socketClient(), query, variables),
    overEvents: (query, variables) => {
      const client = createSseClient({ url: httpUrl, headers: authorization, retryAttempts: 0 });
      return client.iterate<Variables, Variables>({ query, ...(variables ? { variables } : {}) });
    },
  };
}

async function ask(
  url: string,
  { query, variables, operationName, headers, signal }: AskOptions & { readonly query: string },
): Promise<HttpAnswer> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ query, variables, operationName }),
    ...(signal ? { signal } : {}),
  });
  return readAnswer(response);
}

/** A GraphQL answer from any response that has one. */
export async function readAnswer(response: Response): Promise<HttpAnswer> {
  const body: Result = JSON.parse(await response.text());
  return { status: response.status, headers: response.headers, data: body.data, errors: body.errors ?? [] };
}

async function* overSocket(client: SocketClient, query: string, variables: Variables | undefined): AsyncGenerator<Result> {
  try {
    for await (const result of client.iterate<Variables, Variables>({ query, ...(variables ? { variables } : {}) })) yield result;
  } finally {
    await client.dispose();
  }
}

/** The code of an error as the contract has it. */
export function codeOf(error: GraphQLFormattedError | undefined): unknown {
  return error?.extensions?.['code'];
}

/** A socket that speaks the protocol by hand, for what no well-behaved client sends. */
export interface RawSocket {
  readonly socket: WebSocket;
  send(message: object | string): void;
  /** The next message, of that type where one is named. */
  next(type?: string): Promise<Variables>;
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
}

export async function openRawSocket(
  url: string,
  options: { readonly origin?: string; readonly protocol?: string } = {},
): Promise<RawSocket> {
  const socket = new WebSocket(
    url,
    options.protocol ?? 'graphql-transport-ws',
    options.origin === undefined ? {} : { origin: options.origin },
  );
  const received: Variables[] = [];
  const waiting: { readonly type: string | undefined; readonly resolve: (message: Variables) => void }[] = [];
  socket.on('message', (data) => {
    const message: Variables = JSON.parse(String(data));
    const index = waiting.findIndex(({ type }) => type === undefined || type === message['type']);
    const [waiter] = index === -1 ? [] : waiting.splice(index, 1);
    if (waiter) waiter.resolve(message);
    else received.push(message);
  });
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    socket.once('close', (code, reason) => {
      resolve({ code, reason: reason.toString() });
    });
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
  });
  return {
    socket,
    closed,
    send: (message) => {
      socket.send(typeof message === 'string' ? message : JSON.stringify(message));
    },
    next: (type) => {
      const index = received.findIndex((message) => type === undefined || message['type'] === type);
      const [message] = index === -1 ? [] : received.splice(index, 1);
      return message ? Promise.resolve(message) : new Promise((resolve) => waiting.push({ type, resolve }));
    },
  };
}
