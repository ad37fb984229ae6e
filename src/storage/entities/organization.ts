import { Column, Entity, PrimaryColumn, Unique } from 'typeorm';

@Entity('organization')
@Unique('organization_slug_key', ['slug'])
export class Organization {
  @PrimaryColumn({ name: 'id', type: 'uuid', primaryKeyConstraintName: 'organization_pkey' }) id!: string;
  @Column({ name: 'slug', type: 'text' }) slug!: string;
  @Column({ name: 'name', type: 'text' }) name!: string;
  @Column({ name: 'created_at', type: 'timestamptz' }) createdAt!: Date;
}
