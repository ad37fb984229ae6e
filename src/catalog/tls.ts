import { createHash } from 'node:crypto';
import type { ProviderTls } from '../core/catalogue.js';
import { certificatesOf, summaryOf } from '../core/certificates.js';
import type { InputChecks } from '../core/input-checks.js';
import type { JsonObject } from '../core/json.js';
import type { Secret } from '../core/secret.js';
import type { Cipher } from '../storage/cipher.js';
import type { ProviderTlsInput } from './contract.js';
import type { CredentialOwner } from './credentials.js';
import type { StoredTls } from './stored.js';
import { NO_TLS, readTls } from './tls-checks.js';
import type { TlsParts } from './tls-checks.js';

export interface TlsChange {
  readonly cipher: Cipher;
  readonly owner: CredentialOwner;
  readonly before: StoredTls | null;
  readonly at: Date;
}

/** What is stored after a change; problems are added to the checks. */
export function changeTls(checks: InputChecks, input: ProviderTlsInput | null | undefined, change: TlsChange): StoredTls | null {
  const { cipher, owner, before, at } = change;
  if (input === undefined) return before;
  if (input === null) return null;
  const opened = before === null ? NO_TLS : { ...before, clientKey: openKey(cipher, owner, before)?.reveal() ?? null };
  const { clientKey, ...after } = readTls(checks, input, { before: opened, at });
  if (Object.values(after).every((part) => part === null)) return null;
  const isKept = clientKey !== null && clientKey === opened.clientKey;
  return { ...after, clientKey: isKept ? (before?.clientKey ?? null) : sealKey(cipher, owner, clientKey) };
}

/** The settings as calls use them. */
export function openTls(cipher: Cipher, owner: CredentialOwner, stored: StoredTls): ProviderTls {
  const { certificateAuthority, clientCertificate, clientKey, serverName } = stored;
  const version = createHash('sha256')
    .update(JSON.stringify([certificateAuthority, clientCertificate, clientKey?.toString('base64'), serverName]))
    .digest('base64');
  const key = openKey(cipher, owner, stored);
  return Object.freeze({ owner: owner.id, version, certificateAuthority, clientCertificate, clientKey: key, serverName });
}

/** For the audit log: no text that is long, and no key. */
export function describeTls(stored: StoredTls | null): JsonObject | null {
  if (stored === null) return null;
  const { certificateAuthority, clientCertificate, serverName } = stored;
  return {
    certificateAuthority: fingerprintsOf(certificateAuthority),
    clientCertificate: fingerprintsOf(clientCertificate),
    serverName,
  };
}

function fingerprintsOf(pem: string | null): string[] | null {
  return pem === null ? null : certificatesOf(pem).map((certificate) => summaryOf(certificate).fingerprint);
}

function sealKey(cipher: Cipher, owner: CredentialOwner, clientKey: TlsParts['clientKey']): Buffer | null {
  return clientKey === null ? null : cipher.seal(clientKey, binding(owner));
}

/** Null where there is none, or it was sealed under another master key: a call then goes without, and the server refuses it. */
function openKey(cipher: Cipher, owner: CredentialOwner, { clientKey }: Pick<StoredTls, 'clientKey'>): Secret | null {
  if (clientKey === null) return null;
  try {
    return cipher.open(clientKey, binding(owner));
  } catch {
    return null;
  }
}

/** Its place too: an envelope of a credential is none of a key. */
function binding({ organizationId, id }: CredentialOwner): readonly string[] {
  return [organizationId, id, 'tls.clientKey'];
}
