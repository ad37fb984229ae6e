import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { createHttpClient } from '../../src/providers/client.js';
import type { HttpClient, OutgoingRequest } from '../../src/providers/client.js';
import type { LookupAll } from '../../src/providers/network-guard.js';

interface Counted {
  readonly url: string;
  /** Connections so far, and the requests each carried. */
  readonly requests: number[];
  close(): Promise<void>;
}

async function startCounted(): Promise<Counted> {
  const requests: number[] = [];
  const places = new WeakMap<object, number>();
  const server: Server = createServer((request, response) => {
    const at = places.get(request.socket) ?? 0;
    requests[at] = (requests[at] ?? 0) + 1;
    request.resume().on('end', () => response.end('ok'));
  });
  server.keepAliveTimeout = 0;
  server.on('connection', (socket) => {
    places.set(socket, requests.push(0) - 1);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  };
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests, close };
}

let client: HttpClient;
let servers: Counted[];

beforeEach(async () => {
  client = createHttpClient();
  servers = [await startCounted(), await startCounted()];
});

afterEach(async () => {
  await client.close();
  await Promise.all(servers.map((server) => server.close()));
});

/** The body, or the code of the error. */
function post(baseUrl: string, changes: Partial<OutgoingRequest> = {}): Promise<string> {
  const request = { baseUrl, path: '/x', headers: {}, body: '{}', allowPrivateNetwork: true, ...changes };
  return new Promise((resolve) => {
    const chunks: Uint8Array[] = [];
    client.post(request, {
      onConnected: () => undefined,
      onSent: () => undefined,
      onResponse: () => undefined,
      onData: (chunk) => chunks.push(chunk),
      onEnd: () => resolve(Buffer.concat(chunks).toString()),
      onError: (error) => resolve('code' in error ? String(error.code) : error.message),
    });
  });
}

describe('pools', () => {
  test('are per origin: whatever lies below it shares connections, and nothing else does', async () => {
    const [one, other] = servers.map(({ url }) => url);
    for (const baseUrl of [`${one}/v1`, `${one}/v2`, `${one}`, `${other}/v1`]) {
      expect(await post(baseUrl)).toBe('ok');
      // The answer is told before its connection is free again.
      await setImmediate();
    }
    expect(servers.map(({ requests }) => requests)).toEqual([[3], [1]]);
  });

  test('hold as many connections as calls run at once', async () => {
    const [one = ''] = servers.map(({ url }) => url);
    await Promise.all([post(one), post(one), post(one)]);
    expect(servers[0]?.requests).toEqual([1, 1, 1]);
  });

  test('that are many are closed, the least used first, and opened again where they are wanted', async () => {
    await client.close();
    client = createHttpClient({ mostOrigins: 1 });
    const [one = '', other = ''] = servers.map(({ url }) => url);
    for (const baseUrl of [one, other, one]) expect(await post(baseUrl)).toBe('ok');
    expect(servers.map(({ requests }) => requests)).toEqual([[1, 1], [1]]);
  });
});

describe('K3 DNS rebinding', () => {
  const reach = async (address: string) => {
    const asked: string[] = [];
    const lookup: LookupAll = (hostname, _, callback) => {
      asked.push(hostname);
      callback(null, [{ address, family: address.includes(':') ? 6 : 4 }]);
    };
    await client.close();
    client = createHttpClient({ lookup });
    const port = new URL(servers[0]?.url ?? '').port;
    const said = await post(`http://rebinding.example.com:${port}`, { allowPrivateNetwork: false });
    return { said, asked };
  };

  test.each(['127.0.0.1', '::ffff:127.0.0.1', '10.0.0.1', '169.254.169.254', '100.64.0.1', '64:ff9b::7f00:1', 'fd00::1'])(
    'what the name means at the moment of connecting is what counts: %s is refused',
    async (address) => {
      const { said, asked } = await reach(address);
      expect(said).toBe('BLOCKED_ADDRESS');
      expect(asked).toEqual(['rebinding.example.com']);
      expect(servers[0]?.requests).toEqual([]);
    },
  );
});
