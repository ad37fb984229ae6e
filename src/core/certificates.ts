import { X509Certificate } from 'node:crypto';

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g;

/** The certificates of a PEM text, in its order; what stands between them does not count. @throws Error where one is unreadable */
export function certificatesOf(pem: string): readonly X509Certificate[] {
  return (pem.match(CERTIFICATE) ?? []).map((one) => new X509Certificate(one));
}

/** Nothing but the certificates, so that whatever else was in the text is not kept. */
export function toPem(certificates: readonly X509Certificate[]): string {
  return certificates.map((certificate) => certificate.toString()).join('');
}

export interface CertificateSummary {
  readonly subject: string;
  /** SHA-256, as `openssl x509 -fingerprint -sha256` prints it. */
  readonly fingerprint: string;
  readonly expiresAt: Date;
}

export function summaryOf({ subject, fingerprint256, validTo }: X509Certificate): CertificateSummary {
  return { subject: subject.replaceAll('\n', ', '), fingerprint: fingerprint256, expiresAt: new Date(validTo) };
}
