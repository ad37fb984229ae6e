import { createClient as createSseClient } from 'graphql-sse';
import { createClient as createSocketClient } from 'graphql-ws';
import type { Client as SocketClient } from 'graphql-ws';
import type { ExecutionResult } from 'graphql';
import { WebSocket } from 'ws';

/** Speaks to the product through each of its doors, as a frontend would. */
export interface GraphqlClient {
  /** POST /graphql. Never throws for a GraphQL error. */
  query<T = Record<string, unknown>>(document: string, variables?: object, headers?: Record<string, string>): Promise<GraphqlAnswer<T>>;
  /** A WebSocket of its own, opened with the first operation. */
  openSocket(): GraphqlSocket;
  /** The same path by `Accept: text/event-stream`. Returning from the iteration closes the connection. */
  events<T = Record<string, unknown>>(document: string, variables?: object): AsyncIterableIterator<ExecutionResult<T, Extensions>>;
}

export type Extensions = Record<string, unknown>;

export interface GraphqlAnswer<T> {
  readonly status: number;
  readonly headers: Headers;
  readonly data: T | null;
  readonly errors: readonly { readonly message: string; readonly path?: readonly unknown[]; readonly extensions: Extensions }[] | undefined;
}

export interface GraphqlSocket {
  /** Returning from the iteration unsubscribes. */
  subscribe<T = Record<string, unknown>>(document: string, variables?: object): AsyncIterableIterator<ExecutionResult<T, Extensions>>;
  /** Runs an operation to its end: the data of every result, and the errors of the one that had any. */
  collect<T = Record<string, unknown>>(document: string, variables?: object): Promise<Collected<T>>;
  /** The code it was closed with; null while it is open. */
  readonly closedWith: number | null;
  readonly closed: Promise<number>;
  /** Closes politely. */
  dispose(): Promise<void>;
  /** Drops the TCP connection. */
  terminate(): void;
}

export interface Collected<T> {
  readonly data: readonly T[];
  readonly errors: readonly { readonly message: string; readonly extensions: Extensions }[] | undefined;
}

export interface ClientSettings {
  readonly url: string;
  readonly key: string | null;
  /** Collects what was opened, so that whoever made the client can dispose of it. */
  readonly sockets?: GraphqlSocket[];
}

export function createGraphqlClient({ url, key, sockets = [] }: ClientSettings): GraphqlClient {
  const endpoint = `${url}/graphql`;
  const authorization: Record<string, string> = key === null ? {} : { authorization: `Bearer ${key}` };
  return {
    async query(document, variables, headers) {
      const response = await fetch(endpoint, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...authorization, ...headers },
        body: JSON.stringify({ query: document, variables }),
      });
      const { data = null, errors } = (await response.json()) as { data?: never; errors?: never };
      return { status: response.status, headers: response.headers, data, errors };
    },
    openSocket() {
      const socket = openSocket(endpoint.replace(/^http/, 'ws'), authorization);
      sockets.push(socket);
      return socket;
    },
    events(document, variables) {
      const client = createSseClient({ url: endpoint, headers: authorization, retryAttempts: 0 });
      return client.iterate({ query: document, ...variablesOf(variables) }) as never;
    },
  };
}

function openSocket(url: string, connectionParams: Record<string, string>): GraphqlSocket {
  let closedWith: number | null = null;
  let socket: WebSocket | null = null;
  let tellClosed: (code: number) => void = () => undefined;
  const closed = new Promise<number>((resolve) => {
    tellClosed = resolve;
  });
  const client: SocketClient = createSocketClient({
    url,
    connectionParams,
    webSocketImpl: WebSocket,
    retryAttempts: 0,
    lazyCloseTimeout: 500,
    on: {
      opened: (opened) => {
        socket = opened as WebSocket;
      },
      closed: (event) => {
        closedWith = (event as { code: number }).code;
        tellClosed(closedWith);
      },
    },
  });
  const subscribe = (document: string, variables?: object) => client.iterate({ query: document, ...variablesOf(variables) }) as never;
  return {
    subscribe,
    collect: (document, variables) => collect(subscribe(document, variables)),
    get closedWith() {
      return closedWith;
    },
    closed,
    dispose: async () => {
      await client.dispose();
    },
    terminate: () => socket?.terminate(),
  };
}

async function collect<T>(results: AsyncIterable<ExecutionResult<T, Extensions>>): Promise<Collected<T>> {
  const data: T[] = [];
  try {
    for await (const result of results) {
      if (result.errors) return { data, errors: result.errors.map(({ message, extensions }) => ({ message, extensions })) };
      if (result.data) data.push(result.data);
    }
    return { data, errors: undefined };
  } catch (thrown) {
    // A refused operation comes as an `error` message, which the client throws as an array of errors.
    if (Array.isArray(thrown)) return { data, errors: thrown as never };
    throw thrown;
  }
}

function variablesOf(variables: object | undefined): { variables?: Record<string, unknown> } {
  return variables ? { variables: { ...variables } } : {};
}
