/**
 * A process of its own that aborts streams and tells what its heap holds after each batch, a line of JSON each: `[database URL,
 * batches, streams in each]`, run with `SLOPE_FLAGS`; without a URL it has a database of its own. What is kept for a while by promise
 * is let go by skipping that while, a day for keys, so that what grows from batch to batch is a leak.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { compose } from '../../src/compose.js';
import { readConfig } from '../../src/config.js';
import { MODEL, serve } from '../chaos/world.js';
import { chatFrame } from './chat-frames.js';
import { createGraphqlClient } from './graphql-client.js';
import type { GraphqlClient } from './graphql-client.js';
import { TEST_MASTER_KEY } from './product.js';
import { createSkippingClock } from './skipping-clock.js';

const [databaseUrl = '', batches = '0', streams = '0'] = process.argv.slice(2);
const SOCKETS = 10;
const KEPT_MS = 61_000;
const KEYS_KEPT_MS = 25 * 60 * 60 * 1000;
const QUERY = /* GraphQL */ `
  subscription Stream($input: CompletionInput!, $key: String!) {
    streamCompletion(input: $input, idempotencyKey: $key) {
      __typename
    }
  }
`;

/** Says one word and no more, and counts whom it still has. */
async function startSilentUpstream() {
  let open = 0;
  const server = createServer((request, response) => {
    open += 1;
    response.once('close', () => (open -= 1));
    request.resume().once('end', () => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(chatFrame({ role: 'assistant', content: 'a word, and then nothing' }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  return { baseUrl: `http://127.0.0.1:${port}/v1`, open: () => open, close };
}

async function abortStreams(client: GraphqlClient, batch: number): Promise<void> {
  const input = { model: MODEL, messages: [{ role: 'USER', text: 'hello' }], onDisconnect: 'CANCEL' };
  await Promise.all(
    Array.from({ length: SOCKETS }, async (_, lane) => {
      const socket = client.openSocket();
      for (let index = 0; index < Number(streams) / SOCKETS; index += 1) {
        const events = socket.subscribe<{ streamCompletion: { __typename: string } }>(QUERY, { input, key: `${batch}-${lane}-${index}` });
        for await (const { data } of events) if (data?.streamCompletion.__typename === 'TextDelta') break;
      }
      await socket.dispose();
    }),
  );
}

function heapUsed(): number {
  if (globalThis.gc === undefined) throw new Error('run this with --expose-gc');
  for (let round = 0; round < 3; round += 1) globalThis.gc();
  return process.memoryUsage().heapUsed;
}

/** Until all that has ended is booked. */
async function booked(url: string): Promise<void> {
  while (!(await (await fetch(`${url}/metrics`)).text()).includes('\nglidepath_ledger_pending_rows 0\n')) await delay(20);
}

const clock = createSkippingClock();
const dataDir = await mkdtemp(join(tmpdir(), 'glidepath-slope-'));
// The embedded Postgres runs as another user where we are root.
await chmod(dataDir, 0o711);
const upstream = await startSilentUpstream();
const nothing = () => undefined;
const logger = { debug: nothing, info: nothing, warn: nothing, error: nothing };
const env = { PORT: '0', DATA_DIR: dataDir, DATABASE_URL: databaseUrl, MASTER_KEY: TEST_MASTER_KEY, SANDBOX: 'off' };
const product = await compose({ config: readConfig(env), logger, clock });
try {
  const url = await product.listen();
  const openClient = () => createGraphqlClient({ url, key: product.adminKey });
  await serve(openClient(), upstream);
  for (let batch = 0; batch < Number(batches); batch += 1) {
    // Keys of the batch before are forgotten as this one's first comes.
    await clock.leap(KEYS_KEPT_MS);
    await abortStreams(openClient(), batch);
    while (upstream.open() > 0) await delay(10);
    await booked(url);
    await clock.skip(KEPT_MS);
    await booked(url);
    process.stdout.write(`${JSON.stringify({ heap: heapUsed() })}\n`);
  }
} finally {
  await product.stop();
  upstream.close();
  await rm(dataDir, { recursive: true, force: true });
}
process.exit(0);
