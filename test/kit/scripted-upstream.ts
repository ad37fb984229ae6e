import { createServer } from 'node:http';
import type { IncomingHttpHeaders, IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DONE, chatBody, chatFrame, finishFrame, usageFrame } from './chat-frames.js';

export * from './chat-frames.js';

/**
 * An upstream that does to the byte what a test scripts, and records what the gateway does to it: every request with its
 * body, and how each connection ended. It uses no timers; a test opens gates where order matters.
 */
export interface ScriptedUpstream {
  /** http://127.0.0.1:<free port> */
  readonly url: string;
  /** `url` with `/v1`, as a provider's `baseUrl`. */
  readonly baseUrl: string;
  readonly requests: readonly RecordedRequest[];
  /** The next request that no earlier call of this has returned; waits for it where it is yet to come. */
  nextRequest(): Promise<RecordedRequest>;
  /** How every request is answered from now on. Without a handler: a plain chat answer, in the form that was asked for. */
  respond(handler: UpstreamHandler): void;
  /** How the next request without a handler of its own is answered; several calls queue up, ahead of `respond`. */
  respondOnce(handler: UpstreamHandler): void;
  /** Ends every connection, however it stands. */
  close(): Promise<void>;
}

export type UpstreamHandler = (exchange: UpstreamExchange) => void | Promise<void>;

export interface RecordedRequest {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** The body parsed; null where it is no JSON object. */
  readonly json: Record<string, unknown> | null;
  /** Settles when the connection or the answer is over: `complete` when the whole answer had been written, else `aborted`. */
  readonly ended: Promise<'complete' | 'aborted'>;
  /** Resolves only when the peer leaves before the whole answer was written. */
  readonly aborted: Promise<void>;
  /** Resolves when the TCP connection is closed. */
  readonly socketClosed: Promise<void>;
}

/** One request being answered. */
export interface UpstreamExchange {
  readonly request: RecordedRequest;
  json(status: number, body: unknown, headers?: Record<string, string>): void;
  text(status: number, body: string, headers?: Record<string, string>): void;
  /** Sends the status line and headers of an event stream now. */
  startStream(headers?: Record<string, string>): void;
  /** Writes one chunk as it is (starting a stream where none has begun); resolves when the kernel has taken it. */
  send(chunk: string | Uint8Array): Promise<void>;
  /** The chunks one after the other, then the end. */
  stream(chunks: readonly (string | Uint8Array)[]): Promise<void>;
  /** As `stream`, byte by byte. */
  drip(bytes: string | Uint8Array): Promise<void>;
  end(): void;
  /** Closes the connection in the middle of the answer. */
  cut(): void;
  /** As `cut`, with a TCP reset. */
  reset(): void;
  /** Never answers; resolves when the peer has left. */
  stall(): Promise<void>;
}

/** A point in a script that waits until the test opens it. */
export interface Gate {
  readonly opened: Promise<void>;
  open(): void;
}

export function createGate(): Gate {
  let release: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => {
    release = resolve;
  });
  return { opened, open: () => release() };
}

export async function startScriptedUpstream(): Promise<ScriptedUpstream> {
  const inbox = createInbox();
  const script: Script = { queued: [], standing: answerPlainly };
  const server = createServer((incoming, outgoing) => {
    void answer({ incoming, outgoing, inbox, script });
  });
  server.keepAliveTimeout = 0;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${String(port)}`;
  return {
    url,
    baseUrl: `${url}/v1`,
    requests: inbox.requests,
    nextRequest: () => inbox.next(),
    respond: (handler) => {
      script.standing = handler;
    },
    respondOnce: (handler) => {
      script.queued.push(handler);
    },
    close: () => closeServer(server),
  };
}

interface Script {
  readonly queued: UpstreamHandler[];
  standing: UpstreamHandler;
}

interface Inbox {
  readonly requests: RecordedRequest[];
  add(request: RecordedRequest): void;
  next(): Promise<RecordedRequest>;
}

function createInbox(): Inbox {
  const requests: RecordedRequest[] = [];
  const waiting: ((request: RecordedRequest) => void)[] = [];
  let taken = 0;
  return {
    requests,
    add: (request) => {
      requests.push(request);
      const waiter = waiting.shift();
      if (waiter === undefined) return;
      taken += 1;
      waiter(request);
    },
    next: () => {
      const request = requests[taken];
      if (request === undefined) return new Promise((resolve) => waiting.push(resolve));
      taken += 1;
      return Promise.resolve(request);
    },
  };
}

async function answer(from: { incoming: IncomingMessage; outgoing: ServerResponse; inbox: Inbox; script: Script }): Promise<void> {
  const { incoming, outgoing, inbox, script } = from;
  outgoing.on('error', () => undefined);
  incoming.socket.setMaxListeners(0);
  const ended = new Promise<'complete' | 'aborted'>((resolve) => {
    outgoing.on('close', () => resolve(outgoing.writableFinished ? 'complete' : 'aborted'));
  });
  const socketClosed = new Promise<void>((resolve) => incoming.socket.once('close', () => resolve()));
  const body = await readBody(incoming);
  if (body === null) return;
  const request: RecordedRequest = {
    method: incoming.method ?? '',
    path: incoming.url ?? '',
    headers: incoming.headers,
    body,
    json: parseObject(body),
    ended,
    aborted: new Promise((resolve) => void ended.then((how) => (how === 'aborted' ? resolve() : undefined))),
    socketClosed,
  };
  inbox.add(request);
  const handler = script.queued.shift() ?? script.standing;
  await handler(createExchange(request, outgoing));
}

async function readBody(incoming: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
  } catch {
    return null;
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parseObject(body: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

function createExchange(request: RecordedRequest, outgoing: ServerResponse): UpstreamExchange {
  const whole = (status: number, body: string, headers: Record<string, string>) => {
    outgoing.writeHead(status, headers);
    outgoing.end(body);
  };
  const send = (chunk: string | Uint8Array) => {
    if (!outgoing.headersSent) startStream();
    return write(outgoing, chunk);
  };
  const startStream = (headers: Record<string, string> = {}) => {
    outgoing.writeHead(200, { 'content-type': 'text/event-stream', ...headers });
    outgoing.flushHeaders();
  };
  const stream = async (chunks: readonly (string | Uint8Array)[]) => {
    for (const chunk of chunks) await send(chunk);
    outgoing.end();
  };
  return {
    request,
    json: (status, body, headers = {}) => whole(status, JSON.stringify(body), { 'content-type': 'application/json', ...headers }),
    text: (status, body, headers = {}) => whole(status, body, { 'content-type': 'text/plain', ...headers }),
    startStream,
    send,
    stream,
    drip: (bytes) => stream([...Buffer.from(bytes)].map((byte) => Uint8Array.of(byte))),
    end: () => void outgoing.end(),
    cut: () => void outgoing.destroy(),
    reset: () => void outgoing.socket?.resetAndDestroy(),
    stall: () => request.ended.then(() => undefined),
  };
}

/** Resolves also when the peer is gone, so that a script never hangs. */
function write(outgoing: ServerResponse, chunk: string | Uint8Array): Promise<void> {
  if (outgoing.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    outgoing.once('close', resolve);
    outgoing.write(chunk, () => {
      outgoing.off('close', resolve);
      resolve();
    });
  });
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

const answerPlainly: UpstreamHandler = ({ request, json, stream }) => {
  if (request.json?.['stream'] !== true) return json(200, chatBody());
  return stream([
    chatFrame({ role: 'assistant', content: 'Hello' }),
    chatFrame({ content: ' there.' }),
    finishFrame('stop'),
    usageFrame(),
    DONE,
  ]);
};
