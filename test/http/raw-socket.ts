import { WebSocket } from 'ws';
import type { ClientOptions } from 'ws';

export type Message = Record<string, unknown> & { readonly payload?: unknown };

/** A socket that speaks the protocol by hand, for what no well-behaved client sends. */
export interface RawSocket {
  readonly socket: WebSocket;
  send(message: object | string): void;
  /** The next message that was not taken yet, of that type where one is named. */
  next(type?: string): Promise<Message>;
  /** All of that type that have come and were not taken. */
  rest(type: string): readonly Message[];
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
}

interface Waiter {
  readonly type: string | undefined;
  readonly resolve: (message: Message) => void;
}

export async function openRawSocket(url: string, options: ClientOptions & { readonly protocol?: string } = {}): Promise<RawSocket> {
  const { protocol = 'graphql-transport-ws', ...clientOptions } = options;
  const socket = new WebSocket(url, protocol, clientOptions);
  const received: Message[] = [];
  const waiting: Waiter[] = [];
  socket.on('message', (data: Buffer) => {
    const message = JSON.parse(data.toString('utf8')) as Message;
    const index = waiting.findIndex(({ type }) => type === undefined || type === message['type']);
    const [waiter] = index === -1 ? [] : waiting.splice(index, 1);
    if (waiter) waiter.resolve(message);
    else received.push(message);
  });
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    socket.once('close', (code, reason) => {
      resolve({ code, reason: reason.toString('utf8') });
    });
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('open', () => {
      resolve();
    });
    socket.once('error', reject);
  });
  socket.on('error', () => undefined);
  return {
    socket,
    closed,
    send: (message) => {
      socket.send(typeof message === 'string' ? message : JSON.stringify(message));
    },
    rest: (type) => received.filter((message) => type === message['type']),
    next: (type) => {
      const index = received.findIndex((message) => type === undefined || message['type'] === type);
      const [message] = index === -1 ? [] : received.splice(index, 1);
      return message ? Promise.resolve(message) : new Promise((resolve) => waiting.push({ type, resolve }));
    },
  };
}

/** Opened, and acknowledged with these connection parameters. */
export async function openReadySocket(url: string, payload: object = {}): Promise<RawSocket> {
  const raw = await openRawSocket(url);
  raw.send({ type: 'connection_init', payload });
  await raw.next('connection_ack');
  return raw;
}

export function subscribeMessage(id: string, query: string, variables?: object): object {
  return { id, type: 'subscribe', payload: { query, variables } };
}
