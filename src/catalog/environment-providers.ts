import { isDeepStrictEqual } from 'node:util';
import type { CloudAccount } from '../core/cloud-account.js';
import { newId } from '../core/ids.js';
import type { OrganizationId } from '../core/ids.js';
import { isSlug } from '../core/input-checks.js';
import type { Logger } from '../core/logger.js';
import type { Secret } from '../core/secret.js';
import type { Cipher } from '../storage/cipher.js';
import type { KnownProviders, ProviderPreset } from './contract.js';
import type { ProviderSecret } from './credential-text.js';
import { openCredential, sealCredential } from './credentials.js';
import { DEPLOYMENT_DEFAULTS } from './deployment-changes.js';
import { hostPrices } from './price-import.js';
import { addressOf } from './provider-checks.js';
import { toStoredModel, toStoredPrice } from './seed-records.js';
import type { SeedTransaction } from './seed.store.js';
import type { StoredDeployment, StoredModel, StoredProvider } from './stored.js';

/** A provider that the environment names. */
export interface EnvironmentProvider {
  readonly preset: string;
  /** Null where the provider wants none. */
  readonly apiKey: Secret | null;
  /** Null: the preset's own. */
  readonly baseUrl: string | null;
  /** Instead of a key, where calls are signed. */
  readonly account?: Secret<CloudAccount>;
  /** Where the preset's address depends on it. */
  readonly region?: string;
}

export interface EnvironmentContext {
  readonly transaction: SeedTransaction;
  readonly organizationId: OrganizationId;
  readonly at: Date;
  readonly logger: Logger;
  readonly cipher: Cipher;
  readonly known: KnownProviders;
  readonly environmentProviders: readonly EnvironmentProvider[];
}

/**
 * One that doesn't exist is made, with its usual models, unless it was deleted; the credential of one that the environment
 * made is refreshed, until a mutation sets it.
 * @returns how many changed.
 */
export async function createEnvironmentProviders(context: EnvironmentContext): Promise<number> {
  let changed = 0;
  for (const named of context.environmentProviders) {
    const preset = context.known.preset(named.preset);
    if (preset === null || !context.known.wireFormats.has(preset.wireFormat)) {
      context.logger.warn({ preset: named.preset }, 'a provider that the environment names can not be spoken to yet');
      continue;
    }
    const [newest] = await context.transaction.providers(context.organizationId, preset.name);
    if (!newest) changed += await create(context, preset, named);
    else if (newest.deletedAt === null) changed += await refresh(context, newest, secretOf(named));
  }
  return changed;
}

async function create(context: EnvironmentContext, preset: ProviderPreset, named: EnvironmentProvider): Promise<number> {
  const { transaction, organizationId, at, cipher, logger } = context;
  const { region = null } = named;
  const secret = secretOf(named);
  const baseUrl = named.baseUrl ?? addressOf(preset, { region, secret });
  if (baseUrl === null) return 0;
  const id = newId('provider');
  const { name: slug, displayName: name, wireFormat, allowPrivateNetwork } = preset;
  const provider: StoredProvider = {
    id,
    organizationId,
    slug,
    name,
    preset: preset.name,
    wireFormat,
    baseUrl,
    region,
    headers: {},
    credential: secret === null ? null : sealCredential(cipher, { organizationId, id }, { secret, setAt: at }),
    credentialFromEnvironment: secret !== null,
    allowPrivateNetwork,
    tls: null,
    healthCheckSeconds: null,
    enabled: true,
    createdAt: at,
    deletedAt: null,
  };
  await transaction.saveProvider(provider);
  const deployments = await deploy(context, preset, provider);
  await audit(context, provider, { action: 'createProvider', deployments });
  logger.info({ provider: slug, deployments }, 'a provider was made from the environment');
  return 1;
}

