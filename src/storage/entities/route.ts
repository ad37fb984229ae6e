import { Check, Column, Entity, ForeignKey, PrimaryColumn, Unique } from 'typeorm';
import { Organization } from './organization.js';

@Entity('route')
@Unique('route_organization_id_id_key', ['organizationId', 'id'])
@Unique('route_organization_id_slug_key', ['organizationId', 'slug'])
@Check('route_current_version_positive', 'current_version > 0')
@ForeignKey(() => Organization, ['organizationId'], ['id'], { name: 'route_organization_id_fkey' })
export class Route {
  @PrimaryColumn({ name: 'id', type: 'uuid', primaryKeyConstraintName: 'route_pkey' }) id!: string;
  @Column({ name: 'organization_id', type: 'uuid' }) organizationId!: string;
  @Column({ name: 'slug', type: 'text' }) slug!: string;
  @Column({ name: 'current_version', type: 'integer' }) currentVersion!: number;
  @Column({ name: 'created_at', type: 'timestamptz' }) createdAt!: Date;
}
