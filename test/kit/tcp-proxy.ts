import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';

/** Stands between the product and its database, and takes the database away. */
export interface TcpProxy {
  /** The URL with this proxy in the place of its host and port. */
  readonly url: string;
  /** Every connection breaks, and new ones are closed at once. */
  cut(): void;
  /** Nothing comes through any more, and nobody is told: connections stay, new ones are taken, and all that is sent is swallowed. */
  silence(): void;
  heal(): void;
  close(): Promise<void>;
}

export async function startTcpProxy(target: string): Promise<TcpProxy> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  let isCut = false;
  const state = { isSilent: false };
  const server = createServer((near) => {
    near.on('error', () => undefined);
    if (isCut) near.destroy();
    else join({ near, far: connect(Number(port), hostname), sockets, state });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = new URL(target);
  url.host = `127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  const breakAll = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: url.href,
    cut() {
      isCut = true;
      breakAll();
    },
    silence() {
      state.isSilent = true;
    },
    heal() {
      isCut = false;
      // What was swallowed is missing in the middle of these.
      if (state.isSilent) breakAll();
      state.isSilent = false;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        breakAll();
      }),
  };
}

interface Joint {
  readonly near: Socket;
  readonly far: Socket;
  readonly sockets: Set<Socket>;
  readonly state: { readonly isSilent: boolean };
}

function join({ near, far, sockets, state }: Joint): void {
  far.on('error', () => undefined);
  for (const [from, to] of [
    [near, far],
    [far, near],
  ] as const) {
    sockets.add(from);
    from.on('data', (chunk: Buffer) => {
      if (!state.isSilent) to.write(chunk);
    });
    from.on('close', () => {
      sockets.delete(from);
      to.destroy();
    });
  }
}
