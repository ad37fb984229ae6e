import { isServing } from '../core/catalogue.js';
import type { Deployment } from '../core/catalogue.js';

/** Why a deployment can't be used, whoever asks; null where it can. */
export function whyNotServing(deployment: Deployment): string | null {
  if (isServing(deployment)) return null;
  return deployment.enabled ? 'its provider is disabled' : 'the deployment is disabled';
}
