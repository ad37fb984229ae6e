import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { pino } from 'pino';
import { compose } from '../../src/compose.js';
import { readConfig } from '../../src/config.js';
import type { Clock } from '../../src/core/clock.js';
import type { CallTimeouts } from '../../src/providers/contract.js';
import { createTestDatabase } from './database.js';
import type { TestDatabase } from './database.js';
import { createGraphqlClient } from './graphql-client.js';
import type { GraphqlClient, GraphqlSocket } from './graphql-client.js';
import { CREATE_API_KEY, CREATE_DEPLOYMENT, CREATE_MODEL, CREATE_PROVIDER } from './operations.js';
import { startScriptedUpstream } from './scripted-upstream.js';
import type { ScriptedUpstream } from './scripted-upstream.js';

/** The whole product in this process, on a real database of its own, with a scripted upstream beside it. */
export interface TestProduct {
  readonly url: string;
  readonly adminKey: string;
  /** Speaks with the admin key. */
  readonly client: GraphqlClient;
  readonly upstream: ScriptedUpstream;
  readonly database: TestDatabase;
  /** Every log line so far, as written. */
  readonly logs: readonly string[];
  clientWith(key: string | null): GraphqlClient;
  /** A provider, a model and a deployment `test.<model>` on the scripted upstream. */
  serve(model: ServedModel): Promise<void>;
  createKey(input?: Record<string, unknown>): Promise<{ secret: string; id: string }>;
  stop(): Promise<void>;
}

export interface ServedModel {
  readonly slug: string;
  /** Dollars for a million tokens, by price component; none: the model has no price. */
  readonly rates?: Readonly<Record<string, string>>;
  readonly tiers?: readonly object[];
  readonly baseUrl?: string;
  readonly apiKey?: string;
}

/** Fits readConfig's MASTER_KEY and ADMIN_KEY: fixed, so that two replicas agree. */
export const TEST_MASTER_KEY = Buffer.alloc(32, 7).toString('base64');

export interface ProductOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** A replica shares the first one's database; without it the product has its own. */
  readonly replicaOf?: TestProduct;
  readonly clock?: Clock;
  readonly timeouts?: CallTimeouts;
}

export async function startProduct(options: ProductOptions = {}): Promise<TestProduct> {
  const database = options.replicaOf?.database ?? (await createTestDatabase());
  const upstream = options.replicaOf?.upstream ?? (await startScriptedUpstream());
  const dataDir = await mkdtemp(join(tmpdir(), 'glidepath-test-'));
  const logs: string[] = [];
  const config = readConfig({
    PORT: '0',
    DATA_DIR: dataDir,
    DATABASE_URL: database.url,
    MASTER_KEY: TEST_MASTER_KEY,
    SANDBOX: 'off',
    SHUTDOWN_GRACE_MS: '2000',
    ...options.env,
  });
  const product = await compose({ ...surroundingsOf(options), config, logger: pino({ level: 'debug' }, collectLines(logs)) });
  const url = await product.listen();
  const adminKey = options.replicaOf?.adminKey ?? product.adminKey;
  if (adminKey === null) throw new Error('the first start must give an admin key');
  const sockets: GraphqlSocket[] = [];
  const clientWith = (key: string | null) => createGraphqlClient({ url, key, sockets });
  const client = clientWith(adminKey);
  return {
    url,
    adminKey,
    client,
    upstream,
    database,
    logs,
    clientWith,
    serve: (model) => serve(client, upstream, model),
    createKey: (input) => createKey(client, input),
    stop: async () => {
      await Promise.all(sockets.map((socket) => socket.dispose()));
      await product.stop();
      await rm(dataDir, { recursive: true, force: true });
      if (options.replicaOf) return;
      await upstream.close();
      await database.drop();
    },
  };
}

function surroundingsOf({ clock, timeouts }: ProductOptions): { clock?: Clock; timeouts?: CallTimeouts } {
  return { ...(clock ? { clock } : {}), ...(timeouts ? { timeouts } : {}) };
}

function collectLines(logs: string[]): Writable {
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      logs.push(chunk.toString('utf8'));
      done();
    },
  });
}

async function serve(client: GraphqlClient, upstream: ScriptedUpstream, model: ServedModel): Promise<void> {
  const provider = `on-${model.slug}`;
  const rates = Object.entries(model.rates ?? {}).map(([component, amount]) => ({ component, amount }));
  const tiers = model.tiers ?? (rates.length > 0 ? [{ rates }] : null);
  await mutate(client, CREATE_PROVIDER, {
    slug: provider,
    wireFormat: 'OPENAI_CHAT',
    baseUrl: model.baseUrl ?? upstream.baseUrl,
    credential: { apiKey: model.apiKey ?? 'sk-upstream-secret-0123456789' },
    allowPrivateNetwork: true,
  });
  await mutate(client, CREATE_MODEL, {
    slug: model.slug,
    vendor: 'test',
    capabilities: ['STREAMING', 'TOOLS', 'PARALLEL_TOOLS', 'JSON_MODE', 'JSON_SCHEMA', 'VISION', 'REASONING'],
    contextWindow: 1_000_000,
    maxOutputTokens: 100_000,
    ...(tiers ? { price: { effectiveFrom: '2020-01-01T00:00:00Z', tiers } } : {}),
  });
  await mutate(client, CREATE_DEPLOYMENT, { provider, model: model.slug, slug: `test.${model.slug}` });
}

async function createKey(client: GraphqlClient, input: Record<string, unknown> = {}): Promise<{ secret: string; id: string }> {
  const created = await mutate(client, CREATE_API_KEY, { name: 'test', ...input });
  const { secret, apiKey } = created as { secret: string; apiKey: { id: string } };
  return { secret, id: apiKey.id };
}

/** Runs a mutation of one `input`, and gives its one result; an error type among the results throws. */
export async function mutate(client: GraphqlClient, document: string, input: object): Promise<Record<string, unknown>> {
  const answer = await client.query<Record<string, { __typename: string }>>(document, { input });
  const [result] = Object.values(answer.data ?? {});
  if (!result || 'code' in result) throw new Error(`refused: ${JSON.stringify(answer)}`);
  return result;
}
