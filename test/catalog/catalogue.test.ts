import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createCatalogue } from '../../src/catalog/catalogue.js';
import { createCatalogueStore } from '../../src/catalog/catalogue.store.js';
import { assembleSnapshots, SANDBOX_BASE_URL } from '../../src/catalog/snapshot.js';
import type { SandboxSettings } from '../../src/catalog/snapshot.js';
import type { StoredCatalogue, StoredDeployment, StoredModel, StoredProvider } from '../../src/catalog/stored.js';
import { isServing } from '../../src/core/catalogue.js';
import { newId, uuidFromId } from '../../src/core/ids.js';
import { NO_PAYLOAD_STORAGE } from '../../src/core/payload-storage.js';
import type { OrganizationId } from '../../src/core/ids.js';
import { collectingLogger } from '../kit/logger.js';
import { withRoom } from '../kit/room.js';
import { actorOf, addOrganization, cipher, openReplica, openWorld, SANDBOX_URL, start, valueOf } from './world.js';
import type { World } from './world.js';

const AT = new Date('2026-11-01T00:00:00Z');
const organizationId = newId('organization');
const record = { organizationId, createdAt: AT, deletedAt: null };

const provider = (slug: string, more: Partial<StoredProvider> = {}): StoredProvider => ({
  ...record,
  id: newId('provider'),
  slug,
  name: slug,
  preset: null,
  wireFormat: 'OPENAI_CHAT',
  baseUrl: 'https://upstream.test/v1',
  region: null,
  headers: {},
  credential: null,
  credentialFromEnvironment: false,
  allowPrivateNetwork: false,
  tls: null,
  healthCheckSeconds: null,
  enabled: true,
  ...more,
});
const model = (slug: string): StoredModel => ({
  ...record,
  id: newId('model'),
  slug,
  name: slug,
  vendor: 'v',
  operations: ['COMPLETION'],
  capabilities: [],
  contextWindow: null,
  maxOutputTokens: null,
  deprecatedOn: null,
});
const deployment = (on: { provider: StoredProvider; model: StoredModel }, more: Partial<StoredDeployment> = {}): StoredDeployment => ({
  ...record,
  id: newId('deployment'),
  slug: newId('deployment'),
  providerId: on.provider.id,
  modelId: on.model.id,
  upstreamModel: 'm',
  region: null,
  weight: 1,
  enabled: true,
  onCancel: 'ABORT',
  structuredOutputRepair: false,
  ...more,
});

function snapshotOf(rows: Partial<StoredCatalogue>, sandbox: SandboxSettings = { mode: 'auto', baseUrl: SANDBOX_URL }) {
  const organizations = [{ id: organizationId, slug: 'default', name: 'Default', payloadStorage: NO_PAYLOAD_STORAGE }];
  const stored = { version: 3, organizations, providers: [], models: [], deployments: [], prices: [], routes: [], ...rows };
  const snapshot = assembleSnapshots(stored, { sandbox, openCredential: () => null, openTls: () => null }).get(organizationId);
  if (!snapshot) throw new Error('no snapshot');
  return snapshot;
}

describe('a snapshot', () => {
  test('has the highest weight first, then the oldest', () => {
    const on = { provider: provider('p'), model: model('m') };
    const later = new Date('2026-11-02T00:00:00Z');
    const [young, old, heavy] = [deployment(on, { createdAt: later }), deployment(on), deployment(on, { createdAt: later, weight: 2 })];
    const snapshot = snapshotOf({ providers: [on.provider], models: [on.model], deployments: [young, old, heavy] });
    const order = [heavy.id, old.id, young.id];
    expect(snapshot.models.bySlug.get('m')?.deployments.map(({ id }) => id)).toEqual(order);
    expect(snapshot.providers.bySlug.get('p')?.deployments.map(({ id }) => id)).toEqual(order);
  });

  test('finds what was deleted by id only, and routes nothing there', () => {
    const on = { provider: provider('p'), model: model('m') };
    const gone = deployment(on, { slug: 'gone', deletedAt: AT });
    const snapshot = snapshotOf({ providers: [on.provider], models: [on.model], deployments: [gone] });
    expect(snapshot.deployments.byId.get(gone.id)).toMatchObject({ deleted: true, slug: 'gone' });
    expect(snapshot.deployments.bySlug.has('gone')).toBe(false);
    expect(snapshot.deployments.all).toEqual([]);
    expect(snapshot.models.bySlug.get('m')?.deployments).toEqual([]);
  });

  test('a slug that was taken again names the live one', () => {
    const [gone, live] = [provider('p', { deletedAt: AT }), provider('p')];
    expect(snapshotOf({ providers: [live, gone] }).providers.bySlug.get('p')?.id).toBe(live.id);
  });

  test('can not be changed', () => {
    const on = { provider: provider('p', { headers: { 'x-a': '1' } }), model: model('m') };
    const snapshot = snapshotOf({ providers: [on.provider], models: [on.model], deployments: [deployment(on, { slug: 'd' })] });
    const parts = [
      snapshot,
      snapshot.organization,
      snapshot.providers,
      snapshot.providers.all,
      snapshot.providers.bySlug.get('p'),
      snapshot.providers.bySlug.get('p')?.headers,
      snapshot.providers.bySlug.get('p')?.deployments,
      snapshot.models.bySlug.get('m'),
      snapshot.models.bySlug.get('m')?.operations,
      snapshot.models.bySlug.get('m')?.prices,
      snapshot.deployments.bySlug.get('d'),
    ];
    for (const part of parts) expect(Object.isFrozen(part)).toBe(true);
  });

  test('a torn reading leaves out what hangs in the air', () => {
    const on = { provider: provider('p'), model: model('m') };
    expect(snapshotOf({ models: [on.model], deployments: [deployment(on)] }).deployments.byId.size).toBe(0);
  });
});

