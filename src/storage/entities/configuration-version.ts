import { Check, Column, Entity, PrimaryColumn } from 'typeorm';
import { bigintAsNumber } from './columns.js';

/** One row: the number every change of configuration or keys raises, in its own transaction. */
@Entity('configuration_version')
@Check('configuration_version_single_row', 'id = 1')
export class ConfigurationVersion {
  @PrimaryColumn({ name: 'id', type: 'smallint', primaryKeyConstraintName: 'configuration_version_pkey' }) id!: number;
  @Column({ name: 'version', type: 'bigint', transformer: bigintAsNumber }) version!: number;
}
