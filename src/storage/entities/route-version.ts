import { Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';
import { Route } from './route.js';

/** Never changed once published. */
@Entity('route_version')
@ForeignKey(() => Route, ['organizationId', 'routeId'], ['organizationId', 'id'], { name: 'route_version_route_fkey' })
export class RouteVersion {
  @PrimaryColumn({ name: 'route_id', type: 'uuid', primaryKeyConstraintName: 'route_version_pkey' }) routeId!: string;
  @PrimaryColumn({ name: 'version', type: 'integer', primaryKeyConstraintName: 'route_version_pkey' }) version!: number;
  @Column({ name: 'organization_id', type: 'uuid' }) organizationId!: string;
  @Column({ name: 'definition', type: 'jsonb' }) definition!: unknown;
  @Column({ name: 'note', type: 'text', nullable: true }) note!: string | null;
  @Column({ name: 'published_at', type: 'timestamptz' }) publishedAt!: Date;
  /** The id of the key that published it. */
  @Column({ name: 'published_by', type: 'text' }) publishedBy!: string;
}
