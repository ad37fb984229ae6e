import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { createKeyHash, generateKey, PEPPER_PURPOSE, shownPrefix } from '../../src/auth/key-format.js';
import { newId, uuidFromId } from '../../src/core/ids.js';
import { Secret } from '../../src/core/secret.js';
import { deriveKey } from '../../src/storage/cipher.js';
import { CANCEL_COMPLETION, COMPLETE, COMPLETION, COMPLETION_STREAM } from '../kit/operations.js';
import { startProduct, TEST_MASTER_KEY } from '../kit/product.js';
import type { TestProduct } from '../kit/product.js';

let product: TestProduct;
let stranger: string;

beforeAll(async () => {
  product = await startProduct();
  await product.serve({ slug: 'words', rates: { INPUT: '1', OUTPUT: '2' } });
  stranger = await foundOrganization();
});

afterAll(() => product.stop());

/** A second organization with an admin key of its own, as an operator would add it. */
async function foundOrganization(): Promise<string> {
  const key = generateKey(randomBytes);
  const hash = createKeyHash(new Secret(Buffer.from(deriveKey(new Secret(Buffer.from(TEST_MASTER_KEY, 'base64')), PEPPER_PURPOSE))))(key);
  const [organization, apiKey] = [uuidFromId(newId('organization')), uuidFromId(newId('key'))];
  const client = new pg.Client({ connectionString: product.database.url });
  await client.connect();
  await client.query(`INSERT INTO organization (id, slug, name, created_at) VALUES ($1, 'other', 'Other', now())`, [organization]);
  await client.query(
    `INSERT INTO api_key (id, organization_id, name, prefix, permissions, tags, created_at) VALUES ($1, $2, 'admin', $3, '{ADMIN}', '[]', now())`,
    [apiKey, organization, shownPrefix(key)],
  );
  await client.query('INSERT INTO api_key_secret (hash, organization_id, api_key_id, created_at) VALUES ($1, $2, $3, now())', [
    hash,
    organization,
    apiKey,
  ]);
  await client.query('UPDATE configuration_version SET version = version + 1');
  await client.end();
  return key;
}

type Nodes = { nodes: unknown[] };

test('a second organization sees nothing of the first, through any query', async () => {
  const team = await product.client.query<{ createTeam: { id: string } }>(
    'mutation { createTeam(input: { slug: "blue" }) { ... on Team { id } } }',
  );
  const { id: keyId } = await product.createKey({ teamId: team.data?.createTeam.id });
  const done = await product.client.query<{ complete: { id: string } }>(COMPLETE, {
    input: { model: 'words', messages: [{ role: 'USER', text: 'hello' }] },
  });
  const id = done.data?.complete.id;
  const other = product.clientWith(stranger);
  const lists = await other.query<Record<string, Nodes>>(
    '{ models(first: 100) { nodes { slug } } providers { nodes { slug } } deployments { nodes { slug } } teams { nodes { slug } } apiKeys { nodes { id name } } }',
  );
  expect(lists.errors).toBeUndefined();
  expect(lists.data).toMatchObject({ models: { nodes: [] }, providers: { nodes: [] }, deployments: { nodes: [] }, teams: { nodes: [] } });
  expect(lists.data?.['apiKeys']?.nodes).toHaveLength(1);
  const one = await other.query(
    'query ($id: ID!) { completion(id: $id) { id } inference(id: $id) { id } model(slug: "words") { id } provider(slug: "on-words") { id } }',
    { id },
  );
  expect(one.data).toEqual({ completion: null, inference: null, model: null, provider: null });
  expect((await other.query(COMPLETION, { id })).data).toEqual({ completion: null });
  expect((await other.query(CANCEL_COMPLETION, { id })).data).toMatchObject({ cancelCompletion: { __typename: 'NotFound' } });
  expect((await other.openSocket().collect(COMPLETION_STREAM, { id })).errors?.[0]?.extensions).toMatchObject({ code: 'NOT_FOUND' });
  const changes = await other.query<Record<string, { __typename: string }>>(
    `mutation ($team: ID!, $key: ID!) {
      updateTeam(input: { id: $team, name: "mine" }) { __typename }
      revokeApiKey(input: { id: $key }) { __typename }
      createApiKey(input: { name: "x", teamId: $team }) { __typename }
    }`,
    { team: team.data?.createTeam.id, key: keyId },
  );
  expect(changes.data).toMatchObject({ updateTeam: { __typename: 'NotFound' }, revokeApiKey: { __typename: 'NotFound' } });
  expect(changes.data?.['createApiKey']?.__typename).not.toBe('CreatedApiKey');
  const entities = await other.query<{ _entities: unknown[] }>(
    'query ($r: [_Any!]!) { _entities(representations: $r) { __typename ... on Completion { id } } }',
    {
      r: [
        { __typename: 'Completion', id },
        { __typename: 'Team', id: team.data?.createTeam.id },
        { __typename: 'Model', slug: 'words' },
      ],
    },
  );
  expect(entities.data?._entities).toEqual([null, null, null]);
});

test('a key without INFERENCE gets FORBIDDEN, and one without USAGE_READ sees only its own completions', async () => {
  const reader = await product.createKey({ permissions: ['CATALOG_READ'] });
  const caller = await product.createKey({ permissions: ['INFERENCE'] });
  const input = { model: 'words', messages: [{ role: 'USER', text: 'hello' }] };
  const refused = await product.clientWith(reader.secret).query(COMPLETE, { input });
  expect(refused.errors?.[0]?.extensions).toMatchObject({ code: 'FORBIDDEN' });
  const others = await product.client.query<{ complete: { id: string } }>(COMPLETE, { input });
  expect((await product.clientWith(caller.secret).query(COMPLETION, { id: others.data?.complete.id })).data).toEqual({ completion: null });
  const own = await product.clientWith(caller.secret).query<{ complete: { id: string } }>(COMPLETE, { input, key: 'kept' });
  expect((await product.clientWith(caller.secret).query(COMPLETION, { id: own.data?.complete.id })).data).toMatchObject({
    completion: { text: 'Hello there.' },
  });
});
