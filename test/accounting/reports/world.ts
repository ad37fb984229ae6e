import fc from 'fast-check';
import type { DataSource } from 'typeorm';
import { bookingOf } from '../../../src/accounting/booking.js';
import { createLedgerStore } from '../../../src/accounting/ledger.store.js';
import { costOf, sumCosts } from '../../../src/accounting/price.js';
import type { Reports } from '../../../src/accounting/reports/contract.js';
import { createCostStore } from '../../../src/accounting/reports/costs.store.js';
import { createFeedbackStore } from '../../../src/accounting/reports/feedback.store.js';
import { createListingStore } from '../../../src/accounting/reports/listing.store.js';
import type { NameServed } from '../../../src/accounting/reports/matching.js';
import { createReports } from '../../../src/accounting/reports/reports.js';
import { createSettledFeed } from '../../../src/accounting/reports/settled-feed.js';
import { createUsageStore } from '../../../src/accounting/reports/usage.store.js';
import { sumUsage } from '../../../src/accounting/outcomes.js';
import { userError } from '../../../src/core/errors.js';
import { newId, uuidFromId } from '../../../src/core/ids.js';
import type { ApiKeyId, OrganizationId, TeamId } from '../../../src/core/ids.js';
import type { ExperimentSide, InferenceRecord, RoutingRecord, ServedBy } from '../../../src/core/inference.js';
import type { Price } from '../../../src/core/pricing.js';
import type { Principal } from '../../../src/core/principal.js';
import { NO_USAGE } from '../../../src/core/usage.js';
import { TASK_KINDS } from '../../../src/core/vocabulary.js';
import { createDataSource } from '../../../src/storage/data-source.js';
import { Deployment } from '../../../src/storage/entities/deployment.js';
import { Model } from '../../../src/storage/entities/model.js';
import { Organization } from '../../../src/storage/entities/organization.js';
import { Provider } from '../../../src/storage/entities/provider.js';
import { createUnitOfWork } from '../../../src/storage/unit-of-work.js';
import type { UnitOfWork } from '../../../src/storage/unit-of-work.js';
import { createTestDatabase } from '../../kit/database.js';
import { sampleAttempt, sampleRecord } from '../records.js';
import { anyClasses, anyTieredPrice, reported } from '../samples.js';

export const FRESH = new Date('2026-11-22T00:00:00Z');
/** What every test's records fall into, and nothing else. */
export const DAY = { from: new Date('2026-11-21T00:00:00Z'), to: new Date('2026-11-22T00:00:00Z') };

export interface Place extends ServedBy {
  readonly model: string;
  readonly provider: string;
  readonly deployment: string;
  readonly region: string | null;
}

export interface Books {
  readonly dataSource: DataSource;
  readonly work: UnitOfWork;
  readonly reports: Reports;
  readonly feed: ReturnType<typeof createSettledFeed>;
  readonly feedback: ReturnType<typeof createFeedbackStore>;
  /** A new organization with its catalogue: one test's books never mix with another's. */
  found(): Promise<Tenant>;
  book(...records: readonly InferenceRecord[]): Promise<void>;
  close(): Promise<void>;
}

export interface Tenant {
  readonly organizationId: OrganizationId;
  /** Two models, each at two providers. */
  readonly places: readonly [Place, Place, Place, Place];
  readonly teams: readonly [TeamId, TeamId];
  readonly keys: readonly [ApiKeyId, ApiKeyId];
  readonly reader: Principal;
  readerOf(teamId: TeamId): Principal;
  record(overrides?: Partial<InferenceRecord>): InferenceRecord;
}

export async function openBooks(): Promise<Books> {
  const database = await createTestDatabase();
  const dataSource = await createDataSource({ url: database.url, poolSize: 4 }).initialize();
  const work = createUnitOfWork(dataSource);
  const feed = createSettledFeed();
  const places = new Map<string, Place>();
  const nameServed: NameServed = (_organization, { deploymentId }) =>
    places.get(deploymentId) ?? { model: null, provider: null, deployment: null };
  const store = { ...createUsageStore(work), ...createCostStore(work), ...createListingStore(work) };
  return {
    ...{ dataSource, work, feed },
    reports: createReports({ store, feed, nameServed, freshAsOf: () => FRESH }),
    feedback: createFeedbackStore(work),
    async found() {
      const tenant = await foundTenant(work);
      for (const place of tenant.places) places.set(place.deploymentId, place);
      return tenant;
    },
    book: (...records) => createLedgerStore(work).insert(records.map((record) => bookingOf(record))),
    async close() {
      await dataSource.destroy();
      await database.drop();
    },
  };
}

