import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { ApiKey } from './api-key.js';

/** A secret that opens a key; a rotation with grace leaves the old one its `expiresAt`. */
@Entity('api_key_secret')
@Check('api_key_secret_hash_length', 'octet_length(hash) = 32')
@Index('api_key_secret_api_key_idx', ['organizationId', 'apiKeyId'])
@ForeignKey(() => ApiKey, ['organizationId', 'apiKeyId'], ['organizationId', 'id'], {
  name: 'api_key_secret_api_key_fkey',
  onDelete: 'CASCADE',
})
export class ApiKeySecret {
  /** HMAC-SHA-256 of the presented secret under the pepper: 32 bytes. */
  @PrimaryColumn({ name: 'hash', type: 'bytea', primaryKeyConstraintName: 'api_key_secret_pkey' }) hash!: Buffer;
  @Column({ name: 'organization_id', type: 'uuid' }) organizationId!: string;
  @Column({ name: 'api_key_id', type: 'uuid' }) apiKeyId!: string;
  @Column({ name: 'created_at', type: 'timestamptz' }) createdAt!: Date;
  @Column({ name: 'expires_at', type: 'timestamptz', nullable: true }) expiresAt!: Date | null;
}
