import type {
  CatalogueSnapshot,
  Deployment,
  Directory,
  Model,
  Organization,
  Provider,
  ProviderCredential,
  ProviderTls,
} from '../core/catalogue.js';
import type { OrganizationId } from '../core/ids.js';
import type { Price } from '../core/pricing.js';
import type { Route } from '../core/routes.js';
import type { StoredCatalogue, StoredDeployment, StoredModel, StoredProvider, StoredRoute } from './stored.js';

/** In the place of an address: the stand-in upstream of whichever process loads it. */
export const SANDBOX_BASE_URL = 'sandbox:';

export interface SandboxSettings {
  /** `auto`: served while no other provider is enabled. */
  readonly mode: 'auto' | 'on' | 'off';
  /** This process's stand-in, null where there is none. */
  readonly baseUrl: string | null;
}

export interface SnapshotContext {
  readonly sandbox: SandboxSettings;
  /** Null where there is none, or none that can be read. */
  readonly openCredential: (provider: StoredProvider) => ProviderCredential | null;
  readonly openTls: (provider: StoredProvider) => ProviderTls | null;
}

type Mutable<T extends { deployments: unknown }> = Omit<T, 'deployments'> & { deployments: Deployment[] };

/** The immutable snapshots of all organizations, from one reading. */
export function assembleSnapshots(stored: StoredCatalogue, context: SnapshotContext): ReadonlyMap<OrganizationId, CatalogueSnapshot> {
  const groups = {
    providers: groupBy(stored.providers, (row) => row.organizationId),
    models: groupBy(stored.models, (row) => row.organizationId),
    deployments: groupBy(stored.deployments, (row) => row.organizationId),
    routes: groupBy(stored.routes, (row) => row.organizationId),
  };
  const prices = pricesByOwner(stored);
  const snapshots = stored.organizations.map((organization) => {
    const rows = {
      organization,
      version: stored.version,
      providers: groups.providers.get(organization.id) ?? [],
      models: groups.models.get(organization.id) ?? [],
      deployments: groups.deployments.get(organization.id) ?? [],
      routes: groups.routes.get(organization.id) ?? [],
      prices,
    };
    return [organization.id, assemble(rows, context)] as const;
  });
  return new Map(snapshots);
}

interface OrganizationRows {
  readonly organization: Organization;
  readonly version: number;
  readonly providers: readonly StoredProvider[];
  readonly models: readonly StoredModel[];
  readonly deployments: readonly StoredDeployment[];
  readonly routes: readonly StoredRoute[];
  readonly prices: ReadonlyMap<string, readonly Price[]>;
}

function assemble(rows: OrganizationRows, context: SnapshotContext): CatalogueSnapshot {
  const { organization, version, prices } = rows;
  const othersServe = rows.providers.some((row) => row.baseUrl !== SANDBOX_BASE_URL && row.enabled && row.deletedAt === null);
  const providers = rows.providers.map((row) => toProvider(row, context, othersServe));
  const models = rows.models.map((row) => toModel(row, prices.get(row.id) ?? NO_PRICES));
  const providersById = new Map(providers.map((provider) => [provider.id, provider]));
  const modelsById = new Map(models.map((model) => [model.id, model]));
  const deployments: Deployment[] = [];
  for (const row of [...rows.deployments].sort(byWeightThenAge)) {
    const provider = providersById.get(row.providerId);
    const model = modelsById.get(row.modelId);
    // A reading torn by a concurrent change may lack one of them; the next reading has both.
    if (!provider || !model) continue;
    const deployment = Object.freeze({ ...toDeployment(row), provider, model, prices: prices.get(row.id) ?? NO_PRICES });
    deployments.push(deployment);
    if (deployment.deleted) continue;
    provider.deployments.push(deployment);
    model.deployments.push(deployment);
  }
  return Object.freeze({
    organizationId: organization.id,
    version,
    organization: Object.freeze({ ...organization }),
    providers: directory<Provider>(providers.map(freezeWithDeployments)),
    models: directory<Model>(models.map(freezeWithDeployments)),
    deployments: directory<Deployment>(deployments),
    routes: directory<Route>(rows.routes.flatMap(toRoute)),
  });
}

