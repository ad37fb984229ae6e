import { afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { readLedger } from '../chaos/audit.js';
import { createTestDatabase } from '../kit/database.js';
import type { TestDatabase } from '../kit/database.js';
import { createGraphqlClient } from '../kit/graphql-client.js';
import type { GraphqlClient } from '../kit/graphql-client.js';
import { COMPLETE, CREATE_DEPLOYMENT, CREATE_MODEL, CREATE_PROVIDER, START_COMPLETION } from '../kit/operations.js';
import { build, makeDataDir, startProcess } from '../kit/process.js';
import type { ProductProcess } from '../kit/process.js';
import { mutate, TEST_MASTER_KEY } from '../kit/product.js';
import { PUBLISH_ROUTE } from '../kit/routing.js';
import { chatBody, chatFrame, startScriptedUpstream, usageFrame } from '../kit/scripted-upstream.js';
import type { ScriptedUpstream } from '../kit/scripted-upstream.js';
import { startTcpProxy } from '../kit/tcp-proxy.js';
import type { TcpProxy } from '../kit/tcp-proxy.js';

const LIMIT_MS = 120_000;

let database: TestDatabase;
let proxy: TcpProxy;
let upstream: ScriptedUpstream;
let dataDir: string;
let adminKey: string;
let running: ProductProcess | null = null;

beforeAll(build, LIMIT_MS);

beforeEach(async () => {
  database = await createTestDatabase();
  proxy = await startTcpProxy(database.url);
  upstream = await startScriptedUpstream();
  dataDir = await makeDataDir();
});

afterEach(async () => {
  proxy.heal();
  await end('SIGKILL');
  await proxy.close();
  await upstream.close();
  await database.drop();
  await rm(dataDir, { recursive: true, force: true });
}, LIMIT_MS);

async function start(env: Record<string, string> = {}): Promise<GraphqlClient> {
  const settings = { DATABASE_URL: proxy.url, DATA_DIR: dataDir, MASTER_KEY: TEST_MASTER_KEY, SANDBOX: 'off', SHUTDOWN_GRACE_MS: '500' };
  running = startProcess({ ...settings, ...env });
  const ready = await running.ready;
  adminKey = ready.adminKey ?? adminKey;
  return createGraphqlClient({ url: ready.url, key: adminKey });
}

async function end(signal: 'SIGKILL' | 'SIGTERM'): Promise<number | null> {
  running?.child.kill(signal);
  const code = (await running?.exited)?.code ?? null;
  running = null;
  return code;
}

/** $1 a million input tokens, $2 a million output tokens. */
async function serve(client: GraphqlClient): Promise<void> {
  await mutate(client, CREATE_PROVIDER, {
    ...{ slug: 'p', wireFormat: 'OPENAI_CHAT', baseUrl: upstream.baseUrl, allowPrivateNetwork: true },
    credential: { apiKey: 'sk-upstream-secret-0123456789' },
  });
  const rates = [
    { component: 'INPUT', amount: '1' },
    { component: 'OUTPUT', amount: '2' },
  ];
  const price = { effectiveFrom: '2020-01-01T00:00:00Z', tiers: [{ rates }] };
  await mutate(client, CREATE_MODEL, { slug: 'm', vendor: 'test', capabilities: ['STREAMING'], maxOutputTokens: 1_000, price });
  await mutate(client, CREATE_DEPLOYMENT, { provider: 'p', model: 'm', slug: 'p.m' });
}

/** The same model once more, behind the first: the route `both`. */
async function serveAgain(client: GraphqlClient): Promise<void> {
  await mutate(client, CREATE_PROVIDER, {
    ...{ slug: 'q', wireFormat: 'OPENAI_CHAT', baseUrl: upstream.baseUrl, allowPrivateNetwork: true },
    credential: { apiKey: 'sk-upstream-secret-0123456789' },
  });
  await mutate(client, CREATE_DEPLOYMENT, { provider: 'q', model: 'm', slug: 'q.m' });
  const nodes = ['p.m', 'q.m'].map((deployment) => ({ target: { deployment, maxAttempts: 1 } }));
  await mutate(client, PUBLISH_ROUTE, { slug: 'both', definition: { fallback: { nodes } } });
}

const input = (text: string) => ({ model: 'm', messages: [{ role: 'USER', text }], user: text });

interface Row {
  readonly id: string;
  readonly user: string;
  readonly status: string;
  readonly error_code: string | null;
  readonly input: string;
  readonly output: string;
  readonly usage_source: string;
  readonly cost: string | null;
  readonly attempts: string;
}

/** The ledger itself, past the product and the proxy. */
async function rows(): Promise<Row[]> {
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  try {
    const attempts = '(SELECT count(*) FROM attempt WHERE inference_id = inference.id) AS attempts';
    const columns = `id, "user", status, error_code, input, output, usage_source, cost::float8::text AS cost, ${attempts}`;
    return (await client.query<Row>(`SELECT ${columns} FROM inference ORDER BY id`)).rows;
  } finally {
    await client.end();
  }
}

/** Keys whose outcome nobody knows yet. */
async function keysInUse(): Promise<number> {
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  try {
    const { rows: found } = await client.query<{ ended: boolean }>('SELECT ended_at IS NOT NULL AS ended FROM idempotency_key');
    expect(found).toHaveLength(1);
    return found.filter(({ ended }) => !ended).length;
  } finally {
    await client.end();
  }
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await delay(20);
}

function journalText(): string {
  const folder = join(dataDir, 'journal');
  return readdirSync(folder)
    .map((name) => readFileSync(join(folder, name), 'utf8'))
    .join('');
}

/** Answers with usage that differs from call to call, and remembers what it billed: the provider's own ledger. */
function billing() {
  const billed = { calls: 0, input: 0, output: 0 };
  upstream.respond(({ json }) => {
    billed.calls += 1;
    const usage = { prompt_tokens: 10 + billed.calls, completion_tokens: billed.calls, total_tokens: 10 + 2 * billed.calls };
    billed.input += usage.prompt_tokens;
    billed.output += usage.completion_tokens;
    json(200, chatBody({ usage }));
  });
  return billed;
}

function sums(of: readonly Row[]) {
  const sum = (pick: (row: Row) => string) => of.reduce((total, row) => total + Number(pick(row)), 0);
  return { calls: of.length, input: sum((row) => row.input), output: sum((row) => row.output) };
}

describe('kill -9', () => {
  test(
    'C21 while streaming: each open call is settled once, by what the journal knew of it',
    async () => {
      const client = await start();
      await serve(client);
      upstream.respond(async ({ send, stall }) => {
        await send(chatFrame({ role: 'assistant', content: 'Forty characters of an answer, no less. ' }));
        await stall();
      });
      const call = (index: number) => ({ input: input(`stream ${String(index)}`), key: index === 0 ? 'kept' : null });
      for (let index = 0; index < 5; index += 1) await client.query(START_COMPLETION, call(index));
      await until(() => journalText().split('"kind":"progress"').length === 6);
      await end('SIGKILL');

      const restarted = await start();
      const found = await rows();
      expect(found).toHaveLength(5);
      expect(await keysInUse()).toBe(0);
      expect((await restarted.query(COMPLETE, call(0))).data).toMatchObject({ complete: { code: 'INTERRUPTED' } });
      expect(upstream.requests).toHaveLength(5);
      for (const row of found)
        expect(row).toMatchObject({ status: 'FAILED', error_code: 'INTERRUPTED', usage_source: 'ESTIMATED', output: '10', attempts: '1' });
      for (const row of found) expect(Number(row.cost)).toBeCloseTo(Number(row.input) / 1e6 + 20 / 1e6, 12);
      await end('SIGTERM');
      await start();
      expect(await rows()).toEqual(found);
    },
    LIMIT_MS,
  );

  test(
    'C21 during the second target: what the first one billed is in the row too',
    async () => {
      const client = await start();
      await serve(client);
      await serveAgain(client);
      upstream.respondOnce(async ({ send, cut }) => {
        await send(chatFrame({ role: 'assistant' }) + usageFrame({ prompt_tokens: 100, completion_tokens: 3, total_tokens: 103 }));
        cut();
      });
      upstream.respondOnce(async ({ send, stall }) => {
        await send(chatFrame({ role: 'assistant', content: 'Forty characters of an answer, no less. ' }));
        await stall();
      });
      await client.query(START_COMPLETION, { input: { ...input('moved on'), model: 'both' } });
      await until(() => /"delivered":\{[^}]*"output":10,/.test(journalText()));
      await end('SIGKILL');

      await start();
      expect(upstream.requests).toHaveLength(2);
      const [row, ...others] = await readLedger(database.url);
      expect(others).toEqual([]);
      expect(row).toMatchObject({ user: 'moved on', status: 'FAILED', error_code: 'INTERRUPTED', cost_is_exact: true });
      expect(row?.attempts).toMatchObject([
        { status: 'FAILED', usage_source: 'REPORTED', input: 100, output: 3, cost_is_exact: true },
        { status: 'CANCELLED', usage_source: 'ESTIMATED', output: 10, cost_is_exact: true },
      ]);
    },
    LIMIT_MS,
  );

  test(
    'C21 between answer and commit: after a restart the sum equals the provider’s own ledger, missing 0, doubled 0',
    async () => {
      const client = await start();
      await serve(client);
      const billed = billing();
      await client.query(COMPLETE, { input: input('before') });
      await until(async () => (await rows()).length === 1);
      proxy.cut();
      const answers = await Promise.all(
        Array.from({ length: 40 }, (_, index) =>
          client.query<{ complete: { status: string } }>(COMPLETE, { input: input(`call ${String(index)}`) }),
        ),
      );
      for (const { data } of answers) expect(data?.complete.status).toBe('SUCCEEDED');
      expect(await rows()).toHaveLength(1);
      await end('SIGKILL');
      proxy.heal();

      await start();
      const found = await rows();
      expect(sums(found)).toEqual(billed);
      expect(billed.calls).toBe(41);
      expect(new Set(found.map((row) => row.user)).size).toBe(41);
      for (const row of found) expect(row).toMatchObject({ status: 'SUCCEEDED', usage_source: 'REPORTED', attempts: '1' });
    },
    LIMIT_MS,
  );

  test(
    'C21 again and again, also while it recovers: still each once',
    async () => {
      const client = await start();
      await serve(client);
      const billed = billing();
      await client.query(COMPLETE, { input: input('first') });
      proxy.cut();
      for (let index = 0; index < 10; index += 1) await client.query(COMPLETE, { input: input(`call ${String(index)}`) });
      await end('SIGKILL');
      proxy.heal();
      for (let round = 0; round < 3; round += 1) {
        const half = startProcess({ DATABASE_URL: proxy.url, DATA_DIR: dataDir, MASTER_KEY: TEST_MASTER_KEY, SANDBOX: 'off' });
        await Promise.race([half.ready.catch(() => undefined), delay(700 + 400 * round)]);
        half.child.kill('SIGKILL');
        await half.exited;
      }
      await start();
      expect(sums(await rows())).toEqual(billed);
    },
    LIMIT_MS,
  );
});

describe('the database away', () => {
  test(
    'D3 known keys are served all the while, and nothing is lost or doubled when it is back',
    async () => {
      const client = await start();
      await serve(client);
      const billed = billing();
      await client.query(COMPLETE, { input: input('known') });
      let served = 0;
      for (let round = 0; round < 3; round += 1) {
        proxy.cut();
        for (let index = 0; index < 10; index += 1) {
          const { data } = await client.query<{ complete: { status: string } }>(COMPLETE, {
            input: input(`call ${String(round)}.${String(index)}`),
          });
          if (data?.complete.status === 'SUCCEEDED') served += 1;
          await delay(50);
        }
        proxy.heal();
        await delay(300);
      }
      expect(served).toBe(30);
      await until(async () => (await rows()).length >= billed.calls);
      expect(sums(await rows())).toEqual(billed);
      expect(await end('SIGTERM')).toBe(0);
      expect(readdirSync(join(dataDir, 'journal'))).toEqual([]);
    },
    LIMIT_MS,
  );
});

describe('SIGTERM', () => {
  test(
    'C21 with 500 rows queued and 20 streams open: all 520 are in the ledger',
    async () => {
      const client = await start();
      await serve(client);
      billing();
      await client.query(COMPLETE, { input: input('known') });
      upstream.respond(async ({ json, request, send, stall }) => {
        if (request.json?.['stream'] !== true) return json(200, chatBody());
        await send(chatFrame({ role: 'assistant', content: 'An answer begins' }));
        return stall();
      });
      for (let index = 0; index < 20; index += 1) await client.query(START_COMPLETION, { input: input(`stream ${String(index)}`) });
      proxy.cut();
      for (let index = 0; index < 10; index += 1)
        await Promise.all(
          Array.from({ length: 50 }, (_, one) => client.query(COMPLETE, { input: input(`call ${String(index)}.${String(one)}`) })),
        );
      proxy.heal();
      expect(await end('SIGTERM')).toBe(0);
      const found = await rows();
      expect(found).toHaveLength(521);
      expect(found.filter((row) => row.error_code === 'INTERRUPTED')).toHaveLength(20);
      expect(found.filter((row) => row.status === 'SUCCEEDED')).toHaveLength(501);
    },
    LIMIT_MS,
  );

  test(
    'C21 with a database that stays away: the process waits for its grace, and the next start books the rest',
    async () => {
      const client = await start();
      await serve(client);
      const billed = billing();
      await client.query(COMPLETE, { input: input('known') });
      await until(async () => (await rows()).length === 1);
      proxy.cut();
      for (let index = 0; index < 5; index += 1) await client.query(COMPLETE, { input: input(`call ${String(index)}`) });
      expect(await end('SIGTERM')).toBe(0);
      expect(await rows()).toHaveLength(1);
      proxy.heal();
      await start();
      expect(sums(await rows())).toEqual(billed);
    },
    LIMIT_MS,
  );
});
