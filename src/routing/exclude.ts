import { lacks } from '../core/capabilities.js';
import type { CatalogueSnapshot, Deployment } from '../core/catalogue.js';
import type { Principal } from '../core/principal.js';
import type { RoutingPreferences } from '../core/routes.js';
import type { Exclusion } from './evidence.js';
import type { Facts } from './facts.js';
import { whyNotServing } from './serving.js';

/** Why a call can't use a deployment, however it fares; null where it can. */
export function exclusionOf(
  deployment: Deployment,
  { principal, facts }: { readonly principal: Pick<Principal, 'models'>; readonly facts: Facts },
): Exclusion | null {
  const notServing = whyNotServing(deployment);
  if (notServing !== null) return { kind: 'not-serving', reason: notServing };
  // The allow-list is asked about what the name turned out to mean: no other spelling of a model gets around it.
  if (principal.models !== null && !principal.models.has(deployment.model.slug))
    return { kind: 'not-allowed', reason: 'the API key may not use this model' };
  if (!deployment.model.operations.includes(facts.operation))
    return { kind: 'not-serving', reason: `its model is not for ${facts.operation}` };
  const unwanted = facts.preferences && whyUnwanted(deployment, facts.preferences);
  if (unwanted) return { kind: 'preference', reason: unwanted };
  // Other operations send many texts, each with the window to itself.
  if (facts.operation !== 'COMPLETION') return null;
  const { contextWindow, capabilities } = deployment.model;
  const need = facts.needs.find(({ capability }) => lacks(capabilities, capability));
  if (need !== undefined) return { kind: 'incapable', reason: `its model lacks ${need.capability}, and ${need.because}` };
  if (contextWindow === null || facts.inputTokens <= contextWindow) return null;
  return { kind: 'too-small', reason: `the prompt has about ${facts.inputTokens} tokens, the context window ${contextWindow}` };
}

function whyUnwanted({ provider, region }: Deployment, { regions, providers, excludeProviders }: RoutingPreferences): string | null {
  if (excludeProviders.includes(provider.slug)) return 'the call excludes its provider';
  if (providers !== null && !providers.includes(provider.slug)) return 'the call names other providers';
  const where = region ?? provider.region;
  return regions === null || (where !== null && regions.includes(where)) ? null : 'the call names other regions';
}

/** The deployments that a provider and a name of a model mean; null: there is no such provider or name. */
export function deploymentsAt(model: string, snapshot: CatalogueSnapshot): readonly Deployment[] | null {
  const slash = model.indexOf('/');
  const provider = slash < 0 ? undefined : snapshot.providers.bySlug.get(model.slice(0, slash));
  if (!provider) return null;
  const rest = model.slice(slash + 1);
  const ofModel = provider.deployments.filter((deployment) => deployment.model.slug === rest);
  if (ofModel.length > 0) return ofModel;
  const ofUpstream = provider.deployments.filter((deployment) => deployment.upstreamModel === rest);
  return ofUpstream.length > 0 ? ofUpstream : null;
}
