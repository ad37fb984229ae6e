import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** What one replica asks another to end; taken away by the one that runs it. */
@Entity('cancellation')
@Index('cancellation_requested_at_idx', ['requestedAt'])
export class Cancellation {
  @PrimaryColumn({ name: 'inference_id', type: 'uuid', primaryKeyConstraintName: 'cancellation_pkey' }) inferenceId!: string;
  @Column({ name: 'organization_id', type: 'uuid' }) organizationId!: string;
  @Column({ name: 'requested_at', type: 'timestamptz' }) requestedAt!: Date;
}
