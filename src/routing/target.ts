import type { Deployment } from '../core/catalogue.js';
import type { ProviderTarget } from '../providers/contract.js';

/** A catalogue deployment as the upstream caller wants to know it. */
export function toTarget({ id, provider, model, upstreamModel, region }: Deployment): ProviderTarget {
  return {
    deploymentId: id,
    providerSlug: provider.slug,
    preset: provider.preset,
    wireFormat: provider.wireFormat,
    baseUrl: provider.baseUrl,
    upstreamModel,
    model: model.slug,
    headers: provider.headers,
    apiKey: provider.credential?.apiKey ?? null,
    account: provider.credential?.account ?? null,
    region: region ?? provider.region,
    allowPrivateNetwork: provider.allowPrivateNetwork,
    tls: provider.tls ?? null,
    capabilities: model.capabilities,
    maxOutputTokens: model.maxOutputTokens,
  };
}
