import { Column, Entity, ForeignKey, Index, PrimaryColumn, Unique } from 'typeorm';
import type { Capability, Operation } from '../../core/vocabulary.js';
import { Organization } from './organization.js';

@Entity('model')
@Unique('model_organization_id_id_key', ['organizationId', 'id'])
@Index('model_live_slug_key', ['organizationId', 'slug'], { unique: true, where: '(deleted_at IS NULL)' })
@ForeignKey(() => Organization, ['organizationId'], ['id'], { name: 'model_organization_id_fkey' })
export class Model {
  @PrimaryColumn({ name: 'id', type: 'uuid', primaryKeyConstraintName: 'model_pkey' }) id!: string;
  @Column({ name: 'organization_id', type: 'uuid' }) organizationId!: string;
  @Column({ name: 'slug', type: 'text' }) slug!: string;
  @Column({ name: 'name', type: 'text' }) name!: string;
  @Column({ name: 'vendor', type: 'text' }) vendor!: string;
  @Column({ name: 'operations', type: 'text', array: true }) operations!: Operation[];
  @Column({ name: 'capabilities', type: 'text', array: true }) capabilities!: Capability[];
  @Column({ name: 'context_window', type: 'integer', nullable: true }) contextWindow!: number | null;
  @Column({ name: 'max_output_tokens', type: 'integer', nullable: true }) maxOutputTokens!: number | null;
  @Column({ name: 'deprecated_on', type: 'timestamptz', nullable: true }) deprecatedOn!: Date | null;
  @Column({ name: 'created_at', type: 'timestamptz' }) createdAt!: Date;
  @Column({ name: 'deleted_at', type: 'timestamptz', nullable: true }) deletedAt!: Date | null;
}
