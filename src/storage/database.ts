import pg from 'pg';
import type { DataSource } from 'typeorm';
import type { Config } from '../config.js';
import type { Clock } from '../core/clock.js';
import type { Logger } from '../core/logger.js';
import type { Secret } from '../core/secret.js';
import { createDataSource } from './data-source.js';
import { startEmbeddedPostgres } from './embedded-postgres.js';
import { checkMasterKey, loadMasterKey } from './master-key.js';
import { migrate } from './migrate.js';
import { ensurePartitions } from './partitions.js';
import { createUnitOfWork } from './unit-of-work.js';
import type { UnitOfWork } from './unit-of-work.js';

/** A database that is up, migrated, and ours. */
export interface Database {
  readonly url: string;
  readonly dataSource: DataSource;
  readonly unitOfWork: UnitOfWork;
  readonly masterKey: Secret<Buffer>;
  /** Returns connections; the embedded server stops. */
  close(): Promise<void>;
}

export interface DatabaseContext {
  readonly config: Pick<Config, 'databaseUrl' | 'dataDir' | 'masterKey'>;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly poolSize?: number;
}

/**
 * 1. The embedded server starts, where no DATABASE_URL is set.
 * 2. The schema is brought up to date, by one replica.
 * 3. The ledger's partitions are made ahead.
 * 4. The master key is compared with the one the database was set up with.
 *
 * @throws what kept it from being ready; nothing is left open then.
 */
export async function openDatabase(context: DatabaseContext): Promise<Database> {
  const { config, logger } = context;
  const embedded = config.databaseUrl ? null : await startEmbeddedPostgres(config.dataDir, logger);
  const url = config.databaseUrl?.reveal() ?? embedded?.url ?? '';
  const dataSource = createDataSource({ url, logger, ...(context.poolSize === undefined ? {} : { poolSize: context.poolSize }) });
  const close = async (): Promise<void> => {
    try {
      if (dataSource.isInitialized) await dataSource.destroy();
    } finally {
      await embedded?.stop();
    }
  };
  try {
    await dataSource.initialize();
    const ready = await prepare(dataSource, context);
    if (!embedded) await warnOfPooler(url, logger);
    return { url, dataSource, close, ...ready };
  } catch (error) {
    await close();
    throw error;
  }
}

async function prepare(dataSource: DataSource, { config, logger, clock }: DatabaseContext) {
  await migrate({ dataSource, logger, clock });
  await ensurePartitions(dataSource, clock.now());
  const unitOfWork = createUnitOfWork(dataSource);
  const masterKey = config.masterKey ?? (await loadMasterKey(config.dataDir));
  await checkMasterKey(unitOfWork, masterKey);
  return { unitOfWork, masterKey };
}

/** A pooler gives out process ids of its own; whether it keeps sessions apart can't be seen from here, so it is said. */
async function warnOfPooler(url: string, logger: Logger): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 3_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    const announced: unknown = Reflect.get(client, 'processID');
    if (announced !== rows[0]?.pid)
      logger.warn({}, 'DATABASE_URL leads to a connection pooler: it must be in session mode, since LISTEN and advisory locks need one');
  } finally {
    await client.end().catch(() => undefined);
  }
}
