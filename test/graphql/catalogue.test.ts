import { describe, expect, test } from '@jest/globals';
import type { CreateProviderInput, SetPriceInput } from '../../src/catalog/contract.js';
import { conflict, fail, invalidRequest, notFound, ok } from '../../src/core/errors.js';
import { newId } from '../../src/core/ids.js';
import { HEALTHY, listOf, makeAccess, makeContext, makePrice, makePrincipal, makeServices, makeSnapshot, NOW, run } from './world.js';

const ADMIN = makePrincipal(['ADMIN']);
const snapshot = makeSnapshot([
  { slug: 'alpha', vendor: 'acme', capabilities: ['TOOLS', 'VISION'] },
  { slug: 'beta', vendor: 'bolt', capabilities: ['TOOLS'], servedBy: ['openai', 'groq'] },
  { slug: 'gamma', vendor: 'acme', servedBy: [] },
  { slug: 'gone', deleted: true, servedBy: [] },
]);
const access = makeAccess([], []);
const services = makeServices({ access, catalogue: { snapshot: () => snapshot, refresh: async () => undefined } });
const ask = (document: string, variables = {}) => run(makeContext(services, ADMIN), document, variables);
const slugsOf = (nodes: unknown) => listOf(nodes).map(({ slug }) => slug);

describe('models', () => {
  test.each([
    ['{}', ['alpha', 'beta', 'gamma']],
    ['{ search: "ALPH" }', ['alpha']],
    ['{ search: "the b" }', ['beta']],
    ['{ search: "" }', ['alpha', 'beta', 'gamma']],
    ['{ search: "\\u0000" }', []],
    ['{ vendors: ["acme"] }', ['alpha', 'gamma']],
    ['{ vendors: ["acme", "bolt"], served: true }', ['alpha', 'beta']],
    ['{ vendors: [] }', []],
    ['{ operations: [] }', []],
    ['{ capabilities: [] }', ['alpha', 'beta', 'gamma']],
    ['{ capabilities: [TOOLS, VISION] }', ['alpha']],
    ['{ operations: [COMPLETION] }', ['alpha', 'beta', 'gamma']],
    ['{ served: false }', ['gamma']],
    ['{ served: null, vendors: null, search: null }', ['alpha', 'beta', 'gamma']],
  ])('filtered by %s are %j', async (filter, expected) => {
    const { data, errors } = await ask(`{ models(filter: ${filter}) { totalCount nodes { slug } } }`);
    expect(errors).toBeUndefined();
    expect(slugsOf(data.models.nodes)).toEqual(expected);
    expect(data.models.totalCount).toBe(expected.length);
  });

  test('come in pages that go on where the last one ended', async () => {
    const first = await ask('{ models(first: 2) { nodes { slug } pageInfo { endCursor hasNextPage } } }');
    expect(slugsOf(first.data.models.nodes)).toEqual(['alpha', 'beta']);
    const after = first.data.models.pageInfo.endCursor;
    const rest = await ask(
      'query ($after: String) { models(first: 2, after: $after) { nodes { slug } edges { cursor } pageInfo { hasNextPage hasPreviousPage } } }',
      { after },
    );
    expect(slugsOf(rest.data.models.nodes)).toEqual(['gamma']);
    expect(rest.data.models.pageInfo).toEqual({ hasNextPage: false, hasPreviousPage: true });
  });

  test('tell the price in force at an instant, and its whole history', async () => {
    const { data } = await ask(`{ model(slug: "alpha") {
      now: price { effectiveFrom tiers { aboveInputTokens rates { component amount per } } }
      then: price(at: "2025-06-01T00:00:00Z") { tiers { rates { amount } } }
      before: price(at: "2020-01-01T00:00:00Z") { source }
      priceHistory { effectiveFrom currency source serviceTier batch }
    } }`);
    expect(data.model.now).toEqual({
      effectiveFrom: '2026-02-01T00:00:00.000Z',
      tiers: [
        {
          aboveInputTokens: 0,
          rates: [
            { component: 'INPUT', amount: '2.5', per: 1_000_000 },
            { component: 'OUTPUT', amount: '10', per: 1_000_000 },
          ],
        },
      ],
    });
    expect(listOf(data.model.then.tiers[0].rates).map(({ amount }) => amount)).toEqual(['3', '15']);
    expect(data.model.before).toBeNull();
    expect(data.model.priceHistory).toHaveLength(2);
    expect(data.model.priceHistory[0]).toEqual({
      effectiveFrom: '2025-01-01T00:00:00.000Z',
      currency: 'USD',
      source: 'list',
      serviceTier: null,
      batch: false,
    });
  });

  test('that were deleted are found by nobody who lists or names them', async () => {
    const { data } = await ask('{ model(slug: "gone") { id } models(filter: { search: "gone" }) { totalCount } }');
    expect(data).toEqual({ model: null, models: { totalCount: 0 } });
  });

  test.each(['nope', '', '\\u0000', '../x'])('there is none of the name "%s"', async (slug) => {
    expect((await ask(`{ model(slug: "${slug}") { id } provider(slug: "${slug}") { id } }`)).data).toEqual({ model: null, provider: null });
  });
});

