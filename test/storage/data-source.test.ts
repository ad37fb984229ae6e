import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { afterEach, expect, test } from '@jest/globals';
import { createDataSource } from '../../src/storage/data-source.js';

let server: Server | undefined;

afterEach(async () => {
  if (!server) return;
  server.close();
  await once(server, 'close');
});

/** A message of the Postgres protocol, version 3: a type, a length that counts itself, the body. */
function message(type: string, body: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeInt32BE(body.length + 4);
  return Buffer.concat([Buffer.from(type), length, body]);
}

const AUTHENTICATED = message('R', Buffer.alloc(4));
const READY = message('Z', Buffer.from('I'));
const TERMINATED = message('E', Buffer.from('SFATAL\0C57P01\0Mterminating connection due to administrator command\0\0'));

async function listen(greeting: Buffer): Promise<string> {
  const opened = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => socket.end(greeting));
  });
  server = opened;
  opened.listen(0, '127.0.0.1');
  await once(opened, 'listening');
  const { port } = opened.address() as AddressInfo;
  return `postgres://nobody@127.0.0.1:${port}/nothing`;
}

test('D3 a connection that the server ends in the very bytes that opened it fails its query, not the process', async () => {
  const dataSource = createDataSource({ url: await listen(Buffer.concat([AUTHENTICATED, READY, TERMINATED])) });
  await expect(dataSource.initialize()).rejects.toThrow(/connection error/);
});