/** The usual models, those that the catalogue lacks made as well. @returns how many are deployed. */
async function deploy(context: EnvironmentContext, preset: ProviderPreset, provider: StoredProvider): Promise<number> {
  const { transaction, organizationId, at } = context;
  const usual = preset.models.filter(({ model }) => isSlug(`${provider.slug}.${model}`));
  if (usual.length === 0) return 0;
  const existing = await transaction.models(
    organizationId,
    usual.map(({ model }) => model),
  );
  const models = new Map<string, StoredModel>(existing.map((model) => [model.slug, model]));
  const unknown = usual.flatMap(({ model }) => (models.has(model) ? [] : [model]));
  const missing = (await withoutRoutes(unknown, context)).map((model) => {
    const operation = usual.find((one) => one.model === model)?.operation ?? 'COMPLETION';
    return toStoredModel({ slug: model, name: model, vendor: preset.name, operations: [operation], contextWindow: null }, context);
  });
  for (const model of missing) models.set(model.slug, model);
  if (missing.length > 0) await transaction.insertModels(missing);
  const deployments = usual.flatMap(({ model: slug, upstreamModel = slug }): StoredDeployment[] => {
    const model = models.get(slug);
    if (!model) return [];
    const place = { slug: `${provider.slug}.${slug}`, providerId: provider.id, modelId: model.id, upstreamModel, region: null };
    return [{ id: newId('deployment'), organizationId, ...place, ...DEPLOYMENT_DEFAULTS, createdAt: at, deletedAt: null }];
  });
  await transaction.insertDeployments(deployments);
  const prices = deployments.flatMap((deployment) =>
    hostPrices(preset.name, deployment.upstreamModel).map((price) =>
      toStoredPrice(price, { organizationId, at, owner: { deploymentId: deployment.id } }),
    ),
  );
  if (prices.length > 0) await transaction.insertPrices(prices);
  return deployments.length;
}

/** Models and routes share one name space: a name that callers know as a route stays one. */
async function withoutRoutes(
  slugs: readonly string[],
  { transaction, organizationId, logger }: EnvironmentContext,
): Promise<readonly string[]> {
  const routes = slugs.length === 0 ? null : await transaction.routeSlugs(organizationId, slugs);
  if (!routes || routes.size === 0) return slugs;
  logger.warn({ slugs: [...routes] }, 'usual models of a provider were left out: routes have their names');
  return slugs.filter((slug) => !routes.has(slug));
}

function secretOf({ apiKey, account }: EnvironmentProvider): ProviderSecret | null {
  return account?.reveal() ?? (apiKey === null ? null : { kind: 'apiKey', apiKey: apiKey.reveal() });
}

async function refresh(context: EnvironmentContext, provider: StoredProvider, secret: ProviderSecret | null): Promise<number> {
  if (secret === null || !provider.credentialFromEnvironment || holds(context.cipher, provider, secret)) return 0;
  const credential = sealCredential(context.cipher, provider, { secret, setAt: context.at });
  await context.transaction.saveProvider({ ...provider, credential });
  await audit(context, provider, { action: 'refreshCredential' });
  return 1;
}

function holds(cipher: Cipher, provider: StoredProvider, secret: ProviderSecret): boolean {
  if (provider.credential === null) return false;
  try {
    const { apiKey, account } = openCredential(cipher, provider, provider.credential);
    const held = account?.reveal() ?? (apiKey === null ? null : ({ kind: 'apiKey', apiKey: apiKey.reveal() } as const));
    return isDeepStrictEqual(held, secret);
  } catch {
    return false;
  }
}

function audit(
  context: EnvironmentContext,
  provider: StoredProvider,
  { action, ...details }: { action: string; deployments?: number },
): Promise<void> {
  const { transaction, organizationId, at } = context;
  const after = { slug: provider.slug, baseUrl: provider.baseUrl, from: 'environment', ...details };
  return transaction.audit(organizationId, at)({ action, target: { kind: 'provider', id: provider.id }, before: null, after });
}
