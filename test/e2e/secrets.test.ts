import { afterAll, beforeAll, expect, test } from '@jest/globals';
import pg from 'pg';
import { WIRE_FORMATS } from '../../src/core/vocabulary.js';
import { COMPLETE, CREATE_DEPLOYMENT, CREATE_MODEL, CREATE_PROVIDER, STREAM_COMPLETION } from '../kit/operations.js';
import { mutate, startProduct } from '../kit/product.js';
import type { TestProduct } from '../kit/product.js';
import { chatBody } from '../kit/scripted-upstream.js';
import type { UpstreamHandler } from '../kit/scripted-upstream.js';
import { pem, startTlsUpstream } from '../kit/tls.js';

const CANARY = 'sk-canary-5f0c1d7e9b2a4c68';

let product: TestProduct;

beforeAll(async () => {
  product = await startProduct();
  await product.serve({ slug: 'words', rates: { INPUT: '1', OUTPUT: '2' }, apiKey: CANARY });
});

afterAll(() => product.stop());

const input = { model: 'words', messages: [{ role: 'USER', text: 'hello' }] };

const echo = {
  message: `Incorrect API key provided: ${CANARY}.`,
  error: { message: `Incorrect API key provided: ${CANARY}. Authorization: Bearer ${CANARY}`, type: 'invalid_request_error' },
};

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

test('K4 in every wire format a provider’s key is in no answer, log or row, however it fails', async () => {
  const failures: Readonly<Record<string, UpstreamHandler>> = {
    'fails-404': ({ json }) => json(404, echo, { 'x-echo': CANARY }),
    'fails-500': ({ json }) => json(500, echo, { 'x-echo': CANARY }),
    'fails-late': ({ stall }) => stall(),
  };
  product.upstream.respond((exchange) => {
    const { path, body } = exchange.request;
    const failure = Object.keys(failures).find((name) => `${path} ${body}`.includes(name)) ?? 'fails-late';
    return failures[failure]?.(exchange);
  });
  await mutate(product.client, CREATE_MODEL, { slug: 'claude-leaky', vendor: 'test' });
  const { baseUrl } = product.upstream;
  const place = { credential: { apiKey: CANARY }, allowPrivateNetwork: true };
  const cells = WIRE_FORMATS.map((wireFormat) => wireFormat.toLowerCase().replaceAll('_', '-')).flatMap((slug) => [
    ...Object.keys(failures).map((upstreamModel) => ({ provider: slug, upstreamModel })),
    { provider: `${slug}.tls`, upstreamModel: 'fails-tls' },
  ]);
  const providers = WIRE_FORMATS.flatMap((wireFormat) => {
    const slug = wireFormat.toLowerCase().replaceAll('_', '-');
    return [
      { ...place, slug, wireFormat, baseUrl },
      { ...place, slug: `${slug}.tls`, wireFormat, baseUrl: baseUrl.replace('http:', 'https:') },
    ];
  });
  await Promise.all(providers.map((provider) => mutate(product.client, CREATE_PROVIDER, provider)));
  await Promise.all(
    cells.map((cell) =>
      mutate(product.client, CREATE_DEPLOYMENT, { ...cell, slug: `${cell.provider}.${cell.upstreamModel}`, model: 'claude-leaky' }),
    ),
  );
  const answers = cells.map(async ({ provider, upstreamModel }) => {
    const timeoutMs = upstreamModel === 'fails-late' ? 1_000 : null;
    const given = { ...input, model: `${provider}/${upstreamModel}`, timeoutMs };
    const answer = await product.client.query<{ complete: { __typename: string } }>(COMPLETE, { input: given });
    return { cell: `${provider} ${upstreamModel}`, type: answer.data?.complete.__typename, text: JSON.stringify(answer) };
  });
  const told = await Promise.all(answers);
  for (const { cell, type } of told) expect([cell, type]).toEqual([cell, cell.endsWith('late') ? 'GatewayFailed' : 'ProvidersFailed']);
  const sinks = [told.map(({ text }) => text).join('\n'), product.logs.join(''), await wholeDatabase()];
  for (const sink of sinks) expect(sink.includes(CANARY)).toBe(false);
});

test('K4 a client certificate is shown from the call after its change on, and its key is in no answer, log or row', async () => {
  const server = await startTlsUpstream({ mutual: true });
  const key = pem('client-key').split('\n')[1] ?? '';
  const tls = {
    ...{ certificateAuthority: pem('private-ca'), serverName: 'private.glidepath.test' },
    ...{ clientCertificate: pem('client'), clientKey: pem('client-key') },
  };
  const place = { slug: 'inside', wireFormat: 'OPENAI_CHAT', baseUrl: `https://127.0.0.1:${server.port}/v1`, allowPrivateNetwork: true };
  const { id } = await mutate(product.client, CREATE_PROVIDER, { ...place, tls });
  await mutate(product.client, CREATE_DEPLOYMENT, { provider: 'inside', model: 'words', upstreamModel: 'inside' });
  const call = { input: { ...input, model: 'inside/inside' } };
  const answers = [await product.client.query(COMPLETE, call)];
  const next = { clientCertificate: pem('second-client'), clientKey: pem('second-client-key') };
  const update = 'mutation ($input: UpdateProviderInput!) { updateProvider(input: $input) { __typename ... on Provider { id } } }';
  await mutate(product.client, update, { id, tls: next });
  answers.push(await product.client.query(COMPLETE, call));
  answers.push(await product.client.query('{ provider(slug: "inside") { tls { clientCertificate { subject } serverName } } }'));
  expect(answers).toMatchObject([
    { data: { complete: { __typename: 'Completion' } } },
    { data: { complete: { __typename: 'Completion' } } },
    { data: { provider: { tls: { clientCertificate: [{ subject: 'CN=Glidepath test-only second client' }] } } } },
  ]);
  expect(server.callers).toEqual(['Glidepath test-only client', 'Glidepath test-only second client']);
  for (const sink of [JSON.stringify(answers), product.logs.join(''), await wholeDatabase()]) expect(sink.includes(key)).toBe(false);
  await server.close();
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
