import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { JsonObject } from '../../core/json.js';

/** Who changed what; never a secret. Entries are added, never changed. */
@Entity('audit_entry')
@Index('audit_entry_organization_id_id_idx', ['organizationId', 'id'])
export class AuditEntry {
  @PrimaryColumn({ name: 'id', type: 'uuid', primaryKeyConstraintName: 'audit_entry_pkey' }) id!: string;
  @Column({ name: 'organization_id', type: 'uuid' }) organizationId!: string;
  @Column({ name: 'at', type: 'timestamptz' }) at!: Date;
  @Column({ name: 'actor_api_key_id', type: 'uuid', nullable: true }) actorApiKeyId!: string | null;
  @Column({ name: 'actor', type: 'text' }) actor!: string;
  @Column({ name: 'action', type: 'text' }) action!: string;
  @Column({ name: 'target_id', type: 'text' }) targetId!: string;
  @Column({ name: 'target_kind', type: 'text' }) targetKind!: string;
  @Column({ name: 'before', type: 'jsonb', nullable: true }) before!: JsonObject | null;
  @Column({ name: 'after', type: 'jsonb', nullable: true }) after!: JsonObject | null;
  @Column({ name: 'request_id', type: 'text', nullable: true }) requestId!: string | null;
}
