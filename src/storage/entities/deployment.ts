import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn, Unique } from 'typeorm';
import type { CancelPolicy } from '../../core/vocabulary.js';
import { Model } from './model.js';
import { Provider } from './provider.js';

@Entity('deployment')
@Unique('deployment_organization_id_id_key', ['organizationId', 'id'])
@Index('deployment_live_slug_key', ['organizationId', 'slug'], { unique: true, where: '(deleted_at IS NULL)' })
@Index('deployment_provider_idx', ['organizationId', 'providerId'])
@Index('deployment_model_idx', ['organizationId', 'modelId'])
@Check('deployment_weight_not_negative', 'weight >= 0')
@ForeignKey(() => Provider, ['organizationId', 'providerId'], ['organizationId', 'id'], { name: 'deployment_provider_fkey' })
@ForeignKey(() => Model, ['organizationId', 'modelId'], ['organizationId', 'id'], { name: 'deployment_model_fkey' })
export class Deployment {
  @PrimaryColumn({ name: 'id', type: 'uuid', primaryKeyConstraintName: 'deployment_pkey' }) id!: string;
  @Column({ name: 'organization_id', type: 'uuid' }) organizationId!: string;
  @Column({ name: 'slug', type: 'text' }) slug!: string;
  @Column({ name: 'provider_id', type: 'uuid' }) providerId!: string;
  @Column({ name: 'model_id', type: 'uuid' }) modelId!: string;
  /** The vendor's own name of the model. */
  @Column({ name: 'upstream_model', type: 'text' }) upstreamModel!: string;
  @Column({ name: 'region', type: 'text', nullable: true }) region!: string | null;
  @Column({ name: 'weight', type: 'integer', default: 1 }) weight!: number;
  @Column({ name: 'enabled', type: 'boolean', default: true }) enabled!: boolean;
  @Column({ name: 'on_cancel', type: 'text', default: 'ABORT' }) onCancel!: CancelPolicy;
  @Column({ name: 'structured_output_repair', type: 'boolean', default: false }) structuredOutputRepair!: boolean;
  @Column({ name: 'created_at', type: 'timestamptz' }) createdAt!: Date;
  @Column({ name: 'deleted_at', type: 'timestamptz', nullable: true }) deletedAt!: Date | null;
}
