import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { CreateProviderInput, PriceInput } from '../../src/catalog/contract.js';
import type { Actor } from '../../src/core/actor.js';
import type { Deployment, Model, Provider } from '../../src/core/catalogue.js';
import { newId } from '../../src/core/ids.js';
import type { OrganizationId } from '../../src/core/ids.js';
import { formatUsd } from '../../src/core/money.js';
import { actorOf, addOrganization, auditRows, dump, errorOf, openReplica, openWorld, pathsOf, start, valueOf } from './world.js';
import type { World } from './world.js';

let world: World;
let replica: Awaited<ReturnType<typeof openReplica>>;
let organizationId: OrganizationId;
let admin: Actor;
let changes: typeof replica.changes;

beforeAll(async () => {
  world = await openWorld();
  ({ organizationId } = await start(world));
  replica = await openReplica(world);
  ({ changes } = replica);
  admin = actorOf(organizationId);
});

afterAll(() => world.close());

let made = 0;
const slug = (kind: string) => `${kind}-${(made += 1)}`;
const snapshot = () => replica.catalogue.snapshot(organizationId);
const base = { wireFormat: 'OPENAI_CHAT', baseUrl: 'https://upstream.test/v1' } as const;
const createProvider = (input: Partial<CreateProviderInput> = {}) =>
  changes.createProvider(admin, { ...base, slug: slug('provider'), ...input });
const provider = async (input: Partial<CreateProviderInput> = {}): Promise<Provider> => valueOf(await createProvider(input));
const model = async (): Promise<Model> => valueOf(await changes.createModel(admin, { slug: slug('model'), vendor: 'vendor' }));
const deployment = async (): Promise<Deployment> =>
  valueOf(await changes.createDeployment(admin, { provider: (await provider()).slug, model: (await model()).slug }));
const tiersOf = (...rates: PriceInput['tiers'][number]['rates'][number][]): PriceInput => ({ tiers: [{ rates }] });
const INPUT = { component: 'INPUT', amount: '1' } as const;

/** Nothing may be left behind by what is refused. */
async function unchanged(run: () => Promise<unknown>): Promise<void> {
  const before = await dump(world);
  await run();
  expect(await dump(world)).toBe(before);
}

