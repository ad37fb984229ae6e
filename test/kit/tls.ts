import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { chatBody } from './chat-frames.js';

/** One of test/fixtures/tls. */
export function pem(name: string): string {
  return readFileSync(new URL(`../fixtures/tls/test-only-${name}.pem`, import.meta.url), 'utf8');
}

/** A chat server behind TLS, whose certificate is for private.glidepath.test and upstream.glidepath.test. */
export interface TlsUpstream {
  readonly port: number;
  /** Whom each request came from, by its certificate; null: without one. */
  readonly callers: readonly (string | null)[];
  /** The names that connections asked for, in order. */
  readonly names: readonly string[];
  /** Resolves when so many connections that were open have been closed. */
  closed(count: number): Promise<void>;
  close(): Promise<void>;
}

export async function startTlsUpstream({ mutual = false } = {}): Promise<TlsUpstream> {
  const callers: (string | null)[] = [];
  const names: string[] = [];
  const sockets = new Set<TLSSocket>();
  let closedCount = 0;
  const waiting = new Set<() => void>();
  const trust = { requestCert: mutual, rejectUnauthorized: mutual, ca: pem('private-ca') };
  const SNICallback = (name: string, done: (error: Error | null) => void) => {
    names.push(name);
    done(null);
  };
  const server = createServer({ key: pem('server-key'), cert: pem('server'), SNICallback, ...trust }, (request, response) => {
    callers.push((request.socket as TLSSocket).getPeerX509Certificate()?.subject.replace('CN=', '') ?? null);
    request.resume().on('end', () => {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(chatBody()));
    });
  });
  server.keepAliveTimeout = 0;
  server.on('tlsClientError', () => undefined);
  server.on('secureConnection', (socket) => {
    sockets.add(socket);
    socket
      .on('error', () => undefined)
      .once('close', () => {
        sockets.delete(socket);
        closedCount += 1;
        for (const look of waiting) look();
      });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    callers,
    names,
    closed: (count) =>
      new Promise((resolve) => {
        const look = () => {
          if (closedCount >= count) resolve();
        };
        waiting.add(look);
        look();
      }),
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