describe('deployments', () => {
  test.each([
    ['{}', ['groq.beta', 'openai.alpha', 'openai.beta']],
    ['{ models: ["beta"] }', ['groq.beta', 'openai.beta']],
    ['{ providers: ["openai"], models: ["beta"] }', ['openai.beta']],
    ['{ regions: ["eu"] }', ['openai.alpha', 'openai.beta']],
    ['{ states: [HEALTHY] }', ['openai.alpha', 'openai.beta']],
    ['{ states: [DEGRADED, OPEN] }', ['groq.beta']],
    ['{ states: [] }', []],
    ['{ models: [] }', []],
    ['{ models: null, states: null }', ['groq.beta', 'openai.alpha', 'openai.beta']],
  ])('filtered by %s are %j', async (filter, expected) => {
    const health = {
      onChange: () => () => undefined,
      health: (one: { provider: { slug: string } }) => ({
        ...HEALTHY,
        state: one.provider.slug === 'groq' ? ('DEGRADED' as const) : ('HEALTHY' as const),
      }),
    };
    const context = makeContext({ ...services, health }, ADMIN);
    const { data } = await run(context, `{ deployments(filter: ${filter}) { nodes { slug health { state since } } } }`);
    expect(slugsOf(data.deployments.nodes)).toEqual(expected);
  });

  test('have their own price where one is set, else the model’s', async () => {
    const own = makeSnapshot([{ slug: 'alpha' }]);
    const [deployment] = own.deployments.all;
    const priced = { ...deployment!, prices: [makePrice({ input: '1', output: '2' })] };
    const dear = { ...own, deployments: { ...own.deployments, all: [priced] } };
    const query = '{ deployments { nodes { price { tiers { rates { amount } } } } } }';
    const at = async (version: typeof own): Promise<unknown> =>
      (await run(makeContext({ ...services, catalogue: { snapshot: () => version, refresh: async () => undefined } }, ADMIN), query)).data
        .deployments.nodes[0].price.tiers[0].rates[0].amount;
    expect(await at(dear)).toBe('1');
    expect(await at(own)).toBe('2.5');
  });
});

test('D7 the whole catalogue is answered without one statement', async () => {
  const { errors } = await ask(
    '{ models { nodes { deployments { provider { deployments { model { slug } } } health { state } price { source } } } } providers { nodes { slug } } deployments { nodes { slug } } }',
  );
  expect(errors).toBeUndefined();
  expect(access.reads).toEqual([]);
});

