import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Whom a provider's connections trust, and what they show of the gateway. */
export class ProviderTls1763797800000 implements MigrationInterface {
  readonly name = 'ProviderTls1763797800000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE provider
        ADD COLUMN tls_certificate_authority text,
        ADD COLUMN tls_client_certificate text,
        ADD COLUMN tls_client_key bytea,
        ADD COLUMN tls_server_name text,
        ADD CONSTRAINT provider_tls_client_complete CHECK ((tls_client_certificate IS NULL) = (tls_client_key IS NULL))
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE provider
        DROP COLUMN tls_certificate_authority,
        DROP COLUMN tls_client_certificate,
        DROP COLUMN tls_client_key,
        DROP COLUMN tls_server_name
    `);
  }
}
