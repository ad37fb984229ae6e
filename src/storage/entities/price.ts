import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import type { PriceComponent } from '../../core/vocabulary.js';
import { Deployment } from './deployment.js';
import { Model } from './model.js';

/** `amount`: a decimal string in the price's currency, for `per` units. */
export interface StoredPriceRate {
  readonly component: PriceComponent;
  readonly amount: string;
  readonly per: number;
}

export interface StoredPriceTier {
  readonly aboveInputTokens: number;
  readonly rates: readonly StoredPriceRate[];
}

/** Of a model wherever a deployment has none of its own, or of one deployment. */
@Entity('price')
@Check('price_of_model_or_deployment', 'num_nonnulls(model_id, deployment_id) = 1')
@Index('price_model_idx', ['organizationId', 'modelId', 'effectiveFrom'], { where: '(model_id IS NOT NULL)' })
@Index('price_deployment_idx', ['organizationId', 'deploymentId', 'effectiveFrom'], { where: '(deployment_id IS NOT NULL)' })
@ForeignKey(() => Model, ['organizationId', 'modelId'], ['organizationId', 'id'], { name: 'price_model_fkey' })
@ForeignKey(() => Deployment, ['organizationId', 'deploymentId'], ['organizationId', 'id'], { name: 'price_deployment_fkey' })
export class Price {
  @PrimaryColumn({ name: 'id', type: 'uuid', primaryKeyConstraintName: 'price_pkey' }) id!: string;
  @Column({ name: 'organization_id', type: 'uuid' }) organizationId!: string;
  @Column({ name: 'model_id', type: 'uuid', nullable: true }) modelId!: string | null;
  @Column({ name: 'deployment_id', type: 'uuid', nullable: true }) deploymentId!: string | null;
  @Column({ name: 'effective_from', type: 'timestamptz' }) effectiveFrom!: Date;
  @Column({ name: 'currency', type: 'text', default: 'USD' }) currency!: string;
  @Column({ name: 'source', type: 'text' }) source!: string;
  @Column({ name: 'service_tier', type: 'text', nullable: true }) serviceTier!: string | null;
  @Column({ name: 'batch', type: 'boolean', default: false }) batch!: boolean;
  @Column({ name: 'tiers', type: 'jsonb' }) tiers!: StoredPriceTier[];
  @Column({ name: 'created_at', type: 'timestamptz' }) createdAt!: Date;
}
