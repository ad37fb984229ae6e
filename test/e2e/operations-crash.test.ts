import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { rm } from 'node:fs/promises';
import { bookedRow } from '../kit/books.js';
import { createTestDatabase } from '../kit/database.js';
import type { TestDatabase } from '../kit/database.js';
import { createGraphqlClient } from '../kit/graphql-client.js';
import type { GraphqlClient } from '../kit/graphql-client.js';
import { EMBED, operationDocument } from '../kit/operation-cases.js';
import { CREATE_DEPLOYMENT, CREATE_MODEL, CREATE_PROVIDER } from '../kit/operations.js';
import { build, makeDataDir, startProcess } from '../kit/process.js';
import type { ProductProcess } from '../kit/process.js';
import { mutate, TEST_MASTER_KEY } from '../kit/product.js';
import { startScriptedUpstream } from '../kit/scripted-upstream.js';
import type { ScriptedUpstream } from '../kit/scripted-upstream.js';

const LIMIT_MS = 120_000;

let database: TestDatabase;
let upstream: ScriptedUpstream;
let dataDir: string;
let adminKey = '';
let running: ProductProcess | null = null;

beforeAll(async () => {
  await build();
  database = await createTestDatabase();
  upstream = await startScriptedUpstream();
  dataDir = await makeDataDir();
}, LIMIT_MS);

afterAll(async () => {
  await kill();
  await upstream.close();
  await database.drop();
  await rm(dataDir, { recursive: true, force: true });
}, LIMIT_MS);

async function start(): Promise<GraphqlClient> {
  running = startProcess({ DATABASE_URL: database.url, DATA_DIR: dataDir, MASTER_KEY: TEST_MASTER_KEY, SANDBOX: 'off' });
  const ready = await running.ready;
  adminKey = ready.adminKey ?? adminKey;
  return createGraphqlClient({ url: ready.url, key: adminKey });
}

async function kill(): Promise<void> {
  running?.child.kill('SIGKILL');
  await running?.exited;
  running = null;
}

test(
  'C21 a process that is killed while it embeds leaves one row, billed what was sent, and its key the outcome',
  async () => {
    const client = await start();
    await mutate(client, CREATE_PROVIDER, { slug: 'p', wireFormat: 'OPENAI_CHAT', baseUrl: upstream.baseUrl, allowPrivateNetwork: true });
    const price = { effectiveFrom: '2020-01-01T00:00:00Z', tiers: [{ rates: EMBED.rates }] };
    await mutate(client, CREATE_MODEL, { slug: 'm', vendor: 'test', operations: ['EMBEDDING'], price });
    await mutate(client, CREATE_DEPLOYMENT, { provider: 'p', model: 'm' });
    upstream.respond(({ stall }) => stall());
    const asked = { input: { model: 'm', ...EMBED.asked }, key: 'once' };
    const cut = client.query(operationDocument(EMBED), asked).catch(() => null);
    await upstream.nextRequest();
    await kill();
    await cut;

    const again = await start();
    const { data } = await again.query<{ embed: { code: string; inference: { id: string } } }>(operationDocument(EMBED), asked);
    expect(data?.embed).toMatchObject({ __typename: 'GatewayFailed', code: 'INTERRUPTED' });
    const row = await bookedRow(database.url, data?.embed.inference.id ?? '');
    // Twelve bytes by four, at $0.02 a million.
    expect(row).toMatchObject({
      operation: 'EMBEDDING',
      status: 'FAILED',
      usage_source: 'ESTIMATED',
      input: '4',
      cost_quality: 'ESTIMATED',
    });
    expect(Number(row['cost'])).toBe(0.00000008);
    expect(upstream.requests).toHaveLength(1);
  },
  LIMIT_MS,
);
