import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { connect } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';

export interface ConnectProxy {
  readonly port: number;
  /** What CONNECT asked for, in order. */
  readonly asked: { readonly to: string; readonly authorization: string | null }[];
  close(): Promise<void>;
}

/** Tunnels every CONNECT to one port of this machine, or answers it with `status`. */
export async function startConnectProxy(toPort: number, status = 200): Promise<ConnectProxy> {
  const asked: ConnectProxy['asked'] = [];
  const open = new Set<Duplex>();
  const server: Server = createServer((_, response) => response.writeHead(400).end());
  server.on('connect', (request, near: Socket) => {
    asked.push({ to: request.url ?? '', authorization: request.headers['proxy-authorization'] ?? null });
    near.on('error', () => undefined);
    open.add(near);
    if (status !== 200) return near.end(`HTTP/1.1 ${status} No\r\n\r\n`);
    const far = connect(toPort, '127.0.0.1', () => {
      near.write('HTTP/1.1 200 Connection established\r\n\r\n');
      far.pipe(near).pipe(far);
    });
    open.add(far.on('error', () => undefined));
    return undefined;
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = async () => {
    for (const socket of open) socket.destroy();
    server.close();
    await once(server, 'close');
  };
  return { port: (server.address() as AddressInfo).port, asked, close };
}