describe('the sandbox', () => {
  const served = (settings: SandboxSettings, ...others: StoredProvider[]) => {
    const on = { provider: provider('sandbox', { baseUrl: SANDBOX_BASE_URL }), model: model('sandbox') };
    const snapshot = snapshotOf(
      { providers: [on.provider, ...others], models: [on.model], deployments: [deployment(on, { slug: 's' })] },
      settings,
    );
    const found = snapshot.deployments.bySlug.get('s');
    return found !== undefined && isServing(found);
  };
  const auto: SandboxSettings = { mode: 'auto', baseUrl: SANDBOX_URL };

  test.each<[string, SandboxSettings, StoredProvider[], boolean]>([
    ['auto: alone', auto, [], true],
    ['auto: beside an enabled provider', auto, [provider('p')], false],
    ['auto: beside a disabled one', auto, [provider('p', { enabled: false })], true],
    ['auto: beside a deleted one', auto, [provider('p', { deletedAt: AT })], true],
    ['on: beside an enabled one', { ...auto, mode: 'on' }, [provider('p')], true],
    ['off: alone', { ...auto, mode: 'off' }, [], false],
    ['on, but no stand-in here', { mode: 'on', baseUrl: null }, [], false],
  ])('%s', (_name, settings, others, expected) => {
    expect(served(settings, ...others)).toBe(expected);
  });
});

describe('refresh', () => {
  const empty: StoredCatalogue = { version: 1, organizations: [], providers: [], models: [], deployments: [], prices: [], routes: [] };

  /** Reads that the test ends one by one. */
  function gated() {
    const ends: ((error?: Error) => void)[] = [];
    const store = {
      read: () =>
        new Promise<StoredCatalogue>((resolve, reject) => {
          const version = ends.length + 1;
          ends.push((error) => (error ? reject(error) : resolve({ ...empty, version })));
        }),
    };
    const catalogue = createCatalogue({ store, cipher, sandbox: { mode: 'off', baseUrl: null }, logger: collectingLogger() });
    const turn = () => new Promise((resolve) => setImmediate(resolve));
    return { catalogue, ends, turn };
  }

  test('who calls during a reading shares the next one, which began after the call', async () => {
    const { catalogue, ends, turn } = gated();
    const first = catalogue.refresh();
    const later = [catalogue.refresh(), catalogue.refresh(), catalogue.refresh()];
    expect(ends).toHaveLength(1);
    ends[0]?.();
    await first;
    await turn();
    later.push(catalogue.refresh());
    expect(ends).toHaveLength(2);
    ends[1]?.();
    await Promise.all(later.slice(0, 3));
    expect(catalogue.version()).toBe(2);
    await turn();
    ends[2]?.();
    await later[3];
    expect(catalogue.version()).toBe(3);
  });

  test('a failed reading keeps what was there, fails its callers only, and the next one works', async () => {
    const { catalogue, ends, turn } = gated();
    const loaded = catalogue.refresh();
    ends[0]?.();
    await loaded;
    const failing = catalogue.refresh();
    const next = catalogue.refresh();
    ends[1]?.(new Error('away'));
    await expect(failing).rejects.toThrow('away');
    expect(catalogue.version()).toBe(1);
    await turn();
    ends[2]?.();
    await next;
    expect(catalogue.version()).toBe(3);
  });

  test('an organization that is not loaded is SERVICE_UNAVAILABLE', () => {
    const { catalogue } = gated();
    expect(() => catalogue.snapshot(organizationId)).toThrow(expect.objectContaining({ code: 'SERVICE_UNAVAILABLE' }));
  });
});

