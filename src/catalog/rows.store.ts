import { idFromUuid, uuidFromId } from '../core/ids.js';
import { isJsonObject } from '../core/json.js';
import { parseUsd } from '../core/money.js';
import type { PriceTier } from '../core/pricing.js';
import type { Deployment as DeploymentRow } from '../storage/entities/deployment.js';
import type { Model as ModelRow } from '../storage/entities/model.js';
import type { Price as PriceRow, StoredPriceTier } from '../storage/entities/price.js';
import { Provider as ProviderRow } from '../storage/entities/provider.js';
import { tiersAsJson } from './tiers.js';
import type { StoredDeployment, StoredModel, StoredPrice, StoredProvider, StoredTls } from './stored.js';

/** Rows to records and back; nothing else knows both. */
const identity = (row: { organizationId: string; createdAt: Date }) => ({
  organizationId: idFromUuid('organization', row.organizationId),
  createdAt: row.createdAt,
});

export function toProvider(row: ProviderRow): StoredProvider {
  const { credential, credentialSetAt, credentialLastFour } = row;
  return {
    ...identity(row),
    id: idFromUuid('provider', row.id),
    slug: row.slug,
    name: row.name,
    preset: row.preset,
    wireFormat: row.wireFormat,
    baseUrl: row.baseUrl,
    region: row.region,
    headers: stringsOf(row.headers),
    credential: credential && credentialSetAt && { envelope: credential, lastFour: credentialLastFour ?? '', setAt: credentialSetAt },
    credentialFromEnvironment: row.credentialFromEnvironment,
    allowPrivateNetwork: row.allowPrivateNetwork,
    tls: toTls(row),
    healthCheckSeconds: row.healthCheckSeconds,
    enabled: row.enabled,
    deletedAt: row.deletedAt,
  };
}

function toTls(row: ProviderRow): StoredTls | null {
  const certificates = { certificateAuthority: row.tlsCertificateAuthority, clientCertificate: row.tlsClientCertificate };
  const tls = { ...certificates, clientKey: row.tlsClientKey, serverName: row.tlsServerName };
  return Object.values(tls).every((part) => part === null) ? null : tls;
}

/** An entity, not a plain object: TypeORM's partial types do not end on recursive JSON. */
export function fromProvider(provider: StoredProvider): ProviderRow {
  const { credential, tls, ...columns } = provider;
  return Object.assign(new ProviderRow(), {
    ...columns,
    id: uuidFromId(provider.id),
    organizationId: uuidFromId(provider.organizationId),
    headers: { ...provider.headers },
    credential: credential?.envelope ?? null,
    credentialLastFour: credential?.lastFour ?? null,
    credentialSetAt: credential?.setAt ?? null,
    tlsCertificateAuthority: tls?.certificateAuthority ?? null,
    tlsClientCertificate: tls?.clientCertificate ?? null,
    tlsClientKey: tls?.clientKey ?? null,
    tlsServerName: tls?.serverName ?? null,
  });
}

export function toModel(row: ModelRow): StoredModel {
  return {
    ...identity(row),
    id: idFromUuid('model', row.id),
    slug: row.slug,
    name: row.name,
    vendor: row.vendor,
    operations: row.operations,
    capabilities: row.capabilities,
    contextWindow: row.contextWindow,
    maxOutputTokens: row.maxOutputTokens,
    deprecatedOn: row.deprecatedOn,
    deletedAt: row.deletedAt,
  };
}

export function fromModel(model: StoredModel) {
  return {
    ...model,
    id: uuidFromId(model.id),
    organizationId: uuidFromId(model.organizationId),
    operations: [...model.operations],
    capabilities: [...model.capabilities],
  };
}

export function toDeployment(row: DeploymentRow): StoredDeployment {
  return {
    ...identity(row),
    id: idFromUuid('deployment', row.id),
    slug: row.slug,
    providerId: idFromUuid('provider', row.providerId),
    modelId: idFromUuid('model', row.modelId),
    upstreamModel: row.upstreamModel,
    region: row.region,
    weight: row.weight,
    enabled: row.enabled,
    onCancel: row.onCancel,
    structuredOutputRepair: row.structuredOutputRepair,
    deletedAt: row.deletedAt,
  };
}

export function fromDeployment(deployment: StoredDeployment) {
  return {
    ...deployment,
    id: uuidFromId(deployment.id),
    organizationId: uuidFromId(deployment.organizationId),
    providerId: uuidFromId(deployment.providerId),
    modelId: uuidFromId(deployment.modelId),
  };
}

/** Null where an amount is no exact money: unknown is never zero. */
export function toPrice(row: PriceRow): StoredPrice | null {
  const tiers = row.tiers.map(toTier);
  if (!tiers.every((tier) => tier !== null)) return null;
  const id = idFromUuid('price', row.id);
  return {
    ...identity(row),
    id,
    owner:
      row.modelId === null
        ? { deploymentId: idFromUuid('deployment', row.deploymentId ?? '') }
        : { modelId: idFromUuid('model', row.modelId) },
    price: {
      id,
      effectiveFrom: row.effectiveFrom,
      currency: 'USD',
      source: row.source,
      serviceTier: row.serviceTier,
      batch: row.batch,
      tiers,
    },
  };
}

function toTier(tier: StoredPriceTier): PriceTier | null {
  const rates = tier.rates.map(({ component, amount, per }) => {
    const exact = parseUsd(amount);
    return exact === null ? null : { component, amount: exact, per };
  });
  return rates.every((rate) => rate !== null) ? { aboveInputTokens: tier.aboveInputTokens, rates } : null;
}

export function fromPrice({ owner, price, ...stored }: StoredPrice) {
  const { source, serviceTier, batch, currency, effectiveFrom } = price;
  return {
    id: uuidFromId(stored.id),
    organizationId: uuidFromId(stored.organizationId),
    modelId: 'modelId' in owner ? uuidFromId(owner.modelId) : null,
    deploymentId: 'deploymentId' in owner ? uuidFromId(owner.deploymentId) : null,
    effectiveFrom,
    currency,
    source,
    serviceTier,
    batch,
    tiers: tiersAsJson(price.tiers),
    createdAt: stored.createdAt,
  };
}

function stringsOf(headers: unknown): Readonly<Record<string, string>> {
  if (!isJsonObject(headers)) return {};
  return Object.fromEntries(Object.entries(headers).flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : [])));
}
