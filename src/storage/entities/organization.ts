import { Check, Column, Entity, PrimaryColumn, Unique } from 'typeorm';
import type { PayloadStorageMode } from '../../core/payload-storage.js';

@Entity('organization')
@Unique('organization_slug_key', ['slug'])
@Check('organization_payload_storage_retention_days', 'payload_storage_retention_days BETWEEN 1 AND 3650')
export class Organization {
  @PrimaryColumn({ name: 'id', type: 'uuid', primaryKeyConstraintName: 'organization_pkey' }) id!: string;
  @Column({ name: 'slug', type: 'text' }) slug!: string;
  @Column({ name: 'name', type: 'text' }) name!: string;
  @Column({ name: 'created_at', type: 'timestamptz' }) createdAt!: Date;
  /** Whether prompts and answers are stored, and for how many days. */
  @Column({ name: 'payload_storage_mode', type: 'text', default: 'NONE' }) payloadStorageMode!: PayloadStorageMode;
  @Column({ name: 'payload_storage_retention_days', type: 'integer', default: 30 }) payloadStorageRetentionDays!: number;
}
