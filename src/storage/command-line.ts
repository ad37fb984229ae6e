import { readDatabaseTarget } from '../config.js';
import { createDataSource } from './data-source.js';
import { runningEmbeddedUrl } from './embedded-postgres.js';

/** The data source for TypeORM's command line: DATABASE_URL, or the embedded Postgres while it runs. */
export const commandLineDataSource = createDataSource({ url: commandLineUrl(), poolSize: 2 });

function commandLineUrl(): string {
  const { databaseUrl, dataDir } = readDatabaseTarget();
  if (databaseUrl) return databaseUrl.reveal();
  return runningEmbeddedUrl(dataDir);
}
