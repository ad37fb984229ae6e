import { describe, expect, test } from '@jest/globals';
import { PERMISSIONS, type Permission } from '../../src/core/vocabulary.js';
import { newId } from '../../src/core/ids.js';
import type { OperationRequest } from '../../src/inference/contract.js';
import { API, makeAccess, makeContext, makeKey, makePrincipal, makeRecord, makeServices, makeState, makeTeam, open, run } from './world.js';

const INPUT = '{ model: "gpt-x", messages: [{ role: USER, text: "hi" }] }';
const RANGE = 'range: { from: "2026-01-01T00:00:00Z", to: "2026-02-01T00:00:00Z" }';
const ANY = PERMISSIONS;

/** Each operation, and the permissions any one of which lets it through (ADMIN always does). */
const OPERATIONS: readonly (readonly [field: string, document: string, permissions: readonly Permission[]])[] = [
  ['Query.viewer', '{ viewer { permissions } }', ANY],
  ['Query.completion', '{ completion(id: "x") { id } }', ['INFERENCE', 'USAGE_READ', 'BUDGETS_WRITE']],
  ['Query.inference', '{ inference(id: "x") { id } }', ['INFERENCE', 'USAGE_READ', 'BUDGETS_WRITE']],
  ['Query.estimateCost', `{ estimateCost(input: ${INPUT}) { basis } }`, ['INFERENCE']],
  ['Query.estimateOperationCost', '{ estimateOperationCost(input: { moderate: { model: "a", texts: ["b"] } }) { basis } }', ['INFERENCE']],
  ['Query.models', '{ models { totalCount } }', ['INFERENCE', 'CATALOG_READ', 'CONFIG_WRITE']],
  ['Query.model', '{ model(slug: "gpt-x") { id } }', ['INFERENCE', 'CATALOG_READ', 'CONFIG_WRITE']],
  ['Query.providers', '{ providers { totalCount } }', ['CATALOG_READ', 'CONFIG_WRITE']],
  ['Query.provider', '{ provider(slug: "openai") { id } }', ['CATALOG_READ', 'CONFIG_WRITE']],
  ['Query.deployments', '{ deployments { totalCount } }', ['CATALOG_READ', 'CONFIG_WRITE']],
  ['Query.routes', '{ routes { totalCount } }', ['CATALOG_READ', 'CONFIG_WRITE']],
  ['Query.route', '{ route(slug: "a") { id } }', ['CATALOG_READ', 'CONFIG_WRITE']],
  ['Query.simulateRoute', `{ simulateRoute(input: ${INPUT}) { seed } }`, ['INFERENCE']],
  // It takes two: CATALOG_READ and USAGE_READ.
  ['Query.replayRoute', `{ replayRoute(slug: "a", ${RANGE}) { decided } }`, []],
  ['Query.usage', `{ usage(${RANGE}) { truncated } }`, ['USAGE_READ', 'BUDGETS_WRITE']],
  ['Query.costs', `{ costs(${RANGE}) { truncated } }`, ['USAGE_READ', 'BUDGETS_WRITE']],
  ['Query.inferences', '{ inferences { pageInfo { hasNextPage } } }', ['USAGE_READ', 'BUDGETS_WRITE']],
  ['Query.teams', '{ teams { totalCount } }', ['KEYS_WRITE', 'USAGE_READ', 'BUDGETS_WRITE']],
  ['Query.apiKeys', '{ apiKeys { totalCount } }', ['KEYS_WRITE']],
  ['Mutation.complete', `mutation { complete(input: ${INPUT}) { __typename } }`, ['INFERENCE']],
  ['Mutation.startCompletion', `mutation { startCompletion(input: ${INPUT}) { __typename } }`, ['INFERENCE']],
  ['Mutation.cancelCompletion', 'mutation { cancelCompletion(input: { id: "x" }) { __typename } }', ['INFERENCE']],
  [
    'Mutation.recordFeedback',
    'mutation { recordFeedback(input: { inferenceId: "x", value: 1 }) { __typename } }',
    ['INFERENCE', 'USAGE_READ', 'BUDGETS_WRITE'],
  ],
  ['Mutation.createTeam', 'mutation { createTeam(input: { slug: "a" }) { __typename } }', ['KEYS_WRITE']],
  ['Mutation.updateTeam', 'mutation { updateTeam(input: { id: "a" }) { __typename } }', ['KEYS_WRITE']],
  ['Mutation.createApiKey', 'mutation { createApiKey(input: { name: "a" }) { __typename } }', ['KEYS_WRITE']],
  ['Mutation.updateApiKey', 'mutation { updateApiKey(input: { id: "a" }) { __typename } }', ['KEYS_WRITE']],
  ['Mutation.rotateApiKey', 'mutation { rotateApiKey(input: { id: "a" }) { __typename } }', ['KEYS_WRITE']],
  ['Mutation.revokeApiKey', 'mutation { revokeApiKey(input: { id: "a" }) { __typename } }', ['KEYS_WRITE']],
  ['Mutation.createProvider', 'mutation { createProvider(input: { slug: "a" }) { __typename } }', ['CONFIG_WRITE']],
  ['Mutation.updateProvider', 'mutation { updateProvider(input: { id: "a" }) { __typename } }', ['CONFIG_WRITE']],
  ['Mutation.deleteProvider', 'mutation { deleteProvider(input: { id: "a" }) { __typename } }', ['CONFIG_WRITE']],
  ['Mutation.createModel', 'mutation { createModel(input: { slug: "a", vendor: "b" }) { __typename } }', ['CONFIG_WRITE']],
  ['Mutation.updateModel', 'mutation { updateModel(input: { id: "a" }) { __typename } }', ['CONFIG_WRITE']],
  ['Mutation.setPrice', 'mutation { setPrice(input: { model: "a", price: { tiers: [] } }) { __typename } }', ['CONFIG_WRITE']],
  ['Mutation.embed', 'mutation { embed(input: { model: "a", texts: ["b"] }) { __typename } }', ['INFERENCE']],
  ['Mutation.generateImage', 'mutation { generateImage(input: { model: "a", prompt: "b" }) { __typename } }', ['INFERENCE']],
  [
    'Mutation.synthesizeSpeech',
    'mutation { synthesizeSpeech(input: { model: "a", text: "b", voice: "c" }) { __typename } }',
    ['INFERENCE'],
  ],
  ['Mutation.transcribe', 'mutation { transcribe(input: { model: "a", audio: { base64: "AAAA" } }) { __typename } }', ['INFERENCE']],
  ['Mutation.moderate', 'mutation { moderate(input: { model: "a", texts: ["b"] }) { __typename } }', ['INFERENCE']],
  ['Mutation.rerank', 'mutation { rerank(input: { model: "a", query: "b", documents: ["c"] }) { __typename } }', ['INFERENCE']],
  ['Mutation.createDeployment', 'mutation { createDeployment(input: { provider: "a", model: "b" }) { __typename } }', ['CONFIG_WRITE']],
  ['Mutation.updateDeployment', 'mutation { updateDeployment(input: { id: "a" }) { __typename } }', ['CONFIG_WRITE']],
  ['Mutation.deleteDeployment', 'mutation { deleteDeployment(input: { id: "a" }) { __typename } }', ['CONFIG_WRITE']],
  [
    'Mutation.publishRoute',
    'mutation { publishRoute(input: { slug: "a", definition: { target: { model: "b" } } }) { __typename } }',
    ['CONFIG_WRITE'],
  ],
  ['Mutation.rollbackRoute', 'mutation { rollbackRoute(input: { slug: "a", version: 1 }) { __typename } }', ['CONFIG_WRITE']],
  ['Subscription.deploymentHealthChanged', 'subscription { deploymentHealthChanged { slug } }', ['CATALOG_READ', 'CONFIG_WRITE']],
  ['Mutation.updatePayloadStorage', 'mutation { updatePayloadStorage(input: { mode: FULL }) { __typename } }', ['CONFIG_WRITE']],
  ['Subscription.completionStream', 'subscription { completionStream(id: "x") { sequence } }', ['INFERENCE', 'PAYLOAD_READ']],
  ['Subscription.streamCompletion', `subscription { streamCompletion(input: ${INPUT}, idempotencyKey: "k") { sequence } }`, ['INFERENCE']],
  ['Subscription.inferenceSettled', 'subscription { inferenceSettled { id } }', ['USAGE_READ', 'BUDGETS_WRITE']],
];

