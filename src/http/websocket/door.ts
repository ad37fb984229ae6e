import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { handleProtocols } from 'graphql-ws';
import { WebSocketServer } from 'ws';
import type { Random } from '../../core/clock.js';
import type { DoorParts } from '../door-parts.js';
import { LIMITS } from '../limits.js';
import { openConnection } from './connection.js';
import { createProtocol } from './protocol.js';
import { createSessions } from './sessions.js';

export interface WebSocketDoor {
  /** For the HTTP server's `upgrade` event. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Lets sockets go as they fall idle, spread over a window within the grace. */
  drain(graceMs: number): void;
  /** Lets go those that are left, likewise; resolves when each was told. */
  leave(): Promise<void>;
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
  const connections = { parts, sessions, protocol: createProtocol(parts, sessions) };
  return {
    upgrade: (request, socket, head) => {
      const refusal = refusalOf(request, parts);
      if (refusal !== null) refuse(socket, refusal);
      else server.handleUpgrade(request, socket, head, (opened) => openConnection(opened, connections));
    },
    drain: sessions.drain,
    leave: sessions.leave,
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
