import { Field, InputType, ObjectType } from 'type-graphql';
import type { ProviderTlsInput as TlsInput } from '../../catalog/contract.js';
import type * as core from '../../core/catalogue.js';
import { certificatesOf, summaryOf } from '../../core/certificates.js';
import type { CertificateSummary } from '../../core/certificates.js';
import { GraphQLDateTime } from '../scalars/index.js';

const OPTIONAL = { nullable: true } as const;

@InputType({ description: 'How a private server proves who it is, and how the gateway does. Everything is in PEM form.' })
export class ProviderTlsInput implements TlsInput {
  @Field(() => String, {
    ...OPTIONAL,
    description: 'The certificates that the server’s must descend from, instead of the public authorities; at most 65,536 characters.',
  })
  readonly certificateAuthority?: string | null;

  @Field(() => String, {
    ...OPTIONAL,
    description: 'The certificate shown to the server (mutual TLS), with those between it and its authority.',
  })
  readonly clientCertificate?: string | null;

  @Field(() => String, { ...OPTIONAL, description: 'Its private key, without a passphrase; stored encrypted, never shown again.' })
  readonly clientKey?: string | null;

  @Field(() => String, {
    ...OPTIONAL,
    description: 'The name asked for and looked for in the server’s certificate; the address’s, where none is given.',
  })
  readonly serverName?: string | null;
}

@ObjectType({ description: 'What can be told of a certificate.' })
export class CertificateInfo {
  @Field(() => String, { description: 'Whose it is, as its distinguished name: CN=api.example.com, O=Example' })
  readonly subject!: string;

  @Field(() => String, { description: 'Its SHA-256 fingerprint, in pairs of hexadecimal digits.' })
  readonly fingerprint!: string;

  @Field(() => GraphQLDateTime, { description: 'Until when it holds (UTC).' })
  readonly expiresAt!: Date;
}

@ObjectType({ description: 'How a private server proves who it is, and how the gateway does; never the key.' })
export class ProviderTls {
  constructor(private readonly tls: core.ProviderTls) {}

  @Field(() => [CertificateInfo], { description: 'What the server’s certificate must descend from; empty: the public authorities.' })
  get certificateAuthority(): readonly CertificateSummary[] {
    return summariesOf(this.tls.certificateAuthority);
  }

  @Field(() => [CertificateInfo], { description: 'What is shown to the server, the gateway’s own certificate first; empty: nothing.' })
  get clientCertificate(): readonly CertificateSummary[] {
    return summariesOf(this.tls.clientCertificate);
  }

  @Field(() => String, { nullable: true, description: 'The name looked for in the server’s certificate; null: the address’s.' })
  get serverName(): string | null {
    return this.tls.serverName;
  }
}

function summariesOf(pem: string | null): readonly CertificateSummary[] {
  return pem === null ? [] : certificatesOf(pem).map(summaryOf);
}
