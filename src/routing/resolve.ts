import { isServing } from '../core/catalogue.js';
import type { CatalogueSnapshot, Deployment } from '../core/catalogue.js';

/** What a caller's `model` names: its deployments (the highest weight first, then the oldest), and how it was understood. */
export interface Resolution {
  readonly kind: 'MODEL' | 'PROVIDER_MODEL';
  readonly deployments: readonly Deployment[];
  readonly reason: string;
}

/** A model's slug; or, with a slash, a provider's slug and then a model's slug or an `upstreamModel` there. Nothing ad hoc. */
export function resolveModel(model: string, snapshot: CatalogueSnapshot): Resolution | null {
  const known = snapshot.models.bySlug.get(model);
  if (known) return { kind: 'MODEL', deployments: known.deployments, reason: 'a model’s slug' };
  const slash = model.indexOf('/');
  return slash < 0 ? null : resolveAtProvider(model.slice(0, slash), model.slice(slash + 1), snapshot);
}

function resolveAtProvider(slug: string, rest: string, snapshot: CatalogueSnapshot): Resolution | null {
  const provider = snapshot.providers.bySlug.get(slug);
  if (!provider) return null;
  const ofModel = provider.deployments.filter((deployment) => deployment.model.slug === rest);
  if (ofModel.length > 0) return { kind: 'PROVIDER_MODEL', deployments: ofModel, reason: 'a provider’s slug and a model’s slug' };
  const ofUpstream = provider.deployments.filter((deployment) => deployment.upstreamModel === rest);
  if (ofUpstream.length === 0) return null;
  return { kind: 'PROVIDER_MODEL', deployments: ofUpstream, reason: 'a provider’s slug and its own name of a model' };
}

/** Why a deployment can't be used, whoever asks; null where it can. */
export function whyNotServing(deployment: Deployment): string | null {
  if (isServing(deployment)) return null;
  return deployment.enabled ? 'its provider is disabled' : 'the deployment is disabled';
}