const SERVICES = servicesThatAnswer();

function servicesThatAnswer() {
  const services = makeServices();
  const state = makeState(makeRecord(makePrincipal([])));
  const none = async () => (async function* () {})();
  const answer = async () => ({ state, error: null });
  const operate = async ({ operation }: OperationRequest) => ({ state: { ...state, record: { ...state.record, operation } }, error: null });
  return {
    ...services,
    completions: { ...services.completions, complete: answer, operate, start: answer, stream: none, read: none },
  };
}

async function codeOf(principal: ReturnType<typeof makePrincipal> | null, document: string): Promise<unknown> {
  const context = makeContext(SERVICES, principal);
  const results = document.startsWith('subscription') ? await open(context, document) : await run(context, document);
  const { errors } = results as { errors?: readonly { originalError?: unknown }[] };
  return errors?.[0] === undefined ? 'allowed' : (errors[0].originalError as { code?: string } | undefined)?.code;
}

describe('K7 who may do what', () => {
  test('the table names every root field', () => {
    const roots = [API.schema.getQueryType(), API.schema.getMutationType(), API.schema.getSubscriptionType()];
    const fields = roots.flatMap((root) => Object.keys(root?.getFields() ?? {}).map((name) => `${root?.name ?? ''}.${name}`));
    expect(OPERATIONS.map(([field]) => field).toSorted()).toEqual(fields.filter((name) => !name.includes('._')).toSorted());
  });

  test.each(OPERATIONS)('%s', async (_field, document, permissions) => {
    for (const permission of PERMISSIONS) {
      const expected = permission === 'ADMIN' || permissions.includes(permission) ? 'allowed' : 'FORBIDDEN';
      expect([permission, await codeOf(makePrincipal([permission]), document)]).toEqual([permission, expected]);
    }
    expect(await codeOf(makePrincipal([]), document)).toBe(permissions === ANY ? 'allowed' : 'FORBIDDEN');
    expect(await codeOf(null, document)).toBe('UNAUTHENTICATED');
  });

  test('a field that may not be answered leaves the rest of a document standing', async () => {
    const { data, errors } = await run(
      makeContext(SERVICES, makePrincipal(['INFERENCE'])),
      '{ providers { totalCount } models { totalCount } }',
    );
    expect(data).toEqual({ providers: null, models: { totalCount: 2 } });
    expect(errors?.map(({ path }) => path)).toEqual([['providers']]);
  });

  test('an inference key sees the models it may use, and no other through any relation', async () => {
    const key = makePrincipal(['INFERENCE'], { models: new Set(['gpt-y']) });
    const { data } = await run(
      makeContext(SERVICES, key),
      '{ models { totalCount nodes { slug deployments { provider { deployments { model { slug } } } } } } hidden: model(slug: "gpt-x") { id } }',
    );
    expect(data.models.totalCount).toBe(1);
    expect(data.hidden).toBeNull();
    expect(new Set(JSON.stringify(data).match(/gpt-\w/g))).toEqual(new Set(['gpt-y']));
  });

  test('addresses, credentials and TLS settings are for CATALOG_READ', async () => {
    const tls = 'tls { certificateAuthority { subject expiresAt } clientCertificate { subject fingerprint } serverName }';
    const document = `{ model(slug: "gpt-x") { deployments { provider { slug baseUrl credential { lastFour } ${tls} } } } }`;
    const plain = await run(makeContext(SERVICES, makePrincipal(['INFERENCE'])), document);
    expect(plain.data.model.deployments[0].provider).toEqual({ slug: 'openai', baseUrl: null, credential: null, tls: null });
    const reader = await run(makeContext(SERVICES, makePrincipal(['CATALOG_READ'])), document);
    expect(reader.data.model.deployments[0].provider).toEqual({
      slug: 'openai',
      baseUrl: 'https://openai.test/v1',
      credential: { lastFour: '0000' },
      tls: {
        certificateAuthority: [{ subject: 'CN=Glidepath test-only private authority', expiresAt: expect.stringMatching(/^2126-/) }],
        clientCertificate: [
          { subject: 'CN=Glidepath test-only client', fingerprint: expect.stringMatching(/^([0-9A-F]{2}:){31}[0-9A-F]{2}$/) },
        ],
        serverName: 'private.glidepath.test',
      },
    });
    expect(JSON.stringify(reader.data)).not.toContain('canary');
  });

  test('others’ words are for PAYLOAD_READ, one’s own need nothing more', async () => {
    const owner = makePrincipal(['INFERENCE']);
    const state = makeState(makeRecord(owner), 'the words');
    const services = { ...SERVICES, completions: { ...SERVICES.completions, find: async () => state } };
    const document = `{ completion(id: "${state.record.id}") { text answer { text } finishReason } }`;
    const read = async (principal: typeof owner): Promise<unknown> =>
      (await run(makeContext(services, principal), document)).data.completion;
    expect(await read(owner)).toEqual({ text: 'the words', answer: { text: 'the words' }, finishReason: 'STOP' });
    expect(await read(makePrincipal(['USAGE_READ']))).toEqual({ text: null, answer: null, finishReason: 'STOP' });
    expect(await read(makePrincipal(['USAGE_READ', 'PAYLOAD_READ']))).toMatchObject({ text: 'the words' });
  });

  test('what a provider said of a failure is for CATALOG_READ', async () => {
    const [deployment] = SERVICES.catalogue.snapshot(newId('organization')).deployments.all;
    const served = { modelId: deployment!.model.id, deploymentId: deployment!.id, providerId: deployment!.provider.id };
    const failure = { class: 'SERVER_ERROR', detail: 'upstream said so', httpStatus: 500, retryAfterMs: null } as const;
    const attempt = {
      id: newId('attempt'),
      index: 0,
      served,
      status: 'FAILED',
      failure,
      startedAt: new Date(0),
      firstTokenMs: null,
      durationMs: 3,
      usage: null,
      cost: null,
    } as const;
    const owner = makePrincipal(['INFERENCE']);
    const routing = {
      route: null,
      routeVersion: null,
      seed: 's',
      steps: [],
      candidates: [{ deploymentId: deployment!.id, chosen: true, score: null, excluded: null }],
    };
    const state = makeState(makeRecord(owner, { attempts: [attempt], routing }));
    const services = { ...SERVICES, completions: { ...SERVICES.completions, find: async () => state } };
    const document =
      '{ completion(id: "x") { routing { candidates { chosen deployment { slug } } attempts { failure httpStatus detail deployment { slug } } } } }';
    const plain = await run(makeContext(services, owner), document);
    expect(plain.data.completion.routing).toEqual({
      candidates: [{ chosen: true, deployment: { slug: 'groq.gpt-y' } }],
      attempts: [{ failure: 'SERVER_ERROR', httpStatus: 500, detail: null, deployment: { slug: 'groq.gpt-y' } }],
    });
    const operator = await run(makeContext(services, makePrincipal(['USAGE_READ', 'CATALOG_READ'])), document);
    expect(operator.data.completion.routing.attempts[0].detail).toBe('upstream said so');
  });

  test('keys below a team need KEYS_WRITE, although teams need less', async () => {
    const services = { ...SERVICES, access: makeAccess([makeTeam('red')], []) };
    const reader = await run(makeContext(services, makePrincipal(['USAGE_READ'])), '{ teams { nodes { slug apiKeys { totalCount } } } }');
    expect(reader.data.teams).toBeNull();
    expect(reader.errors?.[0]?.originalError).toMatchObject({ code: 'FORBIDDEN' });
    const writer = await run(makeContext(services, makePrincipal(['KEYS_WRITE'])), '{ teams { nodes { slug apiKeys { totalCount } } } }');
    expect(writer.data.teams.nodes).toEqual([{ slug: 'red', apiKeys: { totalCount: 0 } }]);
  });
});