describe('createProvider', () => {
  test('is in force when it returns, the credential sealed', async () => {
    const input = { name: 'Mine', region: 'eu', headers: { 'X-Team': 'a' }, credential: { apiKey: 'sk-0123456789abcdef' } };
    const created = await provider(input);
    expect(created).toMatchObject({
      ...base,
      name: 'Mine',
      region: 'eu',
      headers: { 'x-team': 'a' },
      preset: null,
      enabled: true,
      deployments: [],
    });
    expect(created.credential).toMatchObject({ lastFour: 'cdef' });
    expect(created.credential?.apiKey.reveal()).toBe('sk-0123456789abcdef');
    expect(snapshot().providers.bySlug.get(created.slug)).toBe(created);
  });

  test('a preset fills in what is not said', async () => {
    const made = valueOf(await changes.createProvider(admin, { slug: slug('groq'), preset: 'groq' }));
    expect(made).toMatchObject({ preset: 'groq', name: 'Groq', wireFormat: 'OPENAI_CHAT', baseUrl: 'https://api.groq.com/openai/v1' });
    const own = valueOf(await changes.createProvider(admin, { slug: slug('groq'), preset: 'groq', baseUrl: 'https://proxy.test/v1/' }));
    expect(own.baseUrl).toBe('https://proxy.test/v1');
  });

  test('a short credential shows nothing of itself', async () => {
    expect((await provider({ credential: { apiKey: 'short' } })).credential?.lastFour).toBe('');
  });

  test.each<[string, Partial<CreateProviderInput>, string[]]>([
    ['a slug with a slash', { slug: 'a/b' }, ['slug']],
    ['a slug of 64', { slug: 'a'.repeat(64) }, ['slug']],
    ['an empty name', { name: '' }, ['name']],
    ['an unknown preset', { preset: 'nope' }, ['preset']],
    ['G a wire format that is not built', { wireFormat: 'ANTHROPIC_MESSAGES' }, ['wireFormat']],
    ['neither preset nor place', { wireFormat: null, baseUrl: null }, ['wireFormat', 'baseUrl']],
    ['a preset without an address', { preset: 'azure-openai', baseUrl: null }, ['baseUrl']],
    ['no URL', { baseUrl: 'upstream' }, ['baseUrl']],
    ['a relative URL', { baseUrl: '/v1' }, ['baseUrl']],
    ['a file', { baseUrl: 'file:///etc/passwd' }, ['baseUrl']],
    ['ftp', { baseUrl: 'ftp://upstream.test' }, ['baseUrl']],
    ['script', { baseUrl: 'javascript:alert(1)' }, ['baseUrl']],
    ['the sandbox’s marker', { baseUrl: 'sandbox:' }, ['baseUrl']],
    ['a user in it', { baseUrl: 'https://user:pass@upstream.test/v1' }, ['baseUrl']],
    ['a query', { baseUrl: 'https://upstream.test/v1?key=1' }, ['baseUrl']],
    ['an empty query', { baseUrl: 'https://upstream.test/v1?' }, ['baseUrl']],
    ['a fragment', { baseUrl: 'https://upstream.test/v1#a' }, ['baseUrl']],
    ['K3 a private address', { baseUrl: 'http://127.0.0.1:1/v1' }, ['baseUrl']],
    ['headers as a list', { headers: ['a'] }, ['headers']],
    ['headers as text', { headers: 'a: b' }, ['headers']],
    ['a number as a header', { headers: { 'x-a': 1 } }, ['headers.x-a']],
    ['a line break in a header', { headers: { 'x-a': 'a\r\nhost: b' } }, ['headers.x-a']],
    ['a header name that is none', { headers: { 'x a': 'b' } }, ['headers']],
    [
      'authorization',
      { headers: { Authorization: 'Bearer x', host: 'y', 'content-length': '1' } },
      ['headers.Authorization', 'headers.host', 'headers.content-length'],
    ],
    ['one header in two cases', { headers: { 'x-a': '1', 'X-A': '2' } }, ['headers.X-A']],
    ['an empty credential', { credential: {} }, ['credential']],
    ['a credential with a line break', { credential: { apiKey: 'sk\n' } }, ['credential.apiKey']],
    ['a blank credential', { credential: { apiKey: '' } }, ['credential.apiKey']],
    ['a long region', { region: 'r'.repeat(64) }, ['region']],
    ['a NUL', { name: 'a\0', region: '\0' }, ['name', 'region']],
  ])('refuses %s by path, and leaves nothing', async (_name, input, paths) => {
    await unchanged(async () => {
      expect(pathsOf(await createProvider(input))).toEqual(paths);
    });
  });

  test('a private address is fine where that is said', async () => {
    expect((await provider({ baseUrl: 'http://127.0.0.1:1/v1', allowPrivateNetwork: true })).allowPrivateNetwork).toBe(true);
  });

  test('a taken slug is a conflict, also for two at once; a deleted one is free again', async () => {
    const input = { ...base, slug: slug('taken') };
    const results = await Promise.all([1, 2].map(() => changes.createProvider(admin, input)));
    const [lost] = results.filter((result) => !result.ok);
    expect(lost && errorOf(lost)).toMatchObject({ code: 'CONFLICT', field: 'slug' });
    const [won] = results.flatMap((result) => (result.ok ? [result.value] : []));
    valueOf(await changes.deleteProvider(admin, won?.id ?? ''));
    expect((await provider(input)).id).not.toBe(won?.id);
  });
});

