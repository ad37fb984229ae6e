import type { MigrationInterface, QueryRunner } from 'typeorm';
import { ACCESS } from './initial/access.js';
import { CONFIGURATION_TABLES } from './initial/configuration-tables.js';
import { LEDGER_TABLES } from './initial/ledger-tables.js';

/** Tables of the first version, newest dependency first. */
const TABLES = [
  'attempt',
  'inference',
  'audit_entry',
  'price',
  'deployment',
  'model',
  'provider',
  'api_key_secret',
  'api_key',
  'team',
  'organization',
  'configuration_version',
  'installation',
];

/** Expects the roles glidepath_app and glidepath_writer: start-up makes them, because roles belong to the whole cluster. */
export class Initial1763769600000 implements MigrationInterface {
  readonly name = 'Initial1763769600000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(CONFIGURATION_TABLES);
    await runner.query(LEDGER_TABLES);
    await runner.query(ACCESS);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of TABLES) await runner.query(`DROP TABLE ${table}`);
  }
}
