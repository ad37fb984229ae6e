import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Whether a deployment may be asked once more for an answer that fits its schema, and why an attempt was made. */
export class StructuredOutput1763801400000 implements MigrationInterface {
  readonly name = 'StructuredOutput1763801400000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE deployment ADD COLUMN structured_output_repair boolean DEFAULT false NOT NULL');
    await runner.query('ALTER TABLE attempt ADD COLUMN reason text');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE attempt DROP COLUMN reason');
    await runner.query('ALTER TABLE deployment DROP COLUMN structured_output_repair');
  }
}