describe('updateProvider', () => {
  test('leaves what is absent', async () => {
    const before = await provider({ name: 'Name', region: 'eu', headers: { 'x-a': '1' }, credential: { apiKey: 'sk-0123456789abcdef' } });
    const { credential, ...rest } = valueOf(await changes.updateProvider(admin, { id: before.id }));
    expect(rest).toEqual({ ...rest, name: 'Name', region: 'eu', headers: { 'x-a': '1' }, baseUrl: before.baseUrl, enabled: true });
    expect(credential?.apiKey.reveal()).toBe('sk-0123456789abcdef');
  });

  test('changes what is there', async () => {
    const { id } = await provider({ credential: { apiKey: 'sk-0123456789abcdef' } });
    const input = { name: 'New', baseUrl: 'https://new.test/v2/', region: 'us', headers: { 'x-b': '2' }, enabled: false };
    const after = valueOf(await changes.updateProvider(admin, { id, ...input, credential: { apiKey: 'sk-next-456789wxyz' } }));
    expect(after).toMatchObject({ ...input, baseUrl: 'https://new.test/v2', credential: { lastFour: 'wxyz' } });
    expect(after.credential?.apiKey.reveal()).toBe('sk-next-456789wxyz');
  });

  test('null clears region, headers and credential', async () => {
    const { id } = await provider({ region: 'eu', headers: { 'x-a': '1' }, credential: { apiKey: 'sk-0123456789abcdef' } });
    const after = valueOf(await changes.updateProvider(admin, { id, region: null, headers: null, credential: null }));
    expect(after).toMatchObject({ region: null, headers: {}, credential: null });
  });

  test('refuses each wrong field by path', async () => {
    const { id } = await provider();
    const input = { name: '', baseUrl: 'https://u:p@upstream.test', region: '', headers: [], credential: {} };
    expect(pathsOf(await changes.updateProvider(admin, { id, ...input }))).toEqual(['name', 'baseUrl', 'region', 'credential', 'headers']);
    expect(pathsOf(await changes.updateProvider(admin, { id, name: null, baseUrl: null, enabled: null }))).toEqual([
      'enabled',
      'name',
      'baseUrl',
    ]);
  });

  test('K3 private addresses can not be forbidden to one that uses one', async () => {
    const { id } = await provider({ baseUrl: 'http://127.0.0.1:1/v1', allowPrivateNetwork: true });
    expect(pathsOf(await changes.updateProvider(admin, { id, allowPrivateNetwork: false }))).toEqual(['baseUrl']);
    expect(
      valueOf(await changes.updateProvider(admin, { id, allowPrivateNetwork: false, baseUrl: 'https://a.test' })).allowPrivateNetwork,
    ).toBe(false);
  });

  test('the sandbox can be renamed and switched off, and keeps its marker', async () => {
    const id = snapshot().providers.bySlug.get('sandbox')?.id ?? '';
    valueOf(await changes.updateProvider(admin, { id, name: 'Play', enabled: false, allowPrivateNetwork: false }));
    const [row] = await world.dataSource.query<unknown[]>(`SELECT name, base_url FROM provider WHERE slug = 'sandbox'`);
    expect(row).toEqual({ name: 'Play', base_url: 'sandbox:' });
  });
});

describe('deleteProvider', () => {
  test('with deployments it is a conflict; without, it stays findable by id, its secret gone', async () => {
    const { id, slug: name } = await provider({ credential: { apiKey: 'sk-0123456789abcdef' } });
    const { slug: modelSlug } = await model();
    const on = valueOf(await changes.createDeployment(admin, { provider: name, model: modelSlug }));
    expect(errorOf(await changes.deleteProvider(admin, id)).code).toBe('CONFLICT');
    valueOf(await changes.deleteDeployment(admin, on.id));
    expect(valueOf(await changes.deleteProvider(admin, id))).toEqual({ deletedId: id });
    expect(snapshot().providers.byId.get(id)).toMatchObject({ slug: name, deleted: true, credential: null });
    expect(snapshot().deployments.byId.get(on.id)?.provider.id).toBe(id);
    expect(errorOf(await changes.deleteProvider(admin, id)).code).toBe('NOT_FOUND');
    expect(errorOf(await changes.updateProvider(admin, { id, name: 'x' })).code).toBe('NOT_FOUND');
  });
});

