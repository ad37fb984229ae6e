import type { Authenticator } from '../auth/contract.js';
import { GatewayError } from '../core/errors.js';
import type { Principal } from '../core/principal.js';
import { Secret } from '../core/secret.js';
import type { Presented } from './credentials.js';

/** Who is at the door: a principal with the key that proved it, or nobody (both null). */
export type Visitor = { readonly principal: Principal; readonly key: Secret } | { readonly principal: null; readonly key: null };

export const ANONYMOUS: Visitor = { principal: null, key: null };

/** Throws GatewayError UNAUTHENTICATED for a bad key, SERVICE_UNAVAILABLE where that can't be known now. */
export async function identify(authenticator: Authenticator, presented: Presented): Promise<Visitor> {
  if (presented.kind === 'none') return ANONYMOUS;
  if (presented.kind === 'unreadable') throw badKey();
  const principal = await authenticator.authenticate(presented.key);
  if (principal === null) throw badKey();
  return { principal, key: new Secret(presented.key) };
}

function badKey(): GatewayError {
  return new GatewayError('UNAUTHENTICATED', 'The API key is unknown, expired or revoked.');
}
