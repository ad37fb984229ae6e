import { Check, Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** How good an inference was, as its users say. Added, never changed; an inference may have several. */
@Entity('feedback')
@Index('feedback_organization_id_inference_id_id_idx', ['organizationId', 'inferenceId', 'id'])
@Check('feedback_value_range', 'value BETWEEN -1 AND 1')
@Check('feedback_weight_range', 'weight BETWEEN 0 AND 1')
export class Feedback {
  @PrimaryColumn({ name: 'id', type: 'uuid', primaryKeyConstraintName: 'feedback_pkey' }) id!: string;
  @Column({ name: 'organization_id', type: 'uuid' }) organizationId!: string;
  @Column({ name: 'inference_id', type: 'uuid' }) inferenceId!: string;
  /** Who said so. */
  @Column({ name: 'api_key_id', type: 'uuid' }) apiKeyId!: string;
  /** From -1 (bad) to 1 (good). */
  @Column({ name: 'value', type: 'double precision' }) value!: number;
  /** From 0 to 1. */
  @Column({ name: 'weight', type: 'double precision' }) weight!: number;
  @Column({ name: 'label', type: 'text', nullable: true }) label!: string | null;
  @Column({ name: 'comment', type: 'text', nullable: true }) comment!: string | null;
  @Column({ name: 'created_at', type: 'timestamptz' }) createdAt!: Date;
}
