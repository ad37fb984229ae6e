import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import type { DataSource } from 'typeorm';
import type { Config } from '../config.js';
import type { Clock } from '../core/clock.js';
import type { Logger } from '../core/logger.js';
import type { Secret } from '../core/secret.js';
import { isUnavailable } from './connection-errors.js';
import { createDataSource } from './data-source.js';
import { startEmbeddedPostgres } from './embedded-postgres.js';
import { errorCode } from './error-code.js';
import { checkMasterKey, loadMasterKey } from './master-key.js';
import { migrate } from './migrate.js';
import { createNoticeBoard } from './notices.js';
import type { NoticeBoard } from './notices.js';
import { ensurePartitions } from './partitions.js';
import { createGate, createUnitOfWork, PATIENT, SWIFT } from './unit-of-work.js';
import type { UnitOfWork } from './unit-of-work.js';

/** A database that is up, migrated, and ours. */
export interface Database {
  readonly url: string;
  readonly dataSource: DataSource;
  readonly unitOfWork: UnitOfWork;
  /** On the same connections: for the few indexed statements that a call waits for. It gives up within seconds. */
  readonly swiftWork: UnitOfWork;
  /** What other replicas tell, as long as a watch listens. */
  readonly notices: NoticeBoard;
  readonly masterKey: Secret<Buffer>;
  /** Returns connections; the embedded server stops. */
  close(): Promise<void>;
}

export interface DatabaseContext {
  readonly config: Pick<Config, 'databaseUrl' | 'dataDir' | 'masterKey'>;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly poolSize?: number;
  /** How long a database that does not answer yet is waited for: containers start in any order. */
  readonly connectWithinMs?: number;
}

const CONNECT_WITHIN_MS = 30_000;
const CONNECT_PAUSE_MS = 500;
/** Past what the database itself allows a statement: nothing but a network that swallows everything takes so long. */
const QUERY_TIMEOUT_MS = PATIENT.statementMs + 15_000;

/**
 * 1. The embedded server starts, where no DATABASE_URL is set.
 * 2. The schema is brought up to date, by one replica.
 * 3. The ledger's partitions are made ahead.
 * 4. The master key is compared with the one the database was set up with.
 *
 * @throws what kept it from being ready; nothing is left open then.
 */
export async function openDatabase(context: DatabaseContext): Promise<Database> {
  const { logger, poolSize } = context;
  const { url, release } = await locate(context);
  const dataSource = createDataSource({ url, logger, queryTimeoutMs: QUERY_TIMEOUT_MS, ...(poolSize === undefined ? {} : { poolSize }) });
  const close = async (): Promise<void> => {
    try {
      if (dataSource.isInitialized) await dataSource.destroy();
    } finally {
      await release();
    }
  };
  try {
    await setUp(url, context);
    await dataSource.initialize();
    return { url, dataSource, close, notices: createNoticeBoard(), ...(await prepare(dataSource, context)) };
  } catch (error) {
    await close();
    throw error;
  }
}

async function locate({ config, logger }: DatabaseContext): Promise<{ url: string; release: () => Promise<void> }> {
  if (config.databaseUrl) {
    const url = config.databaseUrl.reveal();
    return { url, release: () => Promise.resolve() };
  }
  const embedded = await startEmbeddedPostgres(config.dataDir, logger);
  return { url: embedded.url, release: () => embedded.stop() };
}

async function connect(dataSource: DataSource, url: string, context: DatabaseContext): Promise<void> {
  const { clock, logger, connectWithinMs = CONNECT_WITHIN_MS } = context;
  const { host, pathname } = new URL(url);
  const startedAt = clock.monotonicMs();
  for (let told = false; ; told = true) {
    try {
      await dataSource.initialize();
      break;
    } catch (error) {
      const reason = errorCode(error) ?? String(error);
      if (!isUnavailable(error)) throw error;
      if (clock.monotonicMs() - startedAt >= connectWithinMs)
        throw new Error(`The database ${pathname.slice(1)} at ${host} cannot be reached (${reason}).`, { cause: error });
      if (!told) logger.info({ host, reason }, 'the database does not answer yet; waiting for it');
      await delay(CONNECT_PAUSE_MS);
    }
  }
  if (context.config.databaseUrl) await warnOfPooler(url, logger);
}

/** On a connection of its own, whose statements may take as long as they need: an index on a large table is no fault. */
async function setUp(url: string, context: DatabaseContext): Promise<void> {
  const { logger, clock } = context;
  const dataSource = createDataSource({ url, logger, poolSize: 1 });
  try {
    await connect(dataSource, url, context);
    await migrate({ dataSource, logger, clock });
    await ensurePartitions(dataSource, clock.now());
  } finally {
    if (dataSource.isInitialized) await dataSource.destroy();
  }
}

async function prepare(dataSource: DataSource, { config }: DatabaseContext) {
  const gate = createGate(dataSource);
  const unitOfWork = createUnitOfWork(dataSource, { gate });
  const swiftWork = createUnitOfWork(dataSource, { gate, limits: SWIFT });
  const masterKey = config.masterKey ?? (await loadMasterKey(config.dataDir));
  await checkMasterKey(unitOfWork, masterKey);
  return { unitOfWork, swiftWork, masterKey };
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
