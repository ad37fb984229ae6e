import type { EntityManager } from 'typeorm';
import { idFromUuid } from '../core/ids.js';
import type { Logger } from '../core/logger.js';
import { ConfigurationVersion } from '../storage/entities/configuration-version.js';
import { Deployment } from '../storage/entities/deployment.js';
import { Model } from '../storage/entities/model.js';
import { Organization } from '../storage/entities/organization.js';
import { Price } from '../storage/entities/price.js';
import { Provider } from '../storage/entities/provider.js';
import type { UnitOfWork } from '../storage/unit-of-work.js';
import { toDeployment, toModel, toPrice, toProvider } from './rows.store.js';
import { readRoutes } from './route-rows.store.js';
import type { StoredCatalogue } from './stored.js';

export interface CatalogueStore {
  /** Everything of all organizations, as of one version. */
  read(): Promise<StoredCatalogue>;
}

const MAX_READS = 5;

export function createCatalogueStore(unitOfWork: UnitOfWork, logger: Logger): CatalogueStore {
  return {
    read: () =>
      unitOfWork.asWriter(async (manager) => {
        // Every change raises the version in its own transaction: the same number before and after means nothing moved between.
        let catalogue = await readOnce(manager, logger);
        for (let reads = 1; reads < MAX_READS && (await readVersion(manager)) !== catalogue.version; reads += 1)
          catalogue = await readOnce(manager, logger);
        return catalogue;
      }),
  };
}

async function readOnce(manager: EntityManager, logger: Logger): Promise<StoredCatalogue> {
  const version = await readVersion(manager);
  const organizations = await manager.find(Organization);
  const providers = await manager.find(Provider);
  const models = await manager.find(Model);
  const deployments = await manager.find(Deployment);
  const prices = await manager.find(Price, { order: { effectiveFrom: 'ASC', createdAt: 'ASC', id: 'ASC' } });
  const routes = await readRoutes(manager);
  return {
    version,
    routes,
    organizations: organizations.map(toOrganization),
    providers: providers.map(toProvider),
    models: models.map(toModel),
    deployments: deployments.map(toDeployment),
    prices: prices.flatMap((row) => {
      const price = toPrice(row);
      if (price === null) logger.error({ priceId: row.id }, 'a stored price is unreadable and does not count');
      return price === null ? [] : [price];
    }),
  };
}

function toOrganization({ id, slug, name, ...row }: Organization): StoredCatalogue['organizations'][number] {
  const payloadStorage = { mode: row.payloadStorageMode, retentionDays: row.payloadStorageRetentionDays };
  return { id: idFromUuid('organization', id), slug, name, payloadStorage };
}

async function readVersion(manager: EntityManager): Promise<number> {
  const { version } = await manager.findOneByOrFail(ConfigurationVersion, { id: 1 });
  return version;
}
