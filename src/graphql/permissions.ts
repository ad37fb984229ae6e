import type { Deployment } from '../core/catalogue.js';
import { GatewayError } from '../core/errors.js';
import type { InferenceRecord } from '../core/inference.js';
import { hasPermission, type Principal } from '../core/principal.js';
import type { Permission } from '../core/vocabulary.js';
import { unauthenticated } from './context.js';

/** Lets the caller pass who holds any one of `wanted`, or any key at all where none is named. */
export function authorize(principal: Principal | null, wanted: readonly Permission[]): Principal {
  if (principal === null) throw unauthenticated();
  if (wanted.length === 0 || wanted.some((permission) => hasPermission(principal, permission))) return principal;
  throw new GatewayError('FORBIDDEN', `This needs the permission ${wanted.join(' or ')}.`);
}

/** The models a key may look at: all with CATALOG_READ, else those it may call. */
export function seesModel(principal: Principal, slug: string): boolean {
  return principal.models === null || principal.models.has(slug) || hasPermission(principal, 'CATALOG_READ');
}

export function visibleDeployments(principal: Principal, deployments: readonly Deployment[]): readonly Deployment[] {
  return deployments.filter((deployment) => seesModel(principal, deployment.model.slug));
}

/** Prompt and answer: one's own, or with PAYLOAD_READ. */
export function readsPayload(principal: Principal, record: InferenceRecord): boolean {
  return record.apiKeyId === principal.apiKeyId || hasPermission(principal, 'PAYLOAD_READ');
}