describe('entities', () => {
  const team = makeTeam('red');
  const other = makeTeam('blue');
  const key = makeKey({ teamId: team.id, name: 'of red' });
  const foreign = makeKey({ teamId: other.id, name: 'of blue' });
  const services = { ...SERVICES, access: makeAccess([team, other], [key, foreign]) };
  const ENTITIES = `query ($r: [_Any!]!) { _entities(representations: $r) {
    ... on Model { slug } ... on Provider { slug } ... on Deployment { slug } ... on Team { slug } ... on ApiKey { name } ... on Organization { slug } ... on Completion { status }
  } }`;
  const resolve = (permissions: readonly Permission[], representations: unknown[], overrides = {}) =>
    run(makeContext(services, makePrincipal(permissions, overrides)), ENTITIES, { r: representations });
  const snapshot = services.catalogue.snapshot(newId('organization'));

  test('are found by each of their keys, in order', async () => {
    const [model] = snapshot.models.all;
    const { data, errors } = await resolve(
      ['ADMIN'],
      [
        { __typename: 'Model', slug: model!.slug },
        { __typename: 'Model', id: model!.id },
        { __typename: 'Provider', id: snapshot.providers.all[0]!.id },
        { __typename: 'Deployment', id: snapshot.deployments.all[0]!.id },
        { __typename: 'Organization', id: snapshot.organization.id },
        { __typename: 'Team', id: team.id },
        { __typename: 'ApiKey', id: key.id },
      ],
    );
    expect(errors).toBeUndefined();
    expect(data._entities).toEqual([
      { slug: 'gpt-x' },
      { slug: 'gpt-x' },
      { slug: 'groq' },
      { slug: 'groq.gpt-y' },
      { slug: 'acme' },
      { slug: 'red' },
      { name: 'of red' },
    ]);
  });

  test('ask for the permission of the query that answers them', async () => {
    const { data, errors } = await resolve(
      ['INFERENCE'],
      [
        { __typename: 'Provider', id: snapshot.providers.all[0]!.id },
        { __typename: 'Team', id: team.id },
        { __typename: 'ApiKey', id: key.id },
        { __typename: 'Model', slug: 'gpt-x' },
      ],
    );
    expect(data._entities).toEqual([null, null, null, { slug: 'gpt-x' }]);
    expect(errors?.map((error) => (error.originalError as { code?: string }).code)).toEqual(['FORBIDDEN', 'FORBIDDEN', 'FORBIDDEN']);
  });

  test('a team’s key resolves its own team and keys, and null for others', async () => {
    const references = [team, other]
      .map(({ id }) => ({ __typename: 'Team', id }))
      .concat([key, foreign].map(({ id }) => ({ __typename: 'ApiKey', id })) as never);
    const { data, errors } = await resolve(['KEYS_WRITE'], references, { teamId: team.id });
    expect(errors).toBeUndefined();
    expect(data._entities).toEqual([{ slug: 'red' }, null, { name: 'of red' }, null]);
  });

  test('any key resolves itself', async () => {
    expect((await resolve(['INFERENCE'], [{ __typename: 'ApiKey', id: key.id }], { apiKeyId: key.id })).data._entities).toEqual([
      { name: 'of red' },
    ]);
  });

  test('D7 a thousand completions are read at once, each once, and no words that nobody asks for', async () => {
    const asked: (readonly string[])[] = [];
    const record = makeRecord(makePrincipal(['INFERENCE']));
    const records = async (_principal: unknown, ids: readonly string[]) => {
      asked.push(ids);
      return new Map([[record.id, record]]);
    };
    const messages = async (): Promise<never> => {
      throw new Error('words were read');
    };
    const ids = [record.id, ...Array.from({ length: 1_000 }, (_, index) => `completion_${index % 500}`)];
    const { data, errors } = await run(
      makeContext({ ...services, completions: { ...services.completions, records, messages } }, makePrincipal(['INFERENCE'])),
      ENTITIES,
      { r: ids.map((id) => ({ __typename: 'Completion', id })) },
    );
    expect(errors).toBeUndefined();
    expect(data._entities).toEqual([{ status: 'SUCCEEDED' }, ...Array.from({ length: 1_000 }, () => null)]);
    expect(asked.map((batch) => batch.length)).toEqual([501]);
  });

  test('foreign and nonsense ids are null', async () => {
    const ids = [newId('model'), newId('team'), 'nonsense', '', '\u0000'];
    const { data, errors } = await resolve(
      ['ADMIN'],
      ids.flatMap((id) => ['Model', 'Provider', 'Team', 'ApiKey', 'Organization', 'Completion'].map((__typename) => ({ __typename, id }))),
    );
    expect(errors).toBeUndefined();
    expect(new Set<unknown>(data._entities as unknown[])).toEqual(new Set([null]));
  });

  test.each([
    [{ __typename: 'Nothing', id: 'x' }],
    [{ __typename: 'Query' }],
    [{ __typename: 'constructor' }],
    [{ id: 'x' }],
    [5],
    ['x'],
    [{ __typename: 'Team' }],
    [{ __typename: 'Team', id: 5 }],
  ])('%j names no entity: BAD_USER_INPUT', async (representation) => {
    const { errors } = await resolve(['ADMIN'], [representation]);
    expect(errors?.[0]?.originalError).toMatchObject({ code: 'BAD_USER_INPUT' });
  });
});
