import { describe, expect, test } from '@jest/globals';
import type { CreateApiKeyInput, UpdateApiKeyInput } from '../../src/auth/contract.js';
import { fail, notFound, ok } from '../../src/core/errors.js';
import { newId } from '../../src/core/ids.js';
import { listOf, makeAccess, makeContext, makeKey, makePrincipal, makeServices, makeTeam, ORGANIZATION, run } from './world.js';

const ADMIN = makePrincipal(['ADMIN']);

describe('viewer', () => {
  test('tells who asks, as what', async () => {
    const team = makeTeam('red');
    const key = makeKey({ teamId: team.id, name: 'mine' });
    const principal = makePrincipal(['USAGE_READ', 'INFERENCE'], { apiKeyId: key.id, teamId: team.id });
    const services = makeServices({ access: makeAccess([team], [key]) });
    const { data } = await run(
      makeContext(services, principal),
      '{ viewer { organization { id slug name } apiKey { name state tags { key } } team { slug } permissions } }',
    );
    expect(data.viewer).toEqual({
      organization: { id: ORGANIZATION.id, slug: 'acme', name: 'Acme' },
      apiKey: { name: 'mine', state: 'ACTIVE', tags: [] },
      team: { slug: 'red' },
      permissions: ['INFERENCE', 'USAGE_READ'],
    });
  });

  test('asks the database nothing where nothing of it is selected', async () => {
    const access = makeAccess([], []);
    await run(makeContext(makeServices({ access }), ADMIN), '{ viewer { permissions organization { slug } } }');
    expect(access.reads).toEqual([]);
  });
});

describe('keys and teams', () => {
  const teams = ['a', 'b', 'c'].map(makeTeam);
  const keys = [0, 1, 2, 3, 4].map((index) => makeKey({ name: `key ${index}`, teamId: teams[index % 2]!.id }));
  const services = makeServices({ access: makeAccess(teams, keys) });
  const ask = (document: string, variables = {}) => run(makeContext(services, ADMIN), document, variables);

  test('come in pages', async () => {
    const names: string[] = [];
    let after: string | null = null;
    for (let more = true; more;) {
      const { data }: Awaited<ReturnType<typeof ask>> = await ask(
        'query ($after: String) { apiKeys(first: 2, after: $after) { totalCount nodes { name } pageInfo { endCursor hasNextPage } } }',
        { after },
      );
      expect(data.apiKeys.totalCount).toBe(5);
      names.push(...listOf(data.apiKeys.nodes).map(({ name }) => String(name)));
      after = data.apiKeys.pageInfo.endCursor;
      more = data.apiKeys.pageInfo.hasNextPage;
    }
    expect(names).toEqual(['key 0', 'key 1', 'key 2', 'key 3', 'key 4']);
    expect((await ask('{ teams(first: 2) { nodes { slug } pageInfo { hasNextPage } } }')).data.teams).toEqual({
      nodes: [{ slug: 'a' }, { slug: 'b' }],
      pageInfo: { hasNextPage: true },
    });
  });

  test('of every team on a page are one read', async () => {
    const access = makeAccess(teams, keys);
    const query = '{ teams { nodes { slug apiKeys(first: 1) { totalCount nodes { name } } } } }';
    const { data } = await run(makeContext(makeServices({ access }), ADMIN), query);
    expect(access.reads).toEqual([`apiKeysOfTeams ${teams.length}`]);
    expect(data.teams.nodes[0]).toEqual({ slug: 'a', apiKeys: { totalCount: 3, nodes: [{ name: 'key 0' }] } });
  });

  test('of one team are that team’s, both ways round', async () => {
    const { data } = await ask(
      'query ($id: ID!) { apiKeys(teamId: $id) { nodes { name } } teams(first: 1) { nodes { apiKeys { nodes { name team { slug } } } } } }',
      { id: teams[0]!.id },
    );
    expect(listOf(data.apiKeys.nodes).map(({ name }) => name)).toEqual(['key 0', 'key 2', 'key 4']);
    expect(data.teams.nodes[0].apiKeys.nodes).toEqual(['key 0', 'key 2', 'key 4'].map((name) => ({ name, team: { slug: 'a' } })));
  });

  test.each(['nonsense', '', '\u0000', newId('key'), newId('team')])(
    'of a team that is foreign or no team at all there are none: %j',
    async (teamId) => {
      const { data, errors } = await ask('query ($id: ID!) { apiKeys(teamId: $id) { totalCount nodes { name } pageInfo { endCursor } } }', {
        id: teamId,
      });
      expect(errors).toBeUndefined();
      expect(data.apiKeys).toEqual({ totalCount: 0, nodes: [], pageInfo: { endCursor: null } });
    },
  );

  test('a cursor of one list is none of another', async () => {
    const { data } = await ask('{ teams(first: 1) { pageInfo { endCursor } } }');
    const { errors } = await ask('query ($after: String) { apiKeys(after: $after) { totalCount } }', {
      after: data.teams.pageInfo.endCursor,
    });
    expect(errors?.[0]?.originalError).toMatchObject({ code: 'BAD_USER_INPUT' });
  });
});

