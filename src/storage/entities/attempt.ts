import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { AttemptStatus, CostQuality, FailureClass } from '../../core/vocabulary.js';
import { UsageColumns } from './usage-columns.js';

/** One upstream call of an inference, partitioned by the month of its id. */
@Entity('attempt')
@Index('attempt_inference_id_idx', ['inferenceId'])
export class Attempt {
  @PrimaryColumn({ name: 'id', type: 'uuid', primaryKeyConstraintName: 'attempt_pkey' }) id!: string;
  @Column({ name: 'organization_id', type: 'uuid' }) organizationId!: string;
  @Column({ name: 'inference_id', type: 'uuid' }) inferenceId!: string;
  @Column({ name: 'index', type: 'integer' }) index!: number;
  @Column({ name: 'deployment_id', type: 'uuid', nullable: true }) deploymentId!: string | null;
  @Column({ name: 'provider_id', type: 'uuid', nullable: true }) providerId!: string | null;
  @Column({ name: 'model_id', type: 'uuid', nullable: true }) modelId!: string | null;
  @Column({ name: 'status', type: 'text' }) status!: AttemptStatus;
  @Column({ name: 'failure', type: 'text', nullable: true }) failure!: FailureClass | null;
  @Column({ name: 'http_status', type: 'integer', nullable: true }) httpStatus!: number | null;
  @Column({ name: 'detail', type: 'text', nullable: true }) detail!: string | null;
  @Column({ name: 'retry_after_ms', type: 'integer', nullable: true }) retryAfterMs!: number | null;
  @Column({ name: 'parameter', type: 'text', nullable: true }) parameter!: string | null;
  /** Why it was made, where an answer had come already. */
  @Column({ name: 'reason', type: 'text', nullable: true }) reason!: string | null;
  @Column({ name: 'started_at', type: 'timestamptz' }) startedAt!: Date;
  @Column({ name: 'first_token_ms', type: 'double precision', nullable: true }) firstTokenMs!: number | null;
  @Column({ name: 'duration_ms', type: 'double precision', nullable: true }) durationMs!: number | null;
  @Column(() => UsageColumns, { prefix: false }) usage!: UsageColumns;
  @Column({ name: 'cost', type: 'numeric', nullable: true }) cost!: string | null;
  @Column({ name: 'cost_quality', type: 'text', nullable: true }) costQuality!: CostQuality | null;
  @Column({ name: 'cost_components', type: 'jsonb', default: [] }) costComponents!: unknown;
  @Column({ name: 'price_id', type: 'uuid', nullable: true }) priceId!: string | null;
}