describe('changes', () => {
  const change = async (overrides: object, document: string, variables = {}) =>
    run(makeContext({ ...services, catalogueChanges: { ...services.catalogueChanges, ...overrides } }, ADMIN), document, variables);
  const CREATE =
    'mutation ($input: CreateProviderInput!) { createProvider(input: $input) { __typename ... on Provider { slug } ... on InvalidRequest { problems { path } } ... on Conflict { field message } ... on NotFound { targetId } } }';

  test('reach the service as they were given: absent stays absent, null stays null', async () => {
    let seen: CreateProviderInput | null = null;
    const createProvider = async (actor: { principal: unknown; requestId: string | null }, input: CreateProviderInput) => {
      expect(actor).toEqual({ principal: ADMIN, requestId: 'req-1' });
      seen = input;
      return ok(snapshot.providers.all[0]!);
    };
    const { data } = await change({ createProvider }, CREATE, {
      input: { slug: 'a', name: null, baseUrl: 'https://a.test/v1', headers: { 'x-a': 'b' } },
    });
    expect(data.createProvider).toEqual({ __typename: 'Provider', slug: 'groq' });
    expect(seen).toEqual({ slug: 'a', name: null, baseUrl: 'https://a.test/v1', headers: { 'x-a': 'b' }, allowPrivateNetwork: false });
  });

  test('that are refused come as the member their error belongs to', async () => {
    const answer = async (error: ReturnType<typeof conflict>): Promise<unknown> =>
      (await change({ createProvider: async () => fail(error) }, CREATE, { input: { slug: 'a' } })).data.createProvider;
    expect(await answer(conflict('Taken.', 'slug'))).toEqual({ __typename: 'Conflict', field: 'slug', message: 'Taken.' });
    expect(await answer(invalidRequest([{ path: 'baseUrl', message: 'no' }]))).toEqual({
      __typename: 'InvalidRequest',
      problems: [{ path: 'baseUrl' }],
    });
    expect(await answer(notFound('provider', 'x'))).toEqual({ __typename: 'NotFound', targetId: 'x' });
  });

  test('prices keep every digit on their way in', async () => {
    let seen: SetPriceInput | null = null;
    const setPrice = async (_actor: unknown, input: SetPriceInput) => {
      seen = input;
      return ok(makePrice({ input: '1', output: '2' }));
    };
    const { data } = await change(
      { setPrice },
      'mutation ($amount: Decimal!) { setPrice(input: { model: "alpha", price: { effectiveFrom: "2026-01-01T00:00:00+01:00", tiers: [{ rates: [{ component: INPUT, amount: $amount }] }] } }) { __typename ... on Price { currency } } }',
      { amount: '0.000000000001' },
    );
    expect(data.setPrice).toEqual({ __typename: 'Price', currency: 'USD' });
    expect(seen).toEqual({
      model: 'alpha',
      confirm: false,
      price: {
        effectiveFrom: new Date('2025-12-31T23:00:00Z'),
        batch: false,
        tiers: [{ aboveInputTokens: 0, rates: [{ component: 'INPUT', amount: '0.000000000001', per: 1_000_000 }] }],
      },
    });
  });

  test('that delete answer with the id', async () => {
    const deploymentId = newId('deployment');
    const { data } = await change(
      { deleteDeployment: async (_actor: unknown, id: string) => ok({ deletedId: id }) },
      `mutation { deleteDeployment(input: { id: "${deploymentId}" }) { __typename ... on Deleted { deletedId } } }`,
    );
    expect(data.deleteDeployment).toEqual({ __typename: 'Deleted', deletedId: deploymentId });
  });

  test('are seen by what follows them in the same document', async () => {
    const versions = [makeSnapshot([{ slug: 'old' }]), makeSnapshot([{ slug: 'new' }])];
    let version = 0;
    const catalogue = { snapshot: () => versions[version]!, refresh: async () => undefined };
    const createModel = async () => {
      version = 1;
      return ok(versions[1]!.models.all[0]!);
    };
    const context = makeContext({ ...services, catalogue, catalogueChanges: { ...services.catalogueChanges, createModel } }, ADMIN);
    expect(context.snapshot()).toBe(versions[0]);
    await run(context, 'mutation { createModel(input: { slug: "new", vendor: "acme" }) { __typename } }');
    expect(context.snapshot()).toBe(versions[1]);
  });
});

test('a price is dated by the injected clock', () => {
  expect(services.clock.now()).toEqual(NOW);
});
