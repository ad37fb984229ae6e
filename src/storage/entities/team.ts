import { Column, Entity, ForeignKey, PrimaryColumn, Unique } from 'typeorm';
import { Organization } from './organization.js';

@Entity('team')
@Unique('team_organization_id_id_key', ['organizationId', 'id'])
@Unique('team_organization_id_slug_key', ['organizationId', 'slug'])
@ForeignKey(() => Organization, ['organizationId'], ['id'], { name: 'team_organization_id_fkey' })
export class Team {
  @PrimaryColumn({ name: 'id', type: 'uuid', primaryKeyConstraintName: 'team_pkey' }) id!: string;
  @Column({ name: 'organization_id', type: 'uuid' }) organizationId!: string;
  @Column({ name: 'slug', type: 'text' }) slug!: string;
  @Column({ name: 'name', type: 'text' }) name!: string;
  @Column({ name: 'created_at', type: 'timestamptz' }) createdAt!: Date;
}
