import type { ChangeSettings } from './change-context.js';
import type { CatalogueChanges } from './contract.js';
import { createDeploymentChanges } from './deployment-changes.js';
import { createModelChanges } from './model-changes.js';
import { createOrganizationChanges } from './organization-changes.js';
import { createPriceChanges } from './price-changes.js';
import { createProviderChanges } from './provider-changes.js';
import { createRouteChanges } from './route-changes.js';

export function createCatalogueChanges(settings: ChangeSettings): CatalogueChanges {
  return {
    ...createProviderChanges(settings),
    ...createModelChanges(settings),
    ...createPriceChanges(settings),
    ...createDeploymentChanges(settings),
    ...createRouteChanges(settings),
    ...createOrganizationChanges(settings),
  };
}
