import type { Clock } from '../core/clock.js';
import { newId } from '../core/ids.js';
import type { OrganizationId } from '../core/ids.js';
import type { Logger } from '../core/logger.js';
import type { Secret } from '../core/secret.js';
import type { Cipher } from '../storage/cipher.js';
import type { KnownProviders } from './contract.js';
import { createEnvironmentProviders } from './environment-providers.js';
import type { EnvironmentProvider } from './environment-providers.js';
import { OVERLAY_AS_OF } from './overlay.js';
import { importPrices, PRICE_SOURCE } from './price-import.js';
import { sandboxRecords, toStoredModel, toStoredPrice } from './seed-records.js';
import type { SeedStore, SeedTransaction } from './seed.store.js';

export interface SeedSettings {
  readonly store: SeedStore;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Made for CREDENTIAL_PURPOSE. */
  readonly cipher: Cipher;
  readonly known: KnownProviders;
  readonly environmentProviders: readonly EnvironmentProvider[];
}

export interface Seeded {
  readonly organizationId: OrganizationId;
  /** The first administrator's key, told this once; null at later starts, on other replicas, and where ADMIN_KEY is set. */
  readonly adminKey: Secret | null;
}

const ORGANIZATION_SLUG = 'default';

/**
 * What every start does before the first request.
 *
 * 1. One process at a time, in one transaction: of several replicas one seeds, and a start that fails leaves nothing.
 * 2. The first start makes the organization, its catalogue from the price data, and the sandbox.
 * 3. Every start makes sure of ADMIN_KEY, and of the providers that the environment names.
 */
export async function seed(settings: SeedSettings): Promise<Seeded> {
  const { store, clock, logger } = settings;
  const at = clock.now();
  return store.run(async (transaction) => {
    const known = await transaction.organization(ORGANIZATION_SLUG);
    const first = (await transaction.seededAt()) === null;
    const organizationId = known?.id ?? (await createOrganization(transaction, at));
    await transaction.lock(organizationId);
    if (first) await seedCatalogue(transaction, { organizationId, at, logger });
    const grant = await transaction.grantAdminKey({ organizationId, first, at });
    const providers = await createEnvironmentProviders({ ...settings, transaction, organizationId, at });
    if (first) await transaction.markSeeded(at);
    if (first || grant.changed || providers > 0) await transaction.announce();
    return { organizationId, adminKey: grant.generated };
  });
}

async function createOrganization(transaction: SeedTransaction, at: Date): Promise<OrganizationId> {
  const id = newId('organization');
  await transaction.insertOrganization({ id, slug: ORGANIZATION_SLUG, name: 'Default' }, at);
  return id;
}

interface SeedStep {
  readonly organizationId: OrganizationId;
  readonly at: Date;
  readonly logger: Logger;
}

async function seedCatalogue(transaction: SeedTransaction, step: SeedStep): Promise<void> {
  const { organizationId, at, logger } = step;
  const { models, skipped } = importPrices();
  const seeded = models.map((imported) => ({ imported, model: toStoredModel(imported, step) }));
  const sandbox = sandboxRecords(step);
  await transaction.insertModels([...seeded.map(({ model }) => model), sandbox.model]);
  const prices = seeded.flatMap(({ imported, model }) =>
    imported.prices.map((price) => toStoredPrice(price, { organizationId, at, owner: { modelId: model.id } })),
  );
  await transaction.insertPrices([...prices, sandbox.price]);
  await transaction.saveProvider(sandbox.provider);
  await transaction.insertDeployments([sandbox.deployment]);
  await transaction.audit(
    organizationId,
    at,
  )({
    action: 'seed',
    target: { kind: 'organization', id: organizationId },
    before: null,
    after: { source: PRICE_SOURCE, overlayAsOf: OVERLAY_AS_OF, models: models.length + 1, prices: prices.length + 1 },
  });
  logger.info({ models: models.length, prices: prices.length, skipped }, 'the catalogue was seeded from the price data');
}
