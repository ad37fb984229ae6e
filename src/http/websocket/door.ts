import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { handleProtocols } from 'graphql-ws';
import { WebSocketServer, type WebSocket } from 'ws';
import type { Cancel, Random } from '../../core/clock.js';
import type { DoorParts } from '../door-parts.js';
import { LIMITS } from '../limits.js';
import { createProtocol } from './protocol.js';
import { createSession, SOCKET_CLOSE } from './session.js';
import { createSessions } from './sessions.js';
import { createTransport } from './transport.js';

export interface WebSocketDoor {
  /** For the HTTP server's `upgrade` event. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Lets sockets go as they fall idle, spread over the given time. */
  drain(spreadMs: number): void;
  /** Closes all sockets with 1001; resolves when the peers have answered, or been cut. */
  close(): Promise<void>;
}

/** WebSockets on one path: from the same origin or a configured one, uncompressed, with frames of at most 10 MB (1009). */
export function createWebSocketDoor(parts: DoorParts & { readonly random: Random; readonly path: string }): WebSocketDoor {
  const server = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: LIMITS.bodyBytes,
    handleProtocols,
  });
  const sessions = createSessions(parts);
  const accept = createAcceptor(parts, sessions);
  return {
    upgrade: (request, socket, head) => {
      const refusal = refusalOf(request, parts);
      if (refusal !== null) refuse(socket, refusal);
      else server.handleUpgrade(request, socket, head, accept);
    },
    drain: sessions.drain,
    close: () => {
      sessions.closeAll();
      return new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
      });
    },
  };
}

function createAcceptor(parts: DoorParts, sessions: ReturnType<typeof createSessions>): (socket: WebSocket) => void {
  const protocol = createProtocol(parts, sessions);
  return (socket) => {
    let closed: ((code: number, reason: string) => Promise<void>) | null = null;
    let cancelCut: Cancel = () => undefined;
    const letGo = (code: number, text: string) => {
      const run = closed;
      closed = null;
      run?.(code, text).catch(onFault);
    };
    const session = createSession({
      closeSocket: (code, text) => {
        socket.close(code, text);
        // The peer may never answer the close frame: what runs must not wait for it, nor what it has not read stay in memory.
        letGo(code, text);
        cancelCut = parts.clock.after(LIMITS.closeHandshakeMs, () => {
          socket.terminate();
        });
      },
      onIdle: sessions.becameIdle,
      onBegin: parts.activity.begin,
    });
    const onFault = (error: unknown) => {
      parts.logger.error({ err: error }, 'a socket failed');
      session.close({ code: SOCKET_CLOSE.internal, text: 'Internal error', reason: 'left' });
    };
    const transport = createTransport(socket, parts.clock, {
      onSlow: () => {
        session.close({ code: SOCKET_CLOSE.slowReader, text: 'Reads too slowly; resume after the last sequence', reason: 'slow' });
      },
      onLeave: session.leave,
      onFault,
    });
    sessions.opened(session);
    parts.metrics.socketOpened();
    // What ws reports here (a frame too large, a broken frame) it also closes the socket for.
    socket.on('error', (error) => {
      parts.logger.debug({ err: error }, 'a socket broke');
    });
    socket.once('close', (code, reason) => {
      cancelCut();
      session.leaveAll('left');
      sessions.closed(session);
      parts.metrics.socketClosed(code);
      letGo(code, reason.toString('utf8'));
    });
    closed = protocol.opened(transport, { session });
  };
}

interface Refusal {
  readonly status: string;
  readonly headers?: readonly string[];
}

function refusalOf(request: IncomingMessage, { path, origins, activity }: DoorParts & { readonly path: string }): Refusal | null {
  if (request.url?.split('?', 1)[0] !== path) return { status: '404 Not Found' };
  if (!origins.allows(request.headers.origin, request.headers.host)) return { status: '403 Forbidden' };
  if (activity.draining) return { status: '503 Service Unavailable', headers: ['Retry-After: 2'] };
  return null;
}

function refuse(socket: Duplex, { status, headers = [] }: Refusal): void {
  socket.once('error', () => socket.destroy());
  socket.end([`HTTP/1.1 ${status}`, 'Connection: close', 'Content-Length: 0', ...headers, '', ''].join('\r\n'));
}
