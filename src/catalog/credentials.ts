import type { OrganizationId, ProviderId } from '../core/ids.js';
import type { Secret } from '../core/secret.js';
import type { Cipher } from '../storage/cipher.js';
import type { StoredCredential } from './stored.js';

/** The purpose under which the key of provider credentials derives from the master key. */
export const CREDENTIAL_PURPOSE = 'glidepath provider credentials v1';

export interface CredentialOwner {
  readonly organizationId: OrganizationId;
  readonly id: ProviderId;
}

const SHOWN_LENGTH = 4;
/** Below this length the last four characters would give too much of the secret away. */
const SHORTEST_SHOWN = 8;

export function sealCredential(cipher: Cipher, owner: CredentialOwner, credential: { apiKey: string; setAt: Date }): StoredCredential {
  const { apiKey, setAt } = credential;
  const lastFour = apiKey.length < SHORTEST_SHOWN ? '' : apiKey.slice(-SHOWN_LENGTH);
  return { envelope: cipher.seal(apiKey, binding(owner)), lastFour, setAt };
}

/** @throws Error where the envelope was moved from another record or organization, or sealed under another master key. */
export function openCredential(cipher: Cipher, owner: CredentialOwner, credential: StoredCredential): Secret {
  return cipher.open(credential.envelope, binding(owner));
}

function binding(owner: CredentialOwner): readonly string[] {
  return [owner.organizationId, owner.id];
}
