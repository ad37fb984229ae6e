import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { COMPLETE, COMPLETION } from '../kit/operations.js';
import { createGraphqlClient } from '../kit/graphql-client.js';
import { createTestDatabase } from '../kit/database.js';
import { build, makeDataDir, startProcess } from '../kit/process.js';
import type { ProductProcess } from '../kit/process.js';
import { TEST_MASTER_KEY } from '../kit/product.js';

const LIMIT_MS = 60_000;
const running = new Set<ProductProcess>();

/** It waits half a minute for its database: begun first, so that the other tests need not wait for it. */
let withoutDatabase: ProductProcess;

beforeAll(async () => {
  await build();
  withoutDatabase = startProcess({
    DATABASE_URL: 'postgres://nobody:secret@127.0.0.1:9/none',
    MASTER_KEY: TEST_MASTER_KEY,
    DATA_DIR: await makeDataDir(),
  });
}, 120_000);

afterAll(async () => {
  withoutDatabase.child.kill('SIGKILL');
  await withoutDatabase.exited;
});

afterEach(async () => {
  for (const process of running) {
    process.child.kill('SIGTERM');
    await process.exited;
  }
  running.clear();
}, LIMIT_MS);

function start(env: Record<string, string>, argv?: readonly string[]): ProductProcess {
  const process = startProcess(env, argv);
  running.add(process);
  return process;
}

const input = { model: 'sandbox', messages: [{ role: 'USER', text: 'What is a glide path?' }] };

describe('on a bare machine', () => {
  test(
    'one command answers from the sandbox at a price; kill -9 and a plain start find it all again; SIGTERM ends it',
    async () => {
      const dataDir = await makeDataDir();
      const first = start({ DATA_DIR: dataDir });
      const { url, adminKey } = await first.ready;
      expect(adminKey).toMatch(/^gp_[0-9A-Za-z]{39}$/);
      expect((await stat(join(dataDir, 'master.key'))).mode & 0o777).toBe(0o600);
      const done = await createGraphqlClient({ url, key: adminKey }).query<{
        complete: { id: string; cost: { total: { amount: string } } };
      }>(COMPLETE, { input });
      expect(done.data?.complete).toMatchObject({ status: 'SUCCEEDED', servedModel: { slug: 'sandbox' }, cost: { quality: 'EXACT' } });
      expect(Number(done.data?.complete.cost.total.amount)).toBeGreaterThan(0);
      await booked(url, adminKey, done.data?.complete.id);

      const twin = start({ DATA_DIR: dataDir });
      expect((await twin.exited).code).toBe(1);
      expect(twin.output()).toContain(dataDir);

      first.child.kill('SIGKILL');
      await first.exited;
      const second = start({ DATA_DIR: dataDir });
      const again = await second.ready;
      expect(again.adminKey).toBeNull();
      const found = await createGraphqlClient({ url: again.url, key: adminKey }).query(COMPLETION, { id: done.data?.complete.id });
      expect(found.data).toMatchObject({
        completion: {
          status: 'SUCCEEDED',
          content: 'NOT_STORED',
          text: null,
          cost: { total: { amount: done.data?.complete.cost.total.amount } },
        },
      });

      const asked = Date.now();
      second.child.kill('SIGTERM');
      expect((await second.exited).code).toBe(0);
      expect(Date.now() - asked).toBeLessThan(10_000);
      await rm(dataDir, { recursive: true, force: true });
    },
    LIMIT_MS * 2,
  );

  test('all faults of the configuration are told together, and no secret with them', async () => {
    const faulty = start({
      PORT: 'eighty',
      MASTER_KEY: 'too-short-but-secret',
      SANDBOX: 'maybe',
      ADMIN_KEY: 'hunter2',
      DATA_DIR: await makeDataDir(),
    });
    expect((await faulty.exited).code).toBe(1);
    for (const variable of ['PORT', 'MASTER_KEY', 'SANDBOX', 'ADMIN_KEY']) expect(faulty.output()).toContain(variable);
    expect(faulty.output()).not.toMatch(/too-short-but-secret|hunter2/);
  });
});

/** Waits until the books have it, so that a kill loses nothing that this test asks for. */
async function booked(url: string, key: string | null, id: string | undefined): Promise<void> {
  for (;;) {
    const text = await (await fetch(`${url}/metrics`)).text();
    if (/^glidepath_ledger_pending\S* 0$/m.test(text)) return;
    expect([key, id]).not.toContain(undefined);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

describe('on a database of its own', () => {
  test(
    'D11 three replicas at once: one migrates and seeds, the others wait, and all serve the same key',
    async () => {
      const database = await createTestDatabase({ migrated: false });
      const env = { DATABASE_URL: database.url, MASTER_KEY: TEST_MASTER_KEY };
      const replicas = await Promise.all([1, 2, 3].map(async () => start({ ...env, DATA_DIR: await makeDataDir() })));
      const ready = await Promise.all(replicas.map((replica) => replica.ready));
      const keys = ready.map(({ adminKey }) => adminKey).filter((key) => key !== null);
      expect(keys).toHaveLength(1);
      for (const { url } of ready) {
        const answer = await createGraphqlClient({ url, key: keys[0] ?? null }).query('{ viewer { permissions } }');
        expect(answer.data).toEqual({ viewer: { permissions: ['ADMIN'] } });
      }
      for (const replica of replicas) replica.child.kill('SIGTERM');
      expect(await Promise.all(replicas.map(async (replica) => (await replica.exited).code))).toEqual([0, 0, 0]);
      await database.drop();
    },
    LIMIT_MS * 2,
  );

  test(
    'another master key is refused with the reason',
    async () => {
      const database = await createTestDatabase();
      const first = start({ DATABASE_URL: database.url, MASTER_KEY: TEST_MASTER_KEY, DATA_DIR: await makeDataDir() });
      await first.ready;
      const other = start({
        DATABASE_URL: database.url,
        MASTER_KEY: Buffer.alloc(32, 8).toString('base64'),
        DATA_DIR: await makeDataDir(),
      });
      expect((await other.exited).code).toBe(1);
      expect(other.output()).toContain('master key');
      first.child.kill('SIGTERM');
      await first.exited;
      await database.drop();
    },
    LIMIT_MS,
  );

  test(
    'a database that is not there ends the process with the reason',
    async () => {
      expect((await withoutDatabase.exited).code).toBe(1);
      expect(withoutDatabase.output()).not.toContain('nobody:secret');
      expect(withoutDatabase.output()).toContain('cannot be reached');
    },
    LIMIT_MS,
  );
});
