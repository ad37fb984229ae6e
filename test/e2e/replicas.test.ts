import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { COMPLETE } from '../kit/operations.js';
import { mutate, startProduct } from '../kit/product.js';
import type { TestProduct } from '../kit/product.js';

let first: TestProduct;
let second: TestProduct;

beforeAll(async () => {
  first = await startProduct();
  second = await startProduct({ replicaOf: first });
  await first.serve({ slug: 'words', rates: { INPUT: '1', OUTPUT: '2' } });
});

afterAll(async () => {
  await second.stop();
  await first.stop();
});

const input = { model: 'words', messages: [{ role: 'USER', text: 'hello' }] };

/** Asks until the answer is as wanted; fails past ten times the promised bound. */
async function within(promisedMs: number, ask: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + promisedMs * 10;
  while (!(await ask())) {
    if (Date.now() > end) throw new Error(`not so within ${promisedMs * 10} ms`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function costOn(product: TestProduct): Promise<unknown> {
  const { data } = await product.client.query<{ complete: { cost: { total: { amount: string } } } }>(COMPLETE, { input });
  return data?.complete.cost.total.amount;
}

test('a change is in force where it was made when its mutation returns, and soon on the other replica', async () => {
  await within(1_000, async () => (await costOn(second)) === '0.000025');
  await mutate(
    first.client,
    'mutation ($input: SetPriceInput!) { setPrice(input: $input) { __typename ... on UserError { code message } } }',
    {
      model: 'words',
      confirm: true,
      price: {
        tiers: [
          {
            rates: [
              { component: 'INPUT', amount: '10' },
              { component: 'OUTPUT', amount: '20' },
            ],
          },
        ],
      },
    },
  );
  expect(await costOn(first)).toBe('0.00025');
  await within(1_000, async () => (await costOn(second)) === '0.00025');
});

test('K9 a revoked key is refused at once here, and within 2 s there', async () => {
  const { secret, id } = await first.createKey();
  const ask = (product: TestProduct) => product.clientWith(secret).query('{ viewer { permissions } }');
  await within(1_000, async () => (await ask(second)).status === 200);
  await mutate(first.client, 'mutation ($input: RevokeApiKeyInput!) { revokeApiKey(input: $input) { __typename } }', { id });
  expect((await ask(first)).status).toBe(401);
  await within(2_000, async () => (await ask(second)).status === 401);
});

test('a rotated key’s old secret works for its grace, and no longer', async () => {
  const { secret, id } = await first.createKey();
  const rotate = 'mutation ($input: RotateApiKeyInput!) { rotateApiKey(input: $input) { __typename ... on CreatedApiKey { secret } } }';
  const graced = await mutate(first.client, rotate, { id, graceSeconds: 3600 });
  const ask = async (key: unknown) => (await first.clientWith(String(key)).query('{ viewer { permissions } }')).status;
  expect([await ask(secret), await ask(graced['secret'])]).toEqual([200, 200]);
  const next = await mutate(first.client, rotate, { id, graceSeconds: 0 });
  expect([await ask(graced['secret']), await ask(next['secret'])]).toEqual([401, 200]);
});

test('inferenceSettled tells of what another replica books, once', async () => {
  await within(1_000, async () => (await costOn(second)) !== undefined);
  const socket = second.client.openSocket();
  // Calls of before may be booked only now: these are told from them.
  const user = 'heard-elsewhere';
  const events = socket.subscribe<{ inferenceSettled: { id: string } }>(
    `subscription { inferenceSettled(filter: { users: ["${user}"] }) { id } }`,
  );
  const seen: string[] = [];
  const reading = (async () => {
    for await (const { data } of events) if (data) seen.push(data.inferenceSettled.id);
  })();
  // Nobody is told when a subscription has joined: calls are made until one is heard.
  const made: string[] = [];
  await within(2_000, async () => {
    const { data } = await first.client.query<{ complete: { id: string } }>(COMPLETE, { input: { ...input, user } });
    if (data) made.push(data.complete.id);
    return seen.length > 0;
  });
  await within(2_000, () => Promise.resolve(seen.includes(made.at(-1) ?? '')));
  expect(made).toEqual(expect.arrayContaining(seen));
  expect(new Set(seen).size).toBe(seen.length);
  await events.return?.();
  await reading;
});

test('what is deleted stays readable in the ledger', async () => {
  await first.serve({ slug: 'doomed', rates: { INPUT: '1', OUTPUT: '2' } });
  const done = await first.client.query<{ complete: { id: string } }>(COMPLETE, { input: { ...input, model: 'doomed' } });
  const found = await first.client.query<{ deployments: { nodes: { id: string; slug: string }[] }; provider: { id: string } }>(
    '{ deployments(filter: { models: ["doomed"] }) { nodes { id slug } } provider(slug: "on-doomed") { id } }',
  );
  const remove = (kind: string, id: unknown) =>
    first.client.query(`mutation ($id: ID!) { ${kind}(input: { id: $id }) { __typename ... on Deleted { deletedId } } }`, { id });
  const providerId = found.data?.provider.id;
  expect((await remove('deleteProvider', providerId)).data).toMatchObject({ deleteProvider: { __typename: 'Conflict' } });
  expect((await remove('deleteDeployment', found.data?.deployments.nodes[0]?.id)).data).toMatchObject({
    deleteDeployment: { __typename: 'Deleted' },
  });
  expect((await remove('deleteProvider', providerId)).data).toMatchObject({ deleteProvider: { __typename: 'Deleted' } });
  expect((await first.client.query(COMPLETE, { input: { ...input, model: 'doomed' } })).data).toMatchObject({
    complete: { code: 'MODEL_NOT_FOUND' },
  });
  const row = await first.client.query(
    'query ($id: ID!) { inference(id: $id) { servedModel { slug } routing { attempts { deployment { slug provider { slug } } } } } }',
    {
      id: done.data?.complete.id,
    },
  );
  expect(row.data).toMatchObject({
    inference: {
      servedModel: { slug: 'doomed' },
      routing: { attempts: [{ deployment: { slug: 'test.doomed', provider: { slug: 'on-doomed' } } }] },
    },
  });
});
