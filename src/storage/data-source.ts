import type { EventEmitter } from 'node:events';
import { DataSource } from 'typeorm';
import type { Logger as TypeormLogger } from 'typeorm';
import type { Logger } from '../core/logger.js';
import { MIGRATIONS } from '../../migrations/index.js';
import { ENTITIES } from './entities/index.js';
import { errorCode } from './error-code.js';

export interface DataSourceSettings {
  readonly url: string;
  /** Connections at most; 20 where not given. */
  readonly poolSize?: number;
  /** How long a new connection may take to be made: a dead database must fail fast. */
  readonly connectTimeoutMs?: number;
  /** How long an answer to any statement is waited for; past it the statement fails here. Absent: for ever, as a migration may need. */
  readonly queryTimeoutMs?: number;
  readonly logger?: Logger;
}

export const DEFAULT_POOL_SIZE = 20;
const DEFAULT_CONNECT_TIMEOUT_MS = 3_000;

/** TypeORM's own writes migrations to stdout whatever it is told; faults reach us as errors, and statements may hold secrets. */
const SILENT: TypeormLogger = {
  logQuery: () => undefined,
  logQueryError: () => undefined,
  logQuerySlow: () => undefined,
  logSchemaBuild: () => undefined,
  logMigration: () => undefined,
  log: () => undefined,
};

/** Not yet connected: call `initialize()`. The schema comes from migrations alone, never from the entities. */
export function createDataSource(settings: DataSourceSettings): DataSource {
  return new DataSource({
    type: 'postgres',
    url: settings.url,
    applicationName: 'glidepath',
    poolSize: settings.poolSize ?? DEFAULT_POOL_SIZE,
    connectTimeoutMS: settings.connectTimeoutMs ?? DEFAULT_CONNECT_TIMEOUT_MS,
    extra: { keepAlive: true, allowExitOnIdle: false, onConnect: survive, query_timeout: settings.queryTimeoutMs },
    entities: ENTITIES,
    migrations: MIGRATIONS,
    migrationsTableName: 'schema_migration',
    migrationsTransactionMode: 'each',
    synchronize: false,
    installExtensions: false,
    logger: SILENT,
    // The error carries its whole client, settings and buffers.
    poolErrorHandler: (error: unknown) =>
      settings.logger?.warn({ code: errorCode(error), reason: reasonOf(error) }, 'an idle database connection was lost'),
  });
}

/**
 * Between the pool's handing a connection over and the borrower's first look at it nobody listens; a server that ends the
 * connection right then would end this process. The borrower's query fails all the same, and the pool replaces the connection.
 */
function survive(client: EventEmitter): void {
  client.on('error', () => undefined);
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
