import { IsNull } from 'typeorm';
import type { EntityManager } from 'typeorm';
import type { Result } from '../core/errors.js';
import { uuidFromId } from '../core/ids.js';
import type { DeploymentId, ModelId, ProviderId } from '../core/ids.js';
import { isSlug } from '../core/input-checks.js';
import type { RouteVersion } from '../core/routes.js';
import type { PayloadStorage } from '../core/payload-storage.js';
import { runChange } from '../storage/audit.store.js';
import type { Audit, ChangeContext } from '../storage/audit.store.js';
import { Deployment } from '../storage/entities/deployment.js';
import { Model } from '../storage/entities/model.js';
import { Organization } from '../storage/entities/organization.js';
import { Price } from '../storage/entities/price.js';
import { Provider } from '../storage/entities/provider.js';
import type { UnitOfWork } from '../storage/unit-of-work.js';
import { fromDeployment, fromModel, fromPrice, fromProvider, toDeployment, toModel, toProvider } from './rows.store.js';
import { readRoutes, saveVersion } from './route-rows.store.js';
import type { StoredDeployment, StoredModel, StoredPrice, StoredProvider, StoredRoute } from './stored.js';

export type RouteIdentity = Pick<StoredRoute, 'id' | 'organizationId' | 'slug' | 'createdAt'>;

/** What one change may read and write, all in its organization. What was deleted is not found. */
export interface CatalogueTransaction {
  readonly audit: Audit;
  provider(by: { readonly id: ProviderId } | { readonly slug: string }): Promise<StoredProvider | null>;
  model(by: { readonly id: ModelId } | { readonly slug: string }): Promise<StoredModel | null>;
  deployment(by: { readonly id: DeploymentId } | { readonly slug: string }): Promise<StoredDeployment | null>;
  countDeployments(providerId: ProviderId): Promise<number>;
  saveProvider(provider: StoredProvider): Promise<void>;
  saveModel(model: StoredModel): Promise<void>;
  saveDeployment(deployment: StoredDeployment): Promise<void>;
  insertPrice(price: StoredPrice): Promise<void>;
  route(slug: string): Promise<StoredRoute | null>;
  saveRouteVersion(route: RouteIdentity, version: RouteVersion): Promise<void>;
  payloadStorage(): Promise<PayloadStorage>;
  savePayloadStorage(storage: PayloadStorage): Promise<void>;
}

export interface CatalogueChangeStore {
  change<T>(context: ChangeContext, run: (transaction: CatalogueTransaction) => Promise<Result<T>>): Promise<Result<T>>;
}

export function createCatalogueChangeStore(unitOfWork: UnitOfWork): CatalogueChangeStore {
  return {
    change: (context, run) =>
      runChange(unitOfWork, context, (manager, audit) => run(createTransaction(manager, audit, uuidFromId(context.organizationId)))),
  };
}

function createTransaction(manager: EntityManager, audit: Audit, organizationId: string): CatalogueTransaction {
  const live = (by: { readonly id: ProviderId | ModelId | DeploymentId } | { readonly slug: string }) => ({
    organizationId,
    deletedAt: IsNull(),
    ...('id' in by ? { id: uuidFromId(by.id) } : { slug: by.slug }),
  });
  return {
    audit,
    async provider(by) {
      const row = isNameable(by) ? await manager.findOneBy(Provider, live(by)) : null;
      return row && toProvider(row);
    },
    async model(by) {
      const row = isNameable(by) ? await manager.findOneBy(Model, live(by)) : null;
      return row && toModel(row);
    },
    async deployment(by) {
      const row = isNameable(by) ? await manager.findOneBy(Deployment, live(by)) : null;
      return row && toDeployment(row);
    },
    countDeployments: (providerId) =>
      manager.countBy(Deployment, { organizationId, deletedAt: IsNull(), providerId: uuidFromId(providerId) }),
    async saveProvider(provider) {
      await manager.save(fromProvider(provider));
    },
    async saveModel(model) {
      await manager.upsert(Model, fromModel(model), ['id']);
    },
    async saveDeployment(deployment) {
      await manager.upsert(Deployment, fromDeployment(deployment), ['id']);
    },
    route: async (slug) => (isSlug(slug) ? ((await readRoutes(manager, { organizationId, slug }))[0] ?? null) : null),
    saveRouteVersion: (route, version) => saveVersion(manager, route, version),
    async insertPrice(price) {
      await manager.insert(Price, fromPrice(price));
    },
    ...createOrganizationAccess(manager, organizationId),
  };
}

function createOrganizationAccess(manager: EntityManager, id: string): Pick<CatalogueTransaction, 'payloadStorage' | 'savePayloadStorage'> {
  return {
    async payloadStorage() {
      const row = await manager.findOneByOrFail(Organization, { id });
      return { mode: row.payloadStorageMode, retentionDays: row.payloadStorageRetentionDays };
    },
    async savePayloadStorage({ mode, retentionDays }) {
      await manager.update(Organization, { id }, { payloadStorageMode: mode, payloadStorageRetentionDays: retentionDays });
    },
  };
}

/** What is no slug names nothing; some of it (a NUL) Postgres would not even take as text. */
function isNameable(by: { readonly id: string } | { readonly slug: string }): boolean {
  return 'id' in by || isSlug(by.slug);
}
