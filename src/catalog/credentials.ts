import type { ProviderCredential } from '../core/catalogue.js';
import type { OrganizationId, ProviderId } from '../core/ids.js';
import { Secret } from '../core/secret.js';
import type { Cipher } from '../storage/cipher.js';
import { fromSecretText, shownPartOf, toSecretText } from './credential-text.js';
import type { ProviderSecret } from './credential-text.js';
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

export function sealCredential(
  cipher: Cipher,
  owner: CredentialOwner,
  credential: { readonly secret: ProviderSecret; readonly setAt: Date },
): StoredCredential {
  const { secret, setAt } = credential;
  const shown = shownPartOf(secret);
  const lastFour = shown.length < SHORTEST_SHOWN ? '' : shown.slice(-SHOWN_LENGTH);
  return { envelope: cipher.seal(toSecretText(secret), binding(owner)), lastFour, setAt };
}

/** @throws Error where the envelope was moved from another record or organization, or sealed under another master key. */
export function openCredential(
  cipher: Cipher,
  owner: CredentialOwner,
  credential: StoredCredential,
): Pick<ProviderCredential, 'apiKey' | 'account'> {
  const secret = fromSecretText(cipher.open(credential.envelope, binding(owner)).reveal());
  return secret.kind === 'apiKey' ? { apiKey: new Secret(secret.apiKey) } : { apiKey: null, account: new Secret(secret) };
}

function binding(owner: CredentialOwner): readonly string[] {
  return [owner.organizationId, owner.id];
}
