import { createPrivateKey } from 'node:crypto';
import type { KeyObject, X509Certificate } from 'node:crypto';
import { certificatesOf, toPem } from '../core/certificates.js';
import type { InputChecks } from '../core/input-checks.js';
import type { ProviderTlsInput } from './contract.js';

/** A provider's TLS settings, opened. */
export interface TlsParts {
  readonly certificateAuthority: string | null;
  readonly clientCertificate: string | null;
  readonly clientKey: string | null;
  readonly serverName: string | null;
}

export const NO_TLS: TlsParts = { certificateAuthority: null, clientCertificate: null, clientKey: null, serverName: null };

const MAX_PEM_LENGTH = 65_536;
const MAX_NAME_LENGTH = 253;
const FEWEST_RSA_BITS = 2_048;
const HOST_NAME = /^(?!-)[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63})*(?<!(?:^|\.)\d+)$/i;

/**
 * The settings that an input makes of those before: what is absent stays, null clears. Each fault is told at its field, and in
 * no words of the text itself, which may be a key in the wrong place.
 */
export function readTls(checks: InputChecks, input: ProviderTlsInput, { before, at }: { readonly before: TlsParts; readonly at: Date }) {
  const authority = readCertificates(checks, 'certificateAuthority', { pem: input.certificateAuthority, at });
  const certificate = readCertificates(checks, 'clientCertificate', { pem: input.clientCertificate, at });
  if (typeof input.clientKey === 'string') readKey(checks, input.clientKey);
  if (typeof input.serverName === 'string') checkServerName(checks, input.serverName);
  const after: TlsParts = {
    certificateAuthority: authority === undefined ? before.certificateAuthority : authority && toPem(authority),
    clientCertificate: certificate === undefined ? before.clientCertificate : certificate && toPem(certificate),
    clientKey: input.clientKey === undefined ? before.clientKey : input.clientKey,
    serverName: input.serverName === undefined ? before.serverName : input.serverName,
  };
  checkPair(checks, after);
  return after;
}

interface GivenPem {
  readonly pem: string | null | undefined;
  readonly at: Date;
}

/** Undefined where none is given, or the one that is is reported. */
function readCertificates(
  checks: InputChecks,
  field: 'certificateAuthority' | 'clientCertificate',
  { pem, at }: GivenPem,
): readonly X509Certificate[] | null | undefined {
  if (pem == null) return pem;
  const path = `tls.${field}`;
  const certificates = pem.length > MAX_PEM_LENGTH || pem.includes('PRIVATE KEY') ? [] : parseCertificates(pem);
  if (certificates.length === 0) {
    checks.add(path, `must be certificates in PEM form, and nothing else: at most ${MAX_PEM_LENGTH} characters`);
    return undefined;
  }
  for (const { validFrom, validTo, publicKey } of certificates) {
    if (new Date(validTo) <= at) checks.add(path, `holds a certificate that expired on ${new Date(validTo).toISOString()}`);
    if (new Date(validFrom) > at) checks.add(path, `holds a certificate that is not valid before ${new Date(validFrom).toISOString()}`);
    const { modulusLength } = publicKey.asymmetricKeyDetails ?? {};
    if (modulusLength !== undefined && modulusLength < FEWEST_RSA_BITS)
      checks.add(path, `holds a certificate whose key is shorter than ${FEWEST_RSA_BITS} bits`);
  }
  return certificates;
}

function parseCertificates(pem: string): readonly X509Certificate[] {
  try {
    return certificatesOf(pem);
  } catch {
    return [];
  }
}

function readKey(checks: InputChecks, pem: string): void {
  if (pem.length > MAX_PEM_LENGTH || parseKey(pem) === null)
    checks.add('tls.clientKey', 'must be a private key in PEM form, without a passphrase');
}

function parseKey(pem: string): KeyObject | null {
  try {
    return createPrivateKey(pem);
  } catch {
    return null;
  }
}

/** As TLS sends it (RFC 6066, section 3): never an address. */
function checkServerName(checks: InputChecks, name: string): void {
  if (name.length > MAX_NAME_LENGTH || !HOST_NAME.test(name))
    checks.add('tls.serverName', `must be a host name of at most ${MAX_NAME_LENGTH} characters`);
}

/** Settings that nothing would use are a mistake in one of the two. */
export function checkTlsAddress(checks: InputChecks, baseUrl: string): void {
  if (!baseUrl.startsWith('https:')) checks.add('tls', 'is for an address that begins with https://');
}

function checkPair(checks: InputChecks, { clientCertificate, clientKey }: TlsParts): void {
  if (checks.problems.some(({ path }) => path === 'tls.clientCertificate' || path === 'tls.clientKey')) return;
  if (clientCertificate === null && clientKey === null) return;
  if (clientCertificate === null) checks.add('tls.clientCertificate', 'is needed with a client key');
  else if (clientKey === null) checks.add('tls.clientKey', 'is needed with a client certificate');
  else {
    const key = parseKey(clientKey);
    const [leaf] = certificatesOf(clientCertificate);
    if (key === null || leaf?.checkPrivateKey(key) !== true) checks.add('tls.clientKey', 'does not fit the client certificate');
  }
}
