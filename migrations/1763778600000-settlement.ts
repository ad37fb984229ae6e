import type { MigrationInterface, QueryRunner } from 'typeorm';

/** A settlement in another's place can be replaced once; and a refused parameter is told also after a restart. */
export class Settlement1763778600000 implements MigrationInterface {
  readonly name = 'Settlement1763778600000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE inference ADD COLUMN provisional boolean NOT NULL DEFAULT false');
    await runner.query('ALTER TABLE attempt ADD COLUMN parameter text');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE attempt DROP COLUMN parameter');
    await runner.query('ALTER TABLE inference DROP COLUMN provisional');
  }
}
