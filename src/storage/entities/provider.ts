import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn, Unique } from 'typeorm';
import type { JsonObject } from '../../core/json.js';
import type { WireFormat } from '../../core/vocabulary.js';
import { Organization } from './organization.js';

@Entity('provider')
@Unique('provider_organization_id_id_key', ['organizationId', 'id'])
@Index('provider_live_slug_key', ['organizationId', 'slug'], { unique: true, where: '(deleted_at IS NULL)' })
@Check('provider_credential_complete', '(credential IS NULL) = (credential_set_at IS NULL)')
@Check('provider_tls_client_complete', '(tls_client_certificate IS NULL) = (tls_client_key IS NULL)')
@ForeignKey(() => Organization, ['organizationId'], ['id'], { name: 'provider_organization_id_fkey' })
export class Provider {
  @PrimaryColumn({ name: 'id', type: 'uuid', primaryKeyConstraintName: 'provider_pkey' }) id!: string;
  @Column({ name: 'organization_id', type: 'uuid' }) organizationId!: string;
  @Column({ name: 'slug', type: 'text' }) slug!: string;
  @Column({ name: 'name', type: 'text' }) name!: string;
  @Column({ name: 'preset', type: 'text', nullable: true }) preset!: string | null;
  @Column({ name: 'wire_format', type: 'text' }) wireFormat!: WireFormat;
  @Column({ name: 'base_url', type: 'text' }) baseUrl!: string;
  @Column({ name: 'region', type: 'text', nullable: true }) region!: string | null;
  /** Plain headers only; a secret belongs into the credential. */
  @Column({ name: 'headers', type: 'jsonb', default: {} }) headers!: JsonObject;
  /** An AES-256-GCM envelope, bound to organization and provider. */
  @Column({ name: 'credential', type: 'bytea', nullable: true }) credential!: Buffer | null;
  @Column({ name: 'credential_last_four', type: 'text', nullable: true }) credentialLastFour!: string | null;
  @Column({ name: 'credential_set_at', type: 'timestamptz', nullable: true }) credentialSetAt!: Date | null;
  /** Refreshed from the environment at each start, until a mutation sets the credential. */
  @Column({ name: 'credential_from_environment', type: 'boolean', default: false }) credentialFromEnvironment!: boolean;
  @Column({ name: 'allow_private_network', type: 'boolean', default: false }) allowPrivateNetwork!: boolean;
  /** PEM texts; what is trusted instead of the public authorities, and what is shown to the server. */
  @Column({ name: 'tls_certificate_authority', type: 'text', nullable: true }) tlsCertificateAuthority!: string | null;
  @Column({ name: 'tls_client_certificate', type: 'text', nullable: true }) tlsClientCertificate!: string | null;
  /** An envelope as `credential` is one, bound to its place too. */
  @Column({ name: 'tls_client_key', type: 'bytea', nullable: true }) tlsClientKey!: Buffer | null;
  @Column({ name: 'tls_server_name', type: 'text', nullable: true }) tlsServerName!: string | null;
  /** How often its idle deployments are looked after; null: never. */
  @Column({ name: 'health_check_seconds', type: 'integer', nullable: true }) healthCheckSeconds!: number | null;
  @Column({ name: 'enabled', type: 'boolean', default: true }) enabled!: boolean;
  @Column({ name: 'created_at', type: 'timestamptz' }) createdAt!: Date;
  @Column({ name: 'deleted_at', type: 'timestamptz', nullable: true }) deletedAt!: Date | null;
}
