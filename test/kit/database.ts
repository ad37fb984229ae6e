import { randomBytes } from 'node:crypto';
import pg from 'pg';

const TEMPLATE = 'glidepath_template';

export interface TestDatabase {
  readonly url: string;
  drop(): Promise<void>;
}

/** A database of one's own in the run's cluster: a clone of the migrated template, or empty. Drop it in `afterAll`. */
export async function createTestDatabase(options: { migrated?: boolean } = {}): Promise<TestDatabase> {
  const name = `test_${randomBytes(8).toString('hex')}`;
  await administer(`CREATE DATABASE ${name} TEMPLATE ${(options.migrated ?? true) ? TEMPLATE : 'template0'}`);
  const url = new URL(clusterUrl());
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => administer(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`) };
}

/** One statement as the cluster's superuser. */
export async function administer(sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: clusterUrl() });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

function clusterUrl(): string {
  const url = process.env['GLIDEPATH_TEST_DATABASE_URL'];
  if (url === undefined) throw new Error('no test cluster: run through jest, whose global setup starts one');
  return url;
}
