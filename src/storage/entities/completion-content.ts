import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** EVENTS: the numbered log, for resuming. PAYLOAD: prompt and answer, where the organization stores them. */
@Entity('completion_content')
@Index('completion_content_expires_at_idx', ['expiresAt'])
export class CompletionContent {
  @PrimaryColumn({ name: 'completion_id', type: 'uuid', primaryKeyConstraintName: 'completion_content_pkey' }) completionId!: string;
  @PrimaryColumn({ name: 'kind', type: 'text', primaryKeyConstraintName: 'completion_content_pkey' }) kind!: 'EVENTS' | 'PAYLOAD';
  @Column({ name: 'organization_id', type: 'uuid' }) organizationId!: string;
  /** Compressed, then sealed for organization, completion and kind. */
  @Column({ name: 'envelope', type: 'bytea' }) envelope!: Buffer;
  @Column({ name: 'created_at', type: 'timestamptz' }) createdAt!: Date;
  @Column({ name: 'expires_at', type: 'timestamptz' }) expiresAt!: Date;
}