const NO_PRICES: readonly Price[] = Object.freeze([]);

function toProvider(row: StoredProvider, context: SnapshotContext, othersServe: boolean): Mutable<Provider> {
  const { id, slug, name, preset, wireFormat, region, healthCheckSeconds } = row;
  const headers = Object.freeze({ ...row.headers });
  const plain = { id, slug, name, preset, wireFormat, region, headers, healthCheckSeconds };
  const common = { ...plain, deleted: row.deletedAt !== null, deployments: [] };
  if (row.baseUrl !== SANDBOX_BASE_URL) {
    const { baseUrl, allowPrivateNetwork, enabled } = row;
    return { ...common, baseUrl, allowPrivateNetwork, enabled, credential: context.openCredential(row), tls: context.openTls(row) };
  }
  const { mode, baseUrl } = context.sandbox;
  const wanted = mode === 'on' || (mode === 'auto' && !othersServe);
  const enabled = row.enabled && wanted && baseUrl !== null;
  return { ...common, baseUrl: baseUrl ?? SANDBOX_BASE_URL, allowPrivateNetwork: true, enabled, credential: context.openCredential(row) };
}

function toModel(row: StoredModel, prices: readonly Price[]): Mutable<Model> {
  const { id, slug, name, vendor, contextWindow, maxOutputTokens, deprecatedOn } = row;
  const words = { operations: Object.freeze([...row.operations]), capabilities: new Set(row.capabilities) };
  const limits = { contextWindow, maxOutputTokens, deprecatedOn };
  return { id, slug, name, vendor, ...words, ...limits, prices, deleted: row.deletedAt !== null, deployments: [] };
}

function toDeployment(row: StoredDeployment) {
  const { id, slug, upstreamModel, region, weight, enabled, onCancel, structuredOutputRepair } = row;
  const settings = { weight, enabled, onCancel, structuredOutputRepair };
  return { id, slug, upstreamModel, region, ...settings, deleted: row.deletedAt !== null };
}

function toRoute({ id, slug, currentVersion, versions }: StoredRoute): readonly Route[] {
  const current = versions.find(({ version }) => version === currentVersion);
  return current ? [Object.freeze({ id, slug, current, versions, deleted: false })] : [];
}

/** The highest weight first, then the oldest; ids are ordered by time. */
function byWeightThenAge(left: StoredDeployment, right: StoredDeployment): number {
  const byAge = left.createdAt.getTime() - right.createdAt.getTime() || (left.id < right.id ? -1 : 1);
  return right.weight - left.weight || byAge;
}

function freezeWithDeployments<T extends { deployments: Deployment[] }>(record: T): T {
  Object.freeze(record.deployments);
  return Object.freeze(record);
}

function directory<T extends { readonly id: string; readonly slug: string; readonly deleted: boolean }>(
  records: readonly T[],
): Directory<T['id'], T> {
  const live = records.filter((record) => !record.deleted).sort((left, right) => (left.slug < right.slug ? -1 : 1));
  return Object.freeze({
    byId: new Map(records.map((record) => [record.id, record])),
    bySlug: new Map(live.map((record) => [record.slug, record])),
    all: Object.freeze(live),
  });
}

function pricesByOwner(stored: StoredCatalogue): ReadonlyMap<string, readonly Price[]> {
  const owned = groupBy(stored.prices, ({ owner }) => ('modelId' in owner ? owner.modelId : owner.deploymentId));
  return new Map([...owned].map(([owner, rows]) => [owner, Object.freeze(rows.map((row) => Object.freeze(row.price)))]));
}

function groupBy<T, K>(rows: readonly T[], keyOf: (row: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const row of rows) {
    const group = groups.get(keyOf(row));
    if (group) group.push(row);
    else groups.set(keyOf(row), [row]);
  }
  return groups;
}
