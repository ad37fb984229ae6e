import { In } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { idFromUuid, uuidFromId } from '../core/ids.js';
import type { OrganizationId } from '../core/ids.js';
import type { Secret } from '../core/secret.js';
import { lockOrganization, writeAuditEntry } from '../storage/audit.store.js';
import type { Audit } from '../storage/audit.store.js';
import { bumpConfigurationVersion } from '../storage/change-notices.js';
import { Deployment } from '../storage/entities/deployment.js';
import { Installation } from '../storage/entities/installation.js';
import { Model } from '../storage/entities/model.js';
import { Organization } from '../storage/entities/organization.js';
import { Price } from '../storage/entities/price.js';
import { Provider } from '../storage/entities/provider.js';
import { Route } from '../storage/entities/route.js';
import type { UnitOfWork } from '../storage/unit-of-work.js';
import { fromDeployment, fromModel, fromPrice, fromProvider, toModel, toProvider } from './rows.store.js';
import type { StoredDeployment, StoredModel, StoredOrganization, StoredPrice, StoredProvider } from './stored.js';

/** Makes sure, inside the seeding transaction, that an administrator can get in. `first`: nobody could yet. */
export type GrantAdminKey = (
  manager: EntityManager,
  request: { readonly organizationId: OrganizationId; readonly first: boolean; readonly at: Date },
) => Promise<AdminKeyGrant>;

export interface AdminKeyGrant {
  readonly changed: boolean;
  /** A key that was made now and is told this once; null where it came from outside, or none was needed. */
  readonly generated: Secret | null;
}

/** What start-up may read and write, as the writer. */
export interface SeedTransaction {
  /** Null before the first start has ended. */
  seededAt(): Promise<Date | null>;
  markSeeded(at: Date): Promise<void>;
  organization(slug: string): Promise<StoredOrganization | null>;
  insertOrganization(organization: StoredOrganization, at: Date): Promise<void>;
  lock(organizationId: OrganizationId): Promise<void>;
  grantAdminKey(request: { readonly organizationId: OrganizationId; readonly first: boolean; readonly at: Date }): Promise<AdminKeyGrant>;
  /** Deleted ones too, the newest first. */
  providers(organizationId: OrganizationId, slug: string): Promise<readonly StoredProvider[]>;
  models(organizationId: OrganizationId, slugs: readonly string[]): Promise<readonly StoredModel[]>;
  /** Which of these are slugs of routes. */
  routeSlugs(organizationId: OrganizationId, slugs: readonly string[]): Promise<ReadonlySet<string>>;
  saveProvider(provider: StoredProvider): Promise<void>;
  insertModels(models: readonly StoredModel[]): Promise<void>;
  insertDeployments(deployments: readonly StoredDeployment[]): Promise<void>;
  insertPrices(prices: readonly StoredPrice[]): Promise<void>;
  audit(organizationId: OrganizationId, at: Date): Audit;
  /** Tells every replica that the configuration changed. */
  announce(): Promise<void>;
}

export interface SeedStore {
  /** One process at a time. */
  run<T>(work: (transaction: SeedTransaction) => Promise<T>): Promise<T>;
}

/** Any number that nothing else in the database uses. */
const SEED_LOCK = '7452729235434693993';

export function createSeedStore(unitOfWork: UnitOfWork, grantAdminKey: GrantAdminKey): SeedStore {
  return {
    run: (work) =>
      unitOfWork.asWriter(async (manager) => {
        await manager.query('SELECT pg_advisory_xact_lock($1::bigint)', [SEED_LOCK]);
        return work(createTransaction(manager, grantAdminKey));
      }),
  };
}

function createTransaction(manager: EntityManager, grantAdminKey: GrantAdminKey): SeedTransaction {
  return {
    ...createRecordWriter(manager),
    async seededAt() {
      const installation = await manager.findOneByOrFail(Installation, { id: 1 });
      return installation.seededAt;
    },
    async markSeeded(at) {
      await manager.update(Installation, { id: 1 }, { seededAt: at });
    },
    async organization(slug) {
      const row = await manager.findOneBy(Organization, { slug });
      return row && { id: idFromUuid('organization', row.id), slug: row.slug, name: row.name };
    },
    async insertOrganization({ id, slug, name }, at) {
      await manager.insert(Organization, { id: uuidFromId(id), slug, name, createdAt: at });
    },
    lock: (organizationId) => lockOrganization(manager, organizationId),
    grantAdminKey: (request) => grantAdminKey(manager, request),
    async providers(organizationId, slug) {
      const where = { organizationId: uuidFromId(organizationId), slug };
      return (await manager.find(Provider, { where, order: { createdAt: 'DESC', id: 'DESC' } })).map(toProvider);
    },
    async models(organizationId, slugs) {
      const rows = await manager.findBy(Model, { organizationId: uuidFromId(organizationId), slug: In([...slugs]) });
      return rows.map(toModel).filter((model) => model.deletedAt === null);
    },
    async routeSlugs(organizationId, slugs) {
      const rows = await manager.findBy(Route, { organizationId: uuidFromId(organizationId), slug: In([...slugs]) });
      return new Set(rows.map(({ slug }) => slug));
    },
    audit: (organizationId, at) => (change) => writeAuditEntry(manager, { organizationId, actor: null, at }, change),
    async announce() {
      await bumpConfigurationVersion(manager);
    },
  };
}

type RecordWriter = Pick<SeedTransaction, 'saveProvider' | 'insertModels' | 'insertDeployments' | 'insertPrices'>;

function createRecordWriter(manager: EntityManager): RecordWriter {
  return {
    async saveProvider(provider) {
      await manager.save(fromProvider(provider));
    },
    async insertModels(models) {
      await manager.insert(Model, models.map(fromModel));
    },
    async insertDeployments(deployments) {
      await manager.insert(Deployment, deployments.map(fromDeployment));
    },
    async insertPrices(prices) {
      await manager.insert(Price, prices.map(fromPrice));
    },
  };
}
