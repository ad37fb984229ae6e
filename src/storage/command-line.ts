import { readDatabaseTarget } from '../config.js';
import { createDataSource } from './data-source.js';
import { runningEmbeddedUrl } from './embedded-postgres.js';

/**
 * The data source for TypeORM's command line: DATABASE_URL, or the embedded Postgres while it runs. The roles have to be
 * there: a first start makes them, or the SQL that it tells.
 */
export const commandLineDataSource = createDataSource({ url: commandLineUrl(), poolSize: 2 }).setOptions({ logger: 'advanced-console' });

function commandLineUrl(): string {
  const { databaseUrl, dataDir } = readDatabaseTarget();
  if (databaseUrl) return databaseUrl.reveal();
  return runningEmbeddedUrl(dataDir);
}
