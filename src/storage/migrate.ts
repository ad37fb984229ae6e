import { MigrationExecutor } from 'typeorm';
import type { DataSource, QueryRunner } from 'typeorm';
import type { Clock } from '../core/clock.js';
import type { Logger } from '../core/logger.js';
import { ensureRoles } from './roles.js';

/** Any number that nothing else in the database uses: "glidemig" in ASCII. */
const MIGRATION_LOCK = '7452447363310643559';
const LOCK_POLL_MS = 200;

export interface MigrateContext {
  readonly dataSource: DataSource;
  readonly logger: Logger;
  readonly clock: Clock;
}

/**
 * Brings the schema up to date.
 *
 * 1. One connection makes sure of the roles, takes a session-level advisory lock and keeps it until the end.
 * 2. Who does not get it asks again: a blocked `pg_advisory_lock` would hold a snapshot and so stall a concurrent index build.
 * 3. Who has it runs what is pending, each migration in a transaction of its own, on that same connection:
 *    if the connection is lost, lock and migration end together.
 *
 * @returns the names of the migrations that this call ran.
 * @throws the reason of the first migration that failed; those before it stay.
 */
export async function migrate({ dataSource, logger, clock }: MigrateContext): Promise<readonly string[]> {
  const runner = dataSource.createQueryRunner();
  try {
    await ensureRoles((text, parameters) => runner.manager.query(text, parameters), clock);
    await takeLock(runner, { logger, clock });
    try {
      const executor = new MigrationExecutor(dataSource, runner);
      executor.transaction = 'each';
      const done = (await executor.executePendingMigrations()).map((migration) => migration.name);
      if (done.length > 0) logger.info({ migrations: done }, 'the database schema was brought up to date');
      return done;
    } finally {
      await releaseLock(runner);
    }
  } finally {
    await runner.release();
  }
}

async function takeLock(runner: QueryRunner, { logger, clock }: Pick<MigrateContext, 'logger' | 'clock'>): Promise<void> {
  for (let told = false; ; told = true) {
    const [row] = await runner.manager.query<{ taken: boolean }[]>('SELECT pg_try_advisory_lock($1::bigint) AS taken', [MIGRATION_LOCK]);
    if (row?.taken) return;
    if (!told) logger.info({}, 'another process migrates the database; waiting for it');
    await new Promise<void>((resolve) => {
      clock.after(LOCK_POLL_MS, resolve);
    });
  }
}

/** A connection that broke has lost its lock by itself; the migration's own error is the one to tell. */
async function releaseLock(runner: QueryRunner): Promise<void> {
  await runner.manager.query('SELECT pg_advisory_unlock($1::bigint)', [MIGRATION_LOCK]).catch(() => undefined);
}
