import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What reports group and sum by stands in the row itself, as it was then: configuration changes, the books don't. */
const COLUMNS = `
ALTER TABLE inference
  ADD COLUMN served_region text,
  ADD COLUMN attempt_count integer NOT NULL DEFAULT 0`;

/** As the writer: forced policies hide rows from the tables' owner. */
const BACKFILL = `
UPDATE inference SET
  attempt_count = (SELECT count(*) FROM attempt WHERE attempt.inference_id = inference.id),
  served_region = (
    SELECT coalesce(deployment.region, provider.region)
    FROM deployment JOIN provider ON provider.id = deployment.provider_id
    WHERE deployment.id = inference.served_deployment_id
  )`;

/** Reports read a range of time; lists go back from the newest, of one team, person or conversation, or of what did not succeed. */
const INDEXES = `
CREATE INDEX inference_organization_id_created_at_idx ON inference (organization_id, created_at);
CREATE INDEX inference_organization_id_team_id_id_idx ON inference (organization_id, team_id, id DESC) WHERE team_id IS NOT NULL;
CREATE INDEX inference_organization_id_user_id_idx ON inference (organization_id, "user", id DESC) WHERE "user" IS NOT NULL;
CREATE INDEX inference_organization_id_session_id_id_idx ON inference (organization_id, session_id, id DESC) WHERE session_id IS NOT NULL;
CREATE INDEX inference_organization_id_status_id_idx ON inference (organization_id, status, id DESC) WHERE status <> 'SUCCEEDED'`;

const CURRENT_ORGANIZATION = `nullif(current_setting('glidepath.organization_id', true), '')::uuid`;

/** No foreign keys, as in the ledger: a call can be rated before its row is booked. Ratings are added, never changed. */
const FEEDBACK = `
CREATE TABLE feedback (
  id uuid CONSTRAINT feedback_pkey PRIMARY KEY,
  organization_id uuid NOT NULL,
  inference_id uuid NOT NULL,
  api_key_id uuid NOT NULL,
  value double precision NOT NULL CONSTRAINT feedback_value_range CHECK (value BETWEEN -1 AND 1),
  weight double precision NOT NULL CONSTRAINT feedback_weight_range CHECK (weight BETWEEN 0 AND 1),
  label text,
  comment text,
  created_at timestamptz NOT NULL
);
CREATE INDEX feedback_organization_id_inference_id_id_idx ON feedback (organization_id, inference_id, id);
ALTER TABLE feedback ENABLE ROW LEVEL SECURITY;
ALTER TABLE feedback FORCE ROW LEVEL SECURITY;
CREATE POLICY feedback_app ON feedback TO glidepath_app
  USING (organization_id = ${CURRENT_ORGANIZATION}) WITH CHECK (organization_id = ${CURRENT_ORGANIZATION});
CREATE POLICY feedback_writer ON feedback TO glidepath_writer USING (true) WITH CHECK (true);
GRANT SELECT, INSERT ON feedback TO glidepath_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON feedback TO glidepath_writer`;

export class Reports1763776800000 implements MigrationInterface {
  readonly name = 'Reports1763776800000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(COLUMNS);
    await runner.query(`SELECT set_config('role', 'glidepath_writer', true)`);
    await runner.query(BACKFILL);
    await runner.query('RESET ROLE');
    await runner.query(INDEXES);
    await runner.query(FEEDBACK);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE feedback');
    for (const name of ['created_at', 'team_id_id', 'user_id', 'session_id_id', 'status_id'])
      await runner.query(`DROP INDEX inference_organization_id_${name}_idx`);
    await runner.query('ALTER TABLE inference DROP COLUMN attempt_count, DROP COLUMN served_region');
  }
}