describe('changes', () => {
  const secret = 'glide_canary';
  const apiKey = makeKey({ name: 'new' });
  const base = makeServices();
  const change = (overrides: object, document: string, variables = {}) =>
    run(makeContext({ ...base, accessChanges: { ...base.accessChanges, ...overrides } }, ADMIN), document, variables);

  test('K10 a new key shows its secret once, and reading it never does', async () => {
    let seen: CreateApiKeyInput | null = null;
    const createApiKey = async (_actor: unknown, input: CreateApiKeyInput) => {
      seen = input;
      return ok({ apiKey, secret });
    };
    const { data } = await change(
      { createApiKey },
      'mutation { createApiKey(input: { name: "new" }) { __typename ... on CreatedApiKey { secret apiKey { name prefix } } } }',
    );
    expect(data.createApiKey).toEqual({ __typename: 'CreatedApiKey', secret, apiKey: { name: 'new', prefix: 'glide_abc' } });
    expect(seen).toEqual({ name: 'new', permissions: ['INFERENCE'] });
  });

  test('rotation hands on the grace in seconds, none where it is not given', async () => {
    const seen: unknown[] = [];
    const rotateApiKey = async (_actor: unknown, input: unknown) => {
      seen.push(input);
      return ok({ apiKey, secret });
    };
    await change({ rotateApiKey }, 'mutation { rotateApiKey(input: { id: "x", graceSeconds: 60 }) { __typename } }');
    await change({ rotateApiKey }, 'mutation { rotateApiKey(input: { id: "x" }) { __typename } }');
    expect(seen).toEqual([
      { id: 'x', graceSeconds: 60 },
      { id: 'x', graceSeconds: 0 },
    ]);
  });

  test('an update tells what is absent from what is null', async () => {
    const seen: UpdateApiKeyInput[] = [];
    const updateApiKey = async (_actor: unknown, input: UpdateApiKeyInput) => {
      seen.push(input);
      return ok(apiKey);
    };
    const document = 'mutation ($input: UpdateApiKeyInput!) { updateApiKey(input: $input) { __typename ... on ApiKey { name } } }';
    expect((await change({ updateApiKey }, document, { input: { id: 'x', expiresAt: null } })).data.updateApiKey).toEqual({
      __typename: 'ApiKey',
      name: 'new',
    });
    await change({ updateApiKey }, document, { input: { id: 'x', models: [], allModels: true } });
    expect(seen).toEqual([
      { id: 'x', expiresAt: null, allModels: false },
      { id: 'x', models: [], allModels: true },
    ]);
  });

  test('of what is not there are NotFound', async () => {
    const missing = async () => fail(notFound('key', 'x'));
    const { data } = await change(
      { revokeApiKey: missing },
      'mutation { revokeApiKey(input: { id: "x" }) { __typename ... on NotFound { code targetId } } }',
    );
    expect(data.revokeApiKey).toEqual({ __typename: 'NotFound', code: 'NOT_FOUND', targetId: 'x' });
  });
});