describe('models', () => {
  test('are made with what is said, and sensible words for the rest', async () => {
    const plain = await model();
    expect(plain).toMatchObject({
      name: plain.slug,
      operations: ['COMPLETION'],
      capabilities: new Set(['STREAMING']),
      contextWindow: null,
      prices: [],
    });
    const input = {
      vendor: 'v',
      name: 'Full',
      capabilities: ['TOOLS', 'VISION', 'TOOLS'],
      contextWindow: 8_192,
      maxOutputTokens: 1_024,
    } as const;
    const full = valueOf(await changes.createModel(admin, { slug: slug('model'), ...input, price: tiersOf(INPUT) }));
    expect(full).toMatchObject({ name: 'Full', capabilities: new Set(['TOOLS', 'VISION']), contextWindow: 8_192, maxOutputTokens: 1_024 });
    expect(full.prices).toHaveLength(1);
  });

  test('a taken slug is a conflict', async () => {
    expect(errorOf(await changes.createModel(admin, { slug: 'gpt-4o', vendor: 'v' }))).toMatchObject({ code: 'CONFLICT', field: 'slug' });
  });

  test('every wrong field is told by path, prices too, and nothing is left', async () => {
    await unchanged(async () => {
      const input = { slug: 'A', name: '', vendor: '', operations: [], contextWindow: 0, maxOutputTokens: -1, price: { tiers: [] } };
      const paths = ['slug', 'name', 'vendor', 'operations', 'contextWindow', 'maxOutputTokens', 'price.tiers'];
      expect(pathsOf(await changes.createModel(admin, input))).toEqual(paths);
    });
  });

  test('an update leaves what is absent, and null clears', async () => {
    const { id } = valueOf(await changes.createModel(admin, { slug: slug('model'), vendor: 'v', contextWindow: 10, maxOutputTokens: 5 }));
    const deprecatedOn = new Date('2027-01-01T00:00:00Z');
    expect(valueOf(await changes.updateModel(admin, { id, deprecatedOn, capabilities: ['TOOLS'] }))).toMatchObject({
      contextWindow: 10,
      deprecatedOn,
    });
    const cleared = valueOf(
      await changes.updateModel(admin, { id, deprecatedOn: null, contextWindow: null, maxOutputTokens: null, capabilities: null }),
    );
    expect(cleared).toMatchObject({ deprecatedOn: null, contextWindow: null, maxOutputTokens: null, capabilities: new Set(['STREAMING']) });
  });

  test('an update refuses by path', async () => {
    const { id } = await model();
    const input = { name: null, contextWindow: 0.5, maxOutputTokens: 2 ** 31, deprecatedOn: new Date('x') };
    expect(pathsOf(await changes.updateModel(admin, { id, ...input }))).toEqual([
      'name',
      'contextWindow',
      'maxOutputTokens',
      'deprecatedOn',
    ]);
  });
});

