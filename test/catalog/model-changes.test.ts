import { afterAll, describe, expect, test } from '@jest/globals';
import type { PriceInput } from '../../src/catalog/contract.js';
import { formatUsd } from '../../src/core/money.js';
import { INPUT, openDesk, tiersOf } from './desk.js';
import { actorOf, addOrganization, errorOf, pathsOf, valueOf } from './world.js';

const desk = await openDesk();
const { admin, changes, deployment, model, replica, slug, snapshot, world } = desk;

afterAll(() => desk.world.close());

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
    const refuse = async () => {
      const input = { slug: 'A', name: '', vendor: '', operations: [], contextWindow: 0, maxOutputTokens: -1, price: { tiers: [] } };
      const paths = ['slug', 'name', 'vendor', 'operations', 'contextWindow', 'maxOutputTokens', 'price.tiers'];
      expect(pathsOf(await changes.createModel(admin, input))).toEqual(paths);
    };
    expect(await desk.leavesNothing(refuse)).toBe(true);
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
    for (const name of ['nope', '\0', ''])
      expect(pathsOf(await changes.setPrice(admin, { price, deployment: name }))).toEqual(['deployment']);
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
