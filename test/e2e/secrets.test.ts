import { afterAll, beforeAll, expect, test } from '@jest/globals';
import pg from 'pg';
import { COMPLETE, STREAM_COMPLETION } from '../kit/operations.js';
import { startProduct } from '../kit/product.js';
import type { TestProduct } from '../kit/product.js';
import { chatBody } from '../kit/scripted-upstream.js';

const CANARY = 'sk-canary-5f0c1d7e9b2a4c68';

let product: TestProduct;

beforeAll(async () => {
  product = await startProduct();
  await product.serve({ slug: 'words', rates: { INPUT: '1', OUTPUT: '2' }, apiKey: CANARY });
});

afterAll(() => product.stop());

const input = { model: 'words', messages: [{ role: 'USER', text: 'hello' }] };

/** Everything that is stored, as text. */
async function wholeDatabase(): Promise<string> {
  const client = new pg.Client({ connectionString: product.database.url });
  await client.connect();
  try {
    const { rows: tables } = await client.query<{ name: string }>(
      `SELECT quote_ident(tablename) AS name FROM pg_tables WHERE schemaname = 'public'`,
    );
    const texts = await tables.reduce<Promise<string[]>>(async (before, { name }) => {
      const earlier = await before;
      const { rows } = await client.query<{ row: string }>(`SELECT row_to_json(t)::text AS row FROM ${name} t`);
      return [...earlier, ...rows.map(({ row }) => row)];
    }, Promise.resolve([]));
    expect(texts.length).toBeGreaterThan(10);
    return texts.join('\n');
  } finally {
    await client.end();
  }
}

test('K4 a provider’s key is in no answer, log or row, whatever the upstream does with it', async () => {
  const echo = {
    error: { message: `Incorrect API key provided: ${CANARY}. Authorization: Bearer ${CANARY}`, type: 'invalid_request_error' },
  };
  const answers: string[] = [];
  for (const status of [400, 401, 403, 404, 429, 500]) {
    product.upstream.respond(({ json }) => {
      json(status, echo, { 'retry-after-ms': '1', 'x-echo': CANARY });
    });
    answers.push(JSON.stringify(await product.client.query(COMPLETE, { input })));
  }
  product.upstream.respond(({ text }) => {
    text(200, `not json ${CANARY}`);
  });
  answers.push(JSON.stringify(await product.client.query(COMPLETE, { input })));
  product.upstream.respond(({ reset }) => {
    reset();
  });
  answers.push(JSON.stringify(await product.client.query(COMPLETE, { input })));
  product.upstream.respond(({ json }) => {
    json(200, chatBody());
  });
  answers.push(JSON.stringify(await product.client.query('{ providers { nodes { slug baseUrl credential { lastFour setAt } } } }')));
  await product.client.query(COMPLETE, { input });
  for (const sink of [answers.join('\n'), product.logs.join(''), await wholeDatabase()]) expect(sink).not.toContain(CANARY);
  expect(answers.join('\n')).toContain(CANARY.slice(-4));
});

test('K5 a caller’s key is in no log, row or answer on any failing path', async () => {
  const { secret } = await product.createKey({ models: [] });
  const paths = [
    () => product.clientWith(secret).query(COMPLETE, { input }),
    () => product.clientWith(secret).query('{ providers { nodes { slug } } }'),
    () => product.clientWith(`${secret}x`).query('{ viewer { permissions } }'),
    () => product.clientWith(secret).query('{ nonsense'),
    () => product.clientWith(secret).openSocket().collect(STREAM_COMPLETION, { input, key: 'canary' }),
    () => product.clientWith(`${secret}x`).openSocket().collect('{ viewer { permissions } }').catch(String),
    () =>
      fetch(`${product.url}/graphql?key=${secret}&query={__typename}`, {
        headers: { 'x-api-key': secret, 'apollo-require-preflight': 'yes' },
      }).then((r) => r.text()),
    () => product.client.query('mutation ($id: ID!) { revokeApiKey(input: { id: $id }) { __typename } }', { id: secret }),
    () => product.clientWith(secret).query(COMPLETE, { input: { ...input, user: { secret } } }),
  ];
  const answers: string[] = [];
  for (const path of paths) answers.push(JSON.stringify(await path()));
  expect(answers.slice(0, 5).join('\n')).not.toContain(secret);
  for (const sink of [product.logs.join(''), await wholeDatabase()]) {
    expect(sink).not.toContain(secret);
    expect(sink).not.toContain(product.adminKey);
  }
});

test('K5 a secret is shown once, at creation', async () => {
  const { secret } = await product.createKey();
  const { data } = await product.client.query(
    '{ apiKeys { nodes { id name prefix permissions models state tags { key value } createdAt lastUsedAt } } }',
  );
  expect(JSON.stringify(data)).not.toContain(secret);
  expect(JSON.stringify(data)).toContain(secret.slice(0, 8));
});