describe('setPrice', () => {
  const setPrice = async (price: PriceInput, more = {}) => changes.setPrice(admin, { model: (await model()).slug, price, ...more });

  test('past prices stay, the newest last; now where no instant is named', async () => {
    const { slug: name, id } = await model();
    const later = new Date('2030-01-01T00:00:00Z');
    const first = valueOf(await changes.setPrice(admin, { model: name, price: { ...tiersOf(INPUT), effectiveFrom: later } }));
    const second = valueOf(await changes.setPrice(admin, { model: name, price: { ...tiersOf(INPUT), source: 'contract' } }));
    expect(second).toMatchObject({ source: 'contract', currency: 'USD', batch: false, serviceTier: null });
    expect(Math.abs(second.effectiveFrom.getTime() - Date.now())).toBeLessThan(5_000);
    expect(
      snapshot()
        .models.byId.get(id)
        ?.prices.map((price) => price.id),
    ).toEqual([second.id, first.id]);
  });

  test('may be a deployment’s alone', async () => {
    const on = await deployment();
    const price = valueOf(await changes.setPrice(admin, { deployment: on.slug, price: tiersOf(INPUT) }));
    expect(snapshot().deployments.byId.get(on.id)?.prices).toEqual([price]);
    expect(snapshot().models.byId.get(on.model.id)?.prices).toEqual([]);
  });

  test('amounts are exact down to the picodollar', async () => {
    const rates = [
      { component: 'INPUT', amount: '0.000001' },
      { component: 'OUTPUT', amount: '0.000000000001', per: 1 },
      { component: 'REQUEST', amount: '0' },
    ] as const;
    const price = valueOf(await setPrice(tiersOf(...rates)));
    expect(price.tiers[0]?.rates.map((rate) => [formatUsd(rate.amount), rate.per])).toEqual([
      ['0.000001', 1_000_000],
      ['0.000000000001', 1],
      ['0', 1_000_000],
    ]);
  });

  const rate = (more: object) => tiersOf({ ...INPUT, ...more });
  test.each<[string, PriceInput, string[]]>([
    ['no tier', { tiers: [] }, ['price.tiers']],
    ['no rate', { tiers: [{ rates: [] }] }, ['price.tiers.0.rates']],
    ['a first tier above 0', { tiers: [{ aboveInputTokens: 1, rates: [INPUT] }] }, ['price.tiers.0.aboveInputTokens']],
    [
      'tiers out of order',
      { tiers: [{ rates: [INPUT] }, { aboveInputTokens: 9, rates: [INPUT] }, { aboveInputTokens: 9, rates: [INPUT] }] },
      ['price.tiers.2.aboveInputTokens'],
    ],
    ['a component twice', tiersOf(INPUT, { component: 'OUTPUT', amount: '1' }, INPUT), ['price.tiers.0.rates.2.component']],
    ['a negative amount', rate({ amount: '-1' }), ['price.tiers.0.rates.0.amount']],
    ['an exponent', rate({ amount: '1e3' }), ['price.tiers.0.rates.0.amount']],
    ['words', rate({ amount: 'free' }), ['price.tiers.0.rates.0.amount']],
    ['infinity', rate({ amount: 'Infinity' }), ['price.tiers.0.rates.0.amount']],
    ['finer than a picodollar a unit', rate({ amount: '0.0000001' }), ['price.tiers.0.rates.0.amount']],
    ['a third of one', rate({ amount: '1', per: 3 }), ['price.tiers.0.rates.0.amount']],
    ['per 0', rate({ per: 0 }), ['price.tiers.0.rates.0.per']],
    ['per -1', rate({ per: -1 }), ['price.tiers.0.rates.0.per']],
    ['a million dollars a token', rate({ amount: '2000000', per: 1 }), ['price.tiers.0.rates.0.amount']],
    ['no real instant', { ...tiersOf(INPUT), effectiveFrom: new Date('x') }, ['price.effectiveFrom']],
    ['an empty source', { ...tiersOf(INPUT), source: '', serviceTier: '' }, ['price.source', 'price.serviceTier']],
  ])('refuses %s by path', async (_name, price, paths) => {
    expect(pathsOf(await setPrice(price))).toEqual(paths);
  });

  test('names a model or a deployment, not both, not neither, not one that is not there', async () => {
    const price = tiersOf(INPUT);
    expect(pathsOf(await changes.setPrice(admin, { price }))).toEqual(['model']);
    expect(pathsOf(await changes.setPrice(admin, { price, model: 'gpt-4o', deployment: 'sandbox.sandbox' }))).toEqual(['deployment']);
    expect(pathsOf(await changes.setPrice(admin, { price, model: 'nope' }))).toEqual(['model']);
    expect(pathsOf(await changes.setPrice(admin, { price, deployment: 'nope' }))).toEqual(['deployment']);
  });

  test('C15 a price typed per token instead of per million asks for confirmation', async () => {
    const perToken = tiersOf({ component: 'INPUT', amount: '2.5', per: 1 }, { component: 'OUTPUT', amount: '10' });
    const refused = await setPrice(perToken);
    expect(pathsOf(refused)).toEqual(['price.tiers.0.rates.0.amount']);
    expect(errorOf(refused).message).toContain('confirm: true');
    expect((await setPrice(perToken, { confirm: true })).ok).toBe(true);
    expect(pathsOf(await changes.createModel(admin, { slug: slug('model'), vendor: 'v', price: perToken }))).toEqual([
      'price.tiers.0.rates.0.amount',
    ]);
  });

  test('C15 does not ask where the price is only high, free, or not by the token', async () => {
    for (const given of [rate({ amount: '600' }), rate({ amount: '0' }), rate({ component: 'IMAGE', amount: '5', per: 1 })])
      expect((await setPrice(given)).ok).toBe(true);
  });

  test('C15 the first price of its kind has no peers to be out of line with', async () => {
    const lonely = actorOf(await addOrganization(world, 'lonely'));
    await replica.catalogue.refresh();
    const { slug: name } = valueOf(await changes.createModel(lonely, { slug: 'only', vendor: 'v' }));
    expect((await changes.setPrice(lonely, { model: name, price: rate({ amount: '2.5', per: 1 }) })).ok).toBe(true);
  });
});

