import type { MigrationInterface, QueryRunner } from 'typeorm';

const CURRENT_ORGANIZATION = `nullif(current_setting('glidepath.organization_id', true), '')::uuid`;

/** Unpartitioned, so that a key can be unique; what names its owner is gone with its end. */
const IDEMPOTENCY_KEY = `
CREATE TABLE idempotency_key (
  organization_id uuid NOT NULL,
  api_key_id uuid NOT NULL,
  operation text NOT NULL,
  key text NOT NULL,
  fingerprint bytea NOT NULL,
  inference_id uuid NOT NULL,
  owner uuid NOT NULL,
  owner_expires_at timestamptz NOT NULL,
  created_at timestamptz NOT NULL,
  ended_at timestamptz,
  expires_at timestamptz NOT NULL,
  CONSTRAINT idempotency_key_pkey PRIMARY KEY (organization_id, api_key_id, operation, key)
);
CREATE INDEX idempotency_key_expires_at_idx ON idempotency_key (expires_at);
CREATE INDEX idempotency_key_inference_id_idx ON idempotency_key (inference_id);
CREATE INDEX idempotency_key_owner_expires_at_idx ON idempotency_key (owner_expires_at) WHERE ended_at IS NULL;`;

/** Sealed words of completions, each with its own end; no foreign key, since a ledger row is booked on its own. */
const COMPLETION_CONTENT = `
CREATE TABLE completion_content (
  completion_id uuid NOT NULL,
  kind text NOT NULL,
  organization_id uuid NOT NULL,
  envelope bytea NOT NULL,
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  CONSTRAINT completion_content_pkey PRIMARY KEY (completion_id, kind)
);
CREATE INDEX completion_content_expires_at_idx ON completion_content (expires_at);
ALTER TABLE completion_content ALTER COLUMN envelope SET STORAGE EXTERNAL;`;

/** The application's role only reads them: keys and contents are written by what runs completions. */
const secured = (table: string): string => `
ALTER TABLE ${table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE ${table} FORCE ROW LEVEL SECURITY;
CREATE POLICY ${table}_app ON ${table} TO glidepath_app
  USING (organization_id = ${CURRENT_ORGANIZATION}) WITH CHECK (organization_id = ${CURRENT_ORGANIZATION});
CREATE POLICY ${table}_writer ON ${table} TO glidepath_writer USING (true) WITH CHECK (true);
GRANT SELECT ON ${table} TO glidepath_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON ${table} TO glidepath_writer;`;

const RUNNING_ROWS = `CREATE INDEX inference_running_idx ON inference (id) WHERE status = 'RUNNING'`;

const PAYLOAD_STORAGE = `
ALTER TABLE organization
  ADD COLUMN payload_storage_mode text NOT NULL DEFAULT 'NONE',
  ADD COLUMN payload_storage_retention_days integer NOT NULL DEFAULT 30,
  ADD CONSTRAINT organization_payload_storage_retention_days CHECK (payload_storage_retention_days BETWEEN 1 AND 3650);
GRANT UPDATE (payload_storage_mode, payload_storage_retention_days) ON organization TO glidepath_app`;

/** Keys, events and words that outlive the process. */
export class Durable1763782200000 implements MigrationInterface {
  readonly name = 'Durable1763782200000';

  async up(runner: QueryRunner): Promise<void> {
    for (const sql of [IDEMPOTENCY_KEY, secured('idempotency_key'), COMPLETION_CONTENT, secured('completion_content')])
      await runner.query(sql);
    await runner.query(RUNNING_ROWS);
    await runner.query(PAYLOAD_STORAGE);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('REVOKE UPDATE (payload_storage_mode, payload_storage_retention_days) ON organization FROM glidepath_app');
    await runner.query('ALTER TABLE organization DROP COLUMN payload_storage_mode, DROP COLUMN payload_storage_retention_days');
    await runner.query('DROP INDEX inference_running_idx');
    await runner.query('DROP TABLE completion_content');
    await runner.query('DROP TABLE idempotency_key');
  }
}