async function foundTenant(work: UnitOfWork): Promise<Tenant> {
  const organizationId = newId('organization');
  const organization = uuidFromId(organizationId);
  const models = ['words', 'numbers'].map((slug) => ({ slug, id: newId('model') }));
  const providers = [
    { slug: 'north', id: newId('provider'), region: 'eu-north' },
    { slug: 'south', id: newId('provider'), region: null },
  ];
  const places = models.flatMap((model) =>
    providers.map((provider): Place => ({
      modelId: model.id,
      providerId: provider.id,
      deploymentId: newId('deployment'),
      model: model.slug,
      provider: provider.slug,
      deployment: `${provider.slug}.${model.slug}`,
      // One deployment has a region of its own.
      region: model.slug === 'numbers' && provider.slug === 'north' ? 'eu-far-north' : provider.region,
    })),
  );
  const [first, second, third, fourth] = places;
  if (!first || !second || !third || !fourth) throw new Error('unreachable');
  const common = { organizationId: organization, createdAt: new Date() };
  await work.asWriter(async (manager) => {
    await manager.insert(Organization, { id: organization, slug: organizationId, name: 'Books', createdAt: new Date() });
    for (const { slug, id } of models)
      await manager.insert(Model, { ...common, id: uuidFromId(id), slug, name: slug, vendor: 'v', operations: [], capabilities: [] });
    for (const { slug, id, region } of providers)
      await manager.insert(Provider, {
        ...common,
        ...{ slug, region, name: slug, wireFormat: 'OPENAI_CHAT', baseUrl: 'https://example.com/v1' },
        id: uuidFromId(id),
      });
    for (const place of places)
      await manager.insert(Deployment, {
        ...common,
        id: uuidFromId(place.deploymentId),
        providerId: uuidFromId(place.providerId),
        modelId: uuidFromId(place.modelId),
        slug: place.deployment,
        upstreamModel: place.model,
        region: place.region === 'eu-far-north' ? place.region : null,
      });
  });
  const reader: Principal = {
    organizationId,
    apiKeyId: newId('key'),
    teamId: null,
    permissions: new Set(['USAGE_READ']),
    models: null,
    tags: [],
    expiresAt: null,
  };
  return {
    organizationId,
    places: [first, second, third, fourth],
    teams: [newId('team'), newId('team')],
    keys: [newId('key'), newId('key')],
    reader,
    readerOf: (teamId) => ({ ...reader, teamId }),
    record: (overrides = {}) => sampleRecord({ organizationId, served: servedBy(first), ...overrides }),
  };
}

export function servedBy({ modelId, providerId, deploymentId }: ServedBy): ServedBy {
  return { modelId, providerId, deploymentId };
}

/** Usage and cost as the pipeline would settle them: the sum over the attempts. */
export function billed(record: InferenceRecord, price: Price | null, inputs: readonly number[]): InferenceRecord {
  const served = record.served;
  const attempts = inputs.map((input, index) => {
    const usage = reported({ input, output: index });
    return sampleAttempt({ index, usage, cost: costOf(usage, price), ...(served ? { served } : {}) });
  });
  return withBill({ ...record, attempts });
}

function withBill(record: InferenceRecord): InferenceRecord {
  const usages = record.attempts.flatMap(({ usage }) => usage ?? []);
  const costs = record.attempts.flatMap(({ cost }) => cost ?? []);
  return { ...record, usage: usages.length === 0 ? NO_USAGE : sumUsage(usages), cost: sumCosts(costs) };
}

/** A decision for a route whose chosen target stands on a side of an experiment, where one is named. */
export function routed(route: string | null, version: number, side?: ExperimentSide & { readonly at: ServedBy }): RoutingRecord {
  const target = side && { deploymentId: side.at.deploymentId, experiment: { name: side.name, branch: side.branch } };
  const candidates = target ? [{ ...target, chosen: true, score: null, excluded: null }] : [];
  return { route, routeVersion: route === null ? null : version, seed: 'seed', steps: [], candidates };
}

const names = fc.constantFrom('anna', 'ben', '', 'ß"\\', '{"a":1}', '\0half \ud83d');
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: null });

/** A record of this tenant, within DAY: every dimension takes few values, so that groups hold several. */
export function anyRecordOf(tenant: Tenant): fc.Arbitrary<InferenceRecord> {
  const attempt = fc
    .record({ classes: anyClasses, price: maybe(anyTieredPrice), place: fc.constantFrom(...tenant.places), failed: fc.boolean() })
    .map(({ classes, price, place, failed }) => {
      const usage = reported(classes);
      return sampleAttempt({ usage, cost: costOf(usage, price), served: servedBy(place), status: failed ? 'FAILED' : 'SUCCEEDED' });
    });
  return fc
    .record({
      attempts: fc.array(attempt, { maxLength: 3 }),
      served: maybe(fc.constantFrom(...tenant.places)),
      status: fc.constantFrom('SUCCEEDED', 'FAILED', 'CANCELLED', 'BLOCKED'),
      requestedModel: fc.constantFrom('words', 'north/words', 'nonsense'),
      teamId: maybe(fc.constantFrom(...tenant.teams)),
      apiKeyId: fc.constantFrom(...tenant.keys),
      user: maybe(names),
      sessionId: maybe(names),
      task: maybe(fc.constantFrom(...TASK_KINDS)),
      tags: fc.array(fc.record({ key: fc.constantFrom('feature', 'customer'), value: names }), { maxLength: 3 }),
      errorCode: maybe(fc.constantFrom('PROVIDER_FAILED', 'CANCELLED')),
      cacheStatus: fc.constantFrom('OFF', 'HIT', 'MISS'),
      route: fc.constantFrom(null, 'main', 'side'),
      version: fc.constantFrom(1, 2),
      side: maybe(
        fc.record({ name: fc.constantFrom('tone', 'size'), branch: fc.constantFrom('a', 'b'), at: fc.constantFrom(...tenant.places) }),
      ),
      minute: fc.nat(24 * 60 - 1),
      totalMs: maybe(fc.integer({ min: 0, max: 10_000 })),
    })
    .map(({ errorCode, minute, totalMs, served, attempts, route, version, side, ...rest }) =>
      withBill(
        tenant.record({
          ...rest,
          attempts: attempts.map((one, index) => ({ ...one, index, id: newId('attempt') })),
          id: newId('completion'),
          routing: routed(route, version, side ?? undefined),
          served: served && servedBy(served),
          error: errorCode && userError(errorCode),
          createdAt: new Date(DAY.from.getTime() + minute * 60_000),
          timing: { queuedMs: 0, gatewayMs: 1, firstTokenMs: null, totalMs },
        }),
      ),
    );
}
