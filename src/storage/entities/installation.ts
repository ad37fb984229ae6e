import { Check, Column, Entity, PrimaryColumn } from 'typeorm';

/** One row: what this database belongs to. */
@Entity('installation')
@Check('installation_single_row', 'id = 1')
export class Installation {
  @PrimaryColumn({ name: 'id', type: 'smallint', primaryKeyConstraintName: 'installation_pkey' }) id!: number;
  /** Derived from the master key, so that start-up can refuse another one. */
  @Column({ name: 'master_key_check', type: 'bytea' }) masterKeyCheck!: Buffer;
  @Column({ name: 'seeded_at', type: 'timestamptz', nullable: true }) seededAt!: Date | null;
}
