import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Versions are added, never changed: what an old decision rested on can be read for ever. The slug is told from models' by the change. */
const TABLES = `
CREATE TABLE route (
  id uuid CONSTRAINT route_pkey PRIMARY KEY,
  organization_id uuid NOT NULL CONSTRAINT route_organization_id_fkey REFERENCES organization (id),
  slug text NOT NULL,
  current_version integer NOT NULL,
  created_at timestamptz NOT NULL,
  CONSTRAINT route_organization_id_id_key UNIQUE (organization_id, id),
  CONSTRAINT route_organization_id_slug_key UNIQUE (organization_id, slug),
  CONSTRAINT route_current_version_positive CHECK (current_version > 0)
);

CREATE TABLE route_version (
  organization_id uuid NOT NULL,
  route_id uuid NOT NULL,
  version integer NOT NULL,
  definition jsonb NOT NULL,
  note text,
  published_at timestamptz NOT NULL,
  published_by text NOT NULL,
  CONSTRAINT route_version_pkey PRIMARY KEY (route_id, version),
  CONSTRAINT route_version_route_fkey FOREIGN KEY (organization_id, route_id) REFERENCES route (organization_id, id)
)`;

const CURRENT_ORGANIZATION = `nullif(current_setting('glidepath.organization_id', true), '')::uuid`;

const access = (table: string, grants: string) => `
ALTER TABLE ${table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE ${table} FORCE ROW LEVEL SECURITY;
CREATE POLICY ${table}_app ON ${table} TO glidepath_app
  USING (organization_id = ${CURRENT_ORGANIZATION}) WITH CHECK (organization_id = ${CURRENT_ORGANIZATION});
CREATE POLICY ${table}_writer ON ${table} TO glidepath_writer USING (true) WITH CHECK (true);
GRANT ${grants} ON ${table} TO glidepath_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON ${table} TO glidepath_writer`;

export class Routes1763785800000 implements MigrationInterface {
  readonly name = 'Routes1763785800000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(TABLES);
    await runner.query(access('route', 'SELECT, INSERT, UPDATE'));
    await runner.query(access('route_version', 'SELECT, INSERT'));
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE route_version');
    await runner.query('DROP TABLE route');
  }
}
