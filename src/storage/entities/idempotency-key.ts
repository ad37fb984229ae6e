import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { Operation } from '../../core/vocabulary.js';

const primary = (name: string, type: 'uuid' | 'text') => ({ name, type, primaryKeyConstraintName: 'idempotency_key_pkey' }) as const;

/** Which inference was begun under which key. `endedAt` is set when its outcome and words can be read by every replica. */
@Entity('idempotency_key')
@Index('idempotency_key_expires_at_idx', ['expiresAt'])
@Index('idempotency_key_inference_id_idx', ['inferenceId'])
@Index('idempotency_key_owner_expires_at_idx', ['ownerExpiresAt'], { where: '(ended_at IS NULL)' })
export class IdempotencyKey {
  @PrimaryColumn(primary('organization_id', 'uuid')) organizationId!: string;
  @PrimaryColumn(primary('api_key_id', 'uuid')) apiKeyId!: string;
  @PrimaryColumn(primary('operation', 'text')) operation!: Operation;
  @PrimaryColumn(primary('key', 'text')) key!: string;
  /** HMAC-SHA-256 of the input. */
  @Column({ name: 'fingerprint', type: 'bytea' }) fingerprint!: Buffer;
  @Column({ name: 'inference_id', type: 'uuid' }) inferenceId!: string;
  /** The replica that runs it, and until when that one is believed to live. */
  @Column({ name: 'owner', type: 'uuid' }) owner!: string;
  @Column({ name: 'owner_expires_at', type: 'timestamptz' }) ownerExpiresAt!: Date;
  @Column({ name: 'created_at', type: 'timestamptz' }) createdAt!: Date;
  @Column({ name: 'ended_at', type: 'timestamptz', nullable: true }) endedAt!: Date | null;
  @Column({ name: 'expires_at', type: 'timestamptz' }) expiresAt!: Date;
}
