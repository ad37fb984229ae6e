import type { MigrationInterface, QueryRunner } from 'typeorm';

/** How often idle deployments of a provider are looked after; null: never. */
export class HealthChecks1763794200000 implements MigrationInterface {
  readonly name = 'HealthChecks1763794200000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE provider ADD COLUMN health_check_seconds integer');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE provider DROP COLUMN health_check_seconds');
  }
}
