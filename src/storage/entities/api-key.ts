import { Column, Entity, ForeignKey, Index, PrimaryColumn, Unique } from 'typeorm';
import type { Tag } from '../../core/principal.js';
import type { Permission } from '../../core/vocabulary.js';
import { Organization } from './organization.js';
import { Team } from './team.js';

@Entity('api_key')
@Unique('api_key_organization_id_id_key', ['organizationId', 'id'])
@Index('api_key_team_idx', ['organizationId', 'teamId'])
@ForeignKey(() => Organization, ['organizationId'], ['id'], { name: 'api_key_organization_id_fkey' })
@ForeignKey(() => Team, ['organizationId', 'teamId'], ['organizationId', 'id'], { name: 'api_key_team_fkey' })
export class ApiKey {
  @PrimaryColumn({ name: 'id', type: 'uuid', primaryKeyConstraintName: 'api_key_pkey' }) id!: string;
  @Column({ name: 'organization_id', type: 'uuid' }) organizationId!: string;
  @Column({ name: 'team_id', type: 'uuid', nullable: true }) teamId!: string | null;
  @Column({ name: 'name', type: 'text' }) name!: string;
  /** The start of the secret, fit to show. */
  @Column({ name: 'prefix', type: 'text' }) prefix!: string;
  @Column({ name: 'permissions', type: 'text', array: true }) permissions!: Permission[];
  /** Slugs; null: all. */
  @Column({ name: 'models', type: 'text', array: true, nullable: true }) models!: string[] | null;
  @Column({ name: 'tags', type: 'jsonb', default: [] }) tags!: Tag[];
  @Column({ name: 'created_at', type: 'timestamptz' }) createdAt!: Date;
  @Column({ name: 'expires_at', type: 'timestamptz', nullable: true }) expiresAt!: Date | null;
  @Column({ name: 'revoked_at', type: 'timestamptz', nullable: true }) revokedAt!: Date | null;
  @Column({ name: 'last_used_at', type: 'timestamptz', nullable: true }) lastUsedAt!: Date | null;
  @Column({ name: 'created_by', type: 'text', nullable: true }) createdBy!: string | null;
}
