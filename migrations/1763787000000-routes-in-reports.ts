import type { MigrationInterface, QueryRunner } from 'typeorm';

/** By which route, and on which side of its experiment, stands in the row itself: reports group and filter by it. */
const COLUMNS = `
ALTER TABLE inference
  ADD COLUMN route text,
  ADD COLUMN route_version integer,
  ADD COLUMN experiment text,
  ADD COLUMN experiment_branch text`;

/** As the writer: forced policies hide rows from the tables' owner. No earlier decision noted its experiment. */
const BACKFILL = `
UPDATE inference SET route = routing ->> 'route', route_version = (routing ->> 'routeVersion')::integer
WHERE jsonb_typeof(routing -> 'route') = 'string'`;

const INDEX = `
CREATE INDEX inference_organization_id_route_id_idx ON inference (organization_id, route, id DESC) WHERE route IS NOT NULL`;

export class RoutesInReports1763787000000 implements MigrationInterface {
  readonly name = 'RoutesInReports1763787000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(COLUMNS);
    await runner.query(`SELECT set_config('role', 'glidepath_writer', true)`);
    await runner.query(BACKFILL);
    await runner.query('RESET ROLE');
    await runner.query(INDEX);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX inference_organization_id_route_id_idx');
    await runner.query(
      'ALTER TABLE inference DROP COLUMN experiment_branch, DROP COLUMN experiment, DROP COLUMN route_version, DROP COLUMN route',
    );
  }
}
