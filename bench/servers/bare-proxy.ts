/** The least that a gateway could do: pass bytes on, through node:http and undici. The upstream's origin is its argument. */
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { Pool } from 'undici';
import { announce } from './announce.js';

const [origin] = process.argv.slice(2);
if (origin === undefined) throw new Error('which upstream?');
const pool = new Pool(origin, { connections: 64 });

async function pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  const upstream = await pool.request({
    method: 'POST',
    path: request.url ?? '/',
    headers: { 'content-type': 'application/json', authorization: 'Bearer sk-bench' },
    body: Buffer.concat(parts),
  });
  response.writeHead(upstream.statusCode, { 'content-type': upstream.headers['content-type'] ?? 'application/octet-stream' });
  await pipeline(upstream.body, response);
}

announce(
  createServer((request, response) => {
    pass(request, response).catch((error: unknown) => response.destroy(error instanceof Error ? error : undefined));
  }),
);
