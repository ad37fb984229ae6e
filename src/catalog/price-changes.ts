import { fail, invalidRequest, ok } from '../core/errors.js';
import { newId } from '../core/ids.js';
import type { OrganizationId, PriceId } from '../core/ids.js';
import { createInputChecks } from '../core/input-checks.js';
import type { InputChecks } from '../core/input-checks.js';
import type { JsonObject } from '../core/json.js';
import type { Price } from '../core/pricing.js';
import { inForce } from './change-context.js';
import type { ChangeSettings } from './change-context.js';
import type { CatalogueTransaction } from './change.store.js';
import type { CatalogueChanges, PriceInput, SetPriceInput } from './contract.js';
import { checkAgainstPeers, readTiers } from './price-checks.js';
import { tiersAsJson } from './tiers.js';
import type { PriceOwner } from './stored.js';

/** Where a price came from, unless the caller says. */
const DEFAULT_SOURCE = 'manual';
const MAX_SERVICE_TIER_LENGTH = 63;

export function createPriceChanges(settings: ChangeSettings): Pick<CatalogueChanges, 'setPrice'> {
  return {
    setPrice: (actor, input) => {
      const { organizationId } = actor.principal;
      return inForce(settings, actor, {
        run: async ({ transaction, at }) => {
          const checks = createInputChecks();
          const owner = await findOwner(transaction, checks, input);
          const price = readPrice(checks, { input: input.price, at });
          const snapshot = settings.catalogue.snapshot(organizationId);
          if (!input.confirm) checkAgainstPeers(checks, 'price', { tiers: price.tiers, snapshot, now: at });
          if (owner === null || checks.problems.length > 0) return fail(invalidRequest(checks.problems));
          await addPrice(transaction, { organizationId, owner, price, at });
          return ok({ owner, id: price.id });
        },
        read: ({ owner, id }) => findPrice(settings, organizationId, { owner, id }),
      });
    },
  };
}

/** The price as it will be stored; problems are added below `price`. */
export function readPrice(checks: InputChecks, { input, at }: { input: PriceInput; at: Date }): Price {
  const effectiveFrom = input.effectiveFrom ?? at;
  checks.instant('price.effectiveFrom', effectiveFrom);
  const source = input.source ?? DEFAULT_SOURCE;
  checks.text('price.source', source);
  const serviceTier = input.serviceTier ?? null;
  if (serviceTier !== null) checks.text('price.serviceTier', serviceTier, MAX_SERVICE_TIER_LENGTH);
  const tiers = readTiers(checks, 'price', input);
  return { id: newId('price'), effectiveFrom, currency: 'USD', source, serviceTier, batch: input.batch ?? false, tiers };
}

export async function addPrice(
  transaction: CatalogueTransaction,
  added: { readonly organizationId: OrganizationId; readonly owner: PriceOwner; readonly price: Price; readonly at: Date },
): Promise<void> {
  const { organizationId, owner, price, at } = added;
  await transaction.insertPrice({ id: price.id, organizationId, owner, price, createdAt: at });
  await transaction.audit({
    action: 'setPrice',
    target: { kind: 'price', id: price.id },
    before: null,
    after: { ...owner, ...describe(price) },
  });
}

async function findOwner(transaction: CatalogueTransaction, checks: InputChecks, input: SetPriceInput): Promise<PriceOwner | null> {
  const { model, deployment } = input;
  if (typeof model === 'string' && typeof deployment === 'string') checks.add('deployment', 'contradicts model: name one of them');
  else if (typeof model === 'string') {
    const owner = await transaction.model({ slug: model });
    if (owner) return { modelId: owner.id };
    checks.add('model', 'there is no such model');
  } else if (typeof deployment === 'string') {
    const owner = await transaction.deployment({ slug: deployment });
    if (owner) return { deploymentId: owner.id };
    checks.add('deployment', 'there is no such deployment');
  } else checks.add('model', 'name a model or a deployment');
  return null;
}

function findPrice(settings: ChangeSettings, organizationId: OrganizationId, found: { owner: PriceOwner; id: PriceId }): Price | undefined {
  const { owner, id } = found;
  const snapshot = settings.catalogue.snapshot(organizationId);
  const owning = 'modelId' in owner ? snapshot.models.byId.get(owner.modelId) : snapshot.deployments.byId.get(owner.deploymentId);
  return owning?.prices.find((price) => price.id === id);
}

function describe(price: Price): JsonObject {
  const { currency, source, serviceTier, batch } = price;
  const tiers = tiersAsJson(price.tiers).map((tier) => ({ ...tier, rates: tier.rates.map((rate) => ({ ...rate })) }));
  return { effectiveFrom: price.effectiveFrom.toISOString(), currency, source, serviceTier, batch, tiers };
}