describe('over a real database', () => {
  let world: World;
  let home: OrganizationId;

  beforeAll(async () => {
    world = await openWorld();
    ({ organizationId: home } = await start(world));
  });

  afterAll(() => world.close());

  test('a change made on one replica is read by another in under 1 s', async () => {
    const [one, two] = [await openReplica(world), await openReplica(world)];
    const began = performance.now();
    valueOf(await one.changes.createModel(actorOf(home), { slug: 'new-model', vendor: 'v' }));
    expect(one.catalogue.snapshot(home).models.bySlug.has('new-model')).toBe(true);
    await two.catalogue.refresh();
    expect(two.catalogue.snapshot(home).models.bySlug.has('new-model')).toBe(true);
    expect(performance.now() - began).toBeLessThan(withRoom(1_000));
  });

  test('a request keeps the snapshot it began with', async () => {
    const { catalogue, changes } = await openReplica(world);
    const before = catalogue.snapshot(home);
    valueOf(await changes.createModel(actorOf(home), { slug: 'later-model', vendor: 'v' }));
    expect(before.models.bySlug.has('later-model')).toBe(false);
    expect(catalogue.snapshot(home)).not.toBe(before);
    expect(catalogue.snapshot(home).version).toBeGreaterThan(before.version);
  });

  test('a credential moved to another record or tenant does not open, is told once, and harms no other', async () => {
    const other = await addOrganization(world);
    const { changes } = await openReplica(world);
    const input = {
      wireFormat: 'OPENAI_CHAT',
      baseUrl: 'https://upstream.test/v1',
      credential: { apiKey: 'sk-stolen-0123456789' },
    } as const;
    const mine = valueOf(await changes.createProvider(actorOf(home), { ...input, slug: 'mine' }));
    const record2 = valueOf(
      await changes.createProvider(actorOf(home), { ...input, slug: 'record', credential: { apiKey: 'sk-other-0123456789' } }),
    );
    const tenant = valueOf(
      await changes.createProvider(actorOf(other), { ...input, slug: 'tenant', credential: { apiKey: 'sk-third-0123456789' } }),
    );
    await world.dataSource.query('UPDATE provider SET credential = (SELECT credential FROM provider WHERE id = $1) WHERE id = ANY($2)', [
      uuidFromId(mine.id),
      [uuidFromId(record2.id), uuidFromId(tenant.id)],
    ]);
    const { catalogue, logger } = await openReplica(world);
    await catalogue.refresh();
    expect(catalogue.snapshot(home).providers.byId.get(mine.id)?.credential?.apiKey?.reveal()).toBe('sk-stolen-0123456789');
    expect(catalogue.snapshot(home).providers.byId.get(record2.id)?.credential).toBeNull();
    expect(catalogue.snapshot(other).providers.byId.get(tenant.id)?.credential).toBeNull();
    expect(logger.messages('error')).toHaveLength(2);
    expect(JSON.stringify(logger.lines)).not.toContain('sk-');
  });

  test('a price that is no exact money counts as none', async () => {
    const { changes } = await openReplica(world);
    const price = { tiers: [{ rates: [{ component: 'INPUT' as const, amount: '1' }] }] };
    const made = valueOf(await changes.createModel(actorOf(home), { slug: 'odd-price', vendor: 'v', price }));
    expect(made.prices).toHaveLength(1);
    await world.dataSource.query(`UPDATE price SET tiers = replace(tiers::text, '"1"', '"1e3"')::jsonb WHERE model_id = $1`, [
      uuidFromId(made.id),
    ]);
    const { catalogue, logger } = await openReplica(world);
    expect(catalogue.snapshot(home).models.byId.get(made.id)?.prices).toEqual([]);
    expect(logger.messages('error')).toContain('a stored price is unreadable and does not count');
  });

  test('the store reads the whole seeded catalogue in well under a second', async () => {
    const store = createCatalogueStore(world.unitOfWork, collectingLogger());
    const began = performance.now();
    const stored = await store.read();
    expect(stored.models.length).toBeGreaterThan(100);
    expect(performance.now() - began).toBeLessThan(withRoom(1_000));
  });
});
