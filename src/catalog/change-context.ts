import type { Actor } from '../core/actor.js';
import type { Deployment, Model, Provider } from '../core/catalogue.js';
import type { Clock } from '../core/clock.js';
import type { Result } from '../core/errors.js';
import { ok } from '../core/errors.js';
import type { Route } from '../core/routes.js';
import type { Cipher } from '../storage/cipher.js';
import type { CatalogueChangeStore, CatalogueTransaction } from './change.store.js';
import type { Catalogue, KnownProviders, RouteChecker } from './contract.js';

export interface ChangeSettings {
  readonly store: CatalogueChangeStore;
  readonly catalogue: Catalogue;
  readonly known: KnownProviders;
  readonly clock: Clock;
  readonly checkRoute: RouteChecker;
  /** Made for CREDENTIAL_PURPOSE. */
  readonly cipher: Cipher;
  /** What is wrong with an upstream's address as far as it can be told without asking the network; null: nothing. */
  readonly checkUrl: (url: URL, options: { readonly allowPrivateNetwork: boolean }) => string | null;
}

export interface Step {
  readonly transaction: CatalogueTransaction;
  readonly at: Date;
}

/**
 * One change: committed, then in force here, then read out of the snapshot.
 * @throws GatewayError SERVICE_UNAVAILABLE where the database is away; if it went between the two, the change is made all the same.
 */
export async function inForce<Id, T>(
  settings: ChangeSettings,
  actor: Actor,
  change: { readonly run: (step: Step) => Promise<Result<Id>>; readonly read: (id: Id) => T | undefined },
): Promise<Result<T>> {
  const at = settings.clock.now();
  const { organizationId } = actor.principal;
  const result = await settings.store.change({ organizationId, actor, at }, (transaction) => change.run({ transaction, at }));
  if (!result.ok) return result;
  await settings.catalogue.refresh();
  const value = change.read(result.value);
  if (value === undefined) throw new Error('a committed change is missing from the snapshot read after it');
  return ok(value);
}

/** How changes find their outcome in the snapshot that is now in force. */
export function reader(settings: ChangeSettings, actor: Actor) {
  const snapshot = () => settings.catalogue.snapshot(actor.principal.organizationId);
  return {
    provider: (id: Provider['id']) => snapshot().providers.byId.get(id),
    model: (id: Model['id']) => snapshot().models.byId.get(id),
    deployment: (id: Deployment['id']) => snapshot().deployments.byId.get(id),
    route: (id: Route['id']) => snapshot().routes.byId.get(id),
  };
}