describe('deployments', () => {
  test('are named <provider>.<model>, and take the vendor’s name from the preset', async () => {
    const { slug: name } = valueOf(await changes.createProvider(admin, { slug: slug('fw'), preset: 'fireworks' }));
    const preset = valueOf(await changes.createDeployment(admin, { provider: name, model: 'minimax-m3' }));
    expect(preset).toMatchObject({
      slug: `${name}.minimax-m3`,
      upstreamModel: 'accounts/fireworks/models/minimax-m3',
      weight: 1,
      enabled: true,
      onCancel: 'ABORT',
    });
    const plain = valueOf(await changes.createDeployment(admin, { provider: (await provider()).slug, model: 'gpt-4o' }));
    expect(plain.upstreamModel).toBe('gpt-4o');
  });

  test('stand below their model and provider at once, in order', async () => {
    const [{ slug: on }, { slug: of }] = [await provider(), await model()];
    const light = valueOf(await changes.createDeployment(admin, { provider: on, model: of, slug: slug('light') }));
    const heavy = valueOf(await changes.createDeployment(admin, { provider: on, model: of, slug: slug('heavy'), weight: 5 }));
    expect(
      snapshot()
        .models.bySlug.get(of)
        ?.deployments.map(({ id }) => id),
    ).toEqual([heavy.id, light.id]);
    valueOf(await changes.updateDeployment(admin, { id: light.id, weight: 9 }));
    expect(
      snapshot()
        .providers.bySlug.get(on)
        ?.deployments.map(({ id }) => id),
    ).toEqual([light.id, heavy.id]);
  });

  test('every wrong field is told by path, and nothing is left', async () => {
    await unchanged(async () => {
      const input = { provider: 'nope', model: `' OR 1=1--`, slug: 'A/b', upstreamModel: '', region: '\0', weight: -1 };
      expect(pathsOf(await changes.createDeployment(admin, input))).toEqual([
        'provider',
        'model',
        'slug',
        'region',
        'weight',
        'upstreamModel',
      ]);
      expect(pathsOf(await changes.createDeployment(admin, { provider: 'sandbox', model: 'sandbox', weight: 10_001 }))).toEqual(['weight']);
    });
  });

  test('a taken slug is a conflict; one too long to be made up has to be given', async () => {
    expect(errorOf(await changes.createDeployment(admin, { provider: 'sandbox', model: 'sandbox' }))).toMatchObject({
      code: 'CONFLICT',
      field: 'slug',
    });
    const long = valueOf(await changes.createModel(admin, { slug: `m${'x'.repeat(60)}`, vendor: 'v' }));
    expect(pathsOf(await changes.createDeployment(admin, { provider: 'sandbox', model: long.slug }))).toEqual(['slug']);
  });

  test('an update leaves what is absent, and null clears', async () => {
    const { id, model: of } = await deployment();
    const input = { upstreamModel: 'vendor/name', region: 'eu', weight: 3, enabled: false, onCancel: 'DRAIN' } as const;
    expect(valueOf(await changes.updateDeployment(admin, { id, ...input }))).toMatchObject(input);
    expect(valueOf(await changes.updateDeployment(admin, { id }))).toMatchObject(input);
    const cleared = valueOf(await changes.updateDeployment(admin, { id, upstreamModel: null, region: null, weight: null, onCancel: null }));
    expect(cleared).toMatchObject({ upstreamModel: of.slug, region: null, weight: 1, enabled: false, onCancel: 'ABORT' });
    expect(pathsOf(await changes.updateDeployment(admin, { id, enabled: null, weight: 1.5, upstreamModel: ' ' }))).toEqual([
      'enabled',
      'weight',
      'upstreamModel',
    ]);
  });

  test('a deleted one is gone by name, stays by id, and its slug is free', async () => {
    const { id, slug: name, provider: on, model: of } = await deployment();
    expect(valueOf(await changes.deleteDeployment(admin, id))).toEqual({ deletedId: id });
    expect(snapshot().deployments.bySlug.has(name)).toBe(false);
    expect(snapshot().deployments.byId.get(id)?.deleted).toBe(true);
    expect(errorOf(await changes.deleteDeployment(admin, id)).code).toBe('NOT_FOUND');
    expect(valueOf(await changes.createDeployment(admin, { provider: on.slug, model: of.slug })).id).not.toBe(id);
  });
});

