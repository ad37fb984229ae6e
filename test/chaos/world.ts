import { rm } from 'node:fs/promises';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { administer, createTestDatabase } from '../kit/database.js';
import type { TestDatabase } from '../kit/database.js';
import { createGraphqlClient } from '../kit/graphql-client.js';
import type { GraphqlClient } from '../kit/graphql-client.js';
import { CREATE_API_KEY, CREATE_DEPLOYMENT, CREATE_MODEL, CREATE_PROVIDER } from '../kit/operations.js';
import { makeDataDir, startProcess } from '../kit/process.js';
import type { ProductProcess } from '../kit/process.js';
import { mutate, TEST_MASTER_KEY } from '../kit/product.js';
import { startScriptedUpstream } from '../kit/scripted-upstream.js';
import type { ScriptedUpstream } from '../kit/scripted-upstream.js';
import { startTcpProxy } from '../kit/tcp-proxy.js';

export const MODEL = 'm';

/** The built product as processes of their own, on one database behind a proxy that can be cut, with a scripted upstream. */
export interface World {
  readonly database: TestDatabase;
  readonly upstream: ScriptedUpstream;
  readonly replicas: readonly Replica[];
  takeDatabaseAway(forMs: number): Promise<void>;
  /** Ends every connection to the database once. */
  breakConnections(): Promise<void>;
  close(): Promise<void>;
}

export interface Replica {
  /** Speaks with the admin key; null while the process is not up. */
  readonly client: GraphqlClient | null;
  /** Speaks with another key. */
  clientWith(key: string): GraphqlClient | null;
  start(): Promise<void>;
  /** Resolves with the exit code. */
  end(signal: 'SIGKILL' | 'SIGTERM'): Promise<number | null>;
  /** What the process has printed, over all its lives. */
  output(): string;
  /** Names of the files of its journal. */
  journal(): readonly string[];
}

export interface WorldOptions {
  readonly replicas?: number;
  readonly env?: Readonly<Record<string, string>>;
}

export async function createWorld({ replicas: count = 1, env = {} }: WorldOptions = {}): Promise<World> {
  const database = await createTestDatabase();
  const proxy = await startTcpProxy(database.url);
  const upstream = await startScriptedUpstream();
  const admin: { key: string | null } = { key: null };
  const settings = {
    DATABASE_URL: proxy.url,
    MASTER_KEY: TEST_MASTER_KEY,
    SANDBOX: 'off',
    SHUTDOWN_GRACE_MS: '2000',
    LOG_LEVEL: 'warn',
    ...env,
  };
  const dataDirs = await Promise.all(Array.from({ length: count }, () => makeDataDir()));
  const replicas = dataDirs.map((dataDir) => createReplica({ ...settings, DATA_DIR: dataDir }, dataDir, admin));
  const name = new URL(database.url).pathname.slice(1);
  return {
    ...{ database, upstream, replicas },
    async takeDatabaseAway(forMs) {
      proxy.cut();
      await delay(forMs);
      proxy.heal();
    },
    breakConnections: () => administer(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${name}'`),
    async close() {
      proxy.heal();
      await Promise.all(replicas.map((replica) => replica.end('SIGKILL')));
      await proxy.close();
      await upstream.close();
      await database.drop();
      for (const dataDir of dataDirs) await rm(dataDir, { recursive: true, force: true });
    },
  };
}

function createReplica(env: Record<string, string>, dataDir: string, admin: { key: string | null }): Replica {
  let running: ProductProcess | null = null;
  let client: GraphqlClient | null = null;
  let url = '';
  let printed = '';
  return {
    get client() {
      return client;
    },
    clientWith: (key) => client && createGraphqlClient({ url, key }),
    async start() {
      const starting = startProcess(env);
      running = starting;
      const ready = await starting.ready;
      admin.key = ready.adminKey ?? admin.key;
      ({ url } = ready);
      client = createGraphqlClient({ url, key: admin.key });
    },
    async end(signal) {
      if (signal === 'SIGKILL') client = null;
      running?.child.kill(signal);
      const code = (await running?.exited)?.code ?? null;
      client = null;
      printed += running?.output() ?? '';
      running = null;
      return code;
    },
    output: () => printed + (running?.output() ?? ''),
    journal: () => readdirSync(join(dataDir, 'journal')),
  };
}

/** The model `m` on the upstream: $1 a million input tokens, $2 a million output tokens. */
export async function serve(client: GraphqlClient, upstream: Pick<ScriptedUpstream, 'baseUrl'>): Promise<void> {
  await mutate(client, CREATE_PROVIDER, {
    ...{ slug: 'p', wireFormat: 'OPENAI_CHAT', baseUrl: upstream.baseUrl, allowPrivateNetwork: true },
    credential: { apiKey: 'sk-upstream-secret-0123456789' },
  });
  const rates = [
    { component: 'INPUT', amount: '1' },
    { component: 'OUTPUT', amount: '2' },
  ];
  const price = { effectiveFrom: '2020-01-01T00:00:00Z', tiers: [{ rates }] };
  await mutate(client, CREATE_MODEL, { slug: MODEL, vendor: 'test', capabilities: ['STREAMING'], maxOutputTokens: 10_000, price });
  await mutate(client, CREATE_DEPLOYMENT, { provider: 'p', model: MODEL, slug: `p.${MODEL}` });
}

/** A key may hold fifty sockets, and for a while all clients may be on one replica. */
const CLIENTS_PER_KEY = 25;

/** Secrets of enough keys for so many clients. */
export async function createKeys(client: GraphqlClient, clients: number): Promise<readonly string[]> {
  const results = Array.from({ length: Math.ceil(clients / CLIENTS_PER_KEY) }, () => mutate(client, CREATE_API_KEY, { name: 'chaos' }));
  return (await Promise.all(results)).map(({ secret }) => String(secret));
}
