import type { MigrationInterface, QueryRunner } from 'typeorm';

const CURRENT_ORGANIZATION = `nullif(current_setting('glidepath.organization_id', true), '')::uuid`;

/** No foreign key: what is asked for is a RUNNING row, which settlement replaces. */
const CANCELLATION = `
CREATE TABLE cancellation (
  inference_id uuid NOT NULL,
  organization_id uuid NOT NULL,
  requested_at timestamptz NOT NULL,
  CONSTRAINT cancellation_pkey PRIMARY KEY (inference_id)
);
CREATE INDEX cancellation_requested_at_idx ON cancellation (requested_at);
ALTER TABLE cancellation ENABLE ROW LEVEL SECURITY;
ALTER TABLE cancellation FORCE ROW LEVEL SECURITY;
CREATE POLICY cancellation_app ON cancellation TO glidepath_app
  USING (organization_id = ${CURRENT_ORGANIZATION}) WITH CHECK (organization_id = ${CURRENT_ORGANIZATION});
CREATE POLICY cancellation_writer ON cancellation TO glidepath_writer USING (true) WITH CHECK (true);
GRANT SELECT, INSERT ON cancellation TO glidepath_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON cancellation TO glidepath_writer;`;

/** What one replica asks another to end. */
export class Cancellation1763790600000 implements MigrationInterface {
  readonly name = 'Cancellation1763790600000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(CANCELLATION);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE cancellation');
  }
}