describe('ids that are not there', () => {
  test.each(['', 'nonsense', '%', '\0', `' OR 1=1--`, newId('team'), newId('provider'), newId('model'), newId('deployment')])(
    '%p is NOT_FOUND everywhere',
    async (id) => {
      const results = await Promise.all([
        changes.updateProvider(admin, { id }),
        changes.deleteProvider(admin, id),
        changes.updateModel(admin, { id }),
        changes.updateDeployment(admin, { id }),
        changes.deleteDeployment(admin, id),
      ]);
      expect(results.map((result) => errorOf(result).code)).toEqual(results.map(() => 'NOT_FOUND'));
      expect(results.map((result) => errorOf(result).targetId)).toEqual(results.map(() => id));
    },
  );

  test('another organization’s are not there', async () => {
    const other = actorOf(await addOrganization(world, 'foreign'));
    await replica.catalogue.refresh();
    const on = await deployment();
    expect(errorOf(await changes.updateDeployment(other, { id: on.id, weight: 0 })).code).toBe('NOT_FOUND');
    expect(errorOf(await changes.deleteProvider(other, on.provider.id)).code).toBe('NOT_FOUND');
    expect(errorOf(await changes.updateModel(other, { id: on.model.id, name: 'x' })).code).toBe('NOT_FOUND');
    expect(pathsOf(await changes.createDeployment(other, { provider: on.provider.slug, model: on.model.slug }))).toEqual([
      'provider',
      'model',
    ]);
    expect(pathsOf(await changes.setPrice(other, { deployment: on.slug, price: tiersOf(INPUT) }))).toEqual(['deployment']);
  });
});

describe('the audit log', () => {
  test('has one row for each change, with what was before and after', async () => {
    const on = await deployment();
    valueOf(await changes.updateDeployment(admin, { id: on.id, weight: 7 }));
    valueOf(await changes.deleteDeployment(admin, on.id));
    const rows = (await auditRows(world)).filter((row) => row.target_id === on.id);
    expect(rows.map((row) => [row.action, row.before?.['weight'], row.after?.['weight'], row.actor])).toEqual([
      ['createDeployment', undefined, 1, admin.principal.apiKeyId],
      ['updateDeployment', 1, 7, admin.principal.apiKeyId],
      ['deleteDeployment', 7, undefined, admin.principal.apiKeyId],
    ]);
  });

  test('K5 tells of a credential its last four characters, and of headers their names', async () => {
    const { id } = await provider({ headers: { 'x-canary': 'header-canary-value' }, credential: { apiKey: 'sk-canary-0123456789wxyz' } });
    valueOf(await changes.updateProvider(admin, { id, credential: { apiKey: 'sk-canary-9876543210abcd' } }));
    valueOf(await changes.deleteProvider(admin, id));
    const rows = (await auditRows(world)).filter((row) => row.target_id === id);
    expect(rows.map((row) => (row.after?.['credential'] as { lastFour?: string } | undefined)?.lastFour)).toEqual([
      'wxyz',
      'abcd',
      undefined,
    ]);
    expect(JSON.stringify(rows)).not.toMatch(/sk-canary|header-canary/);
    expect((await dump(world)) + JSON.stringify(replica.logger.lines)).not.toContain('sk-canary');
  });
});
