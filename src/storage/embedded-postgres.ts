import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { chmod, mkdir, readFile, realpath, rename, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import pg from 'pg';
import type { Logger } from '../core/logger.js';
import { findBinaries } from './embedded/binaries.js';
import { ensureCluster } from './embedded/cluster.js';
import { lockFolder } from './folder-lock.js';
import { clearLeftovers } from './embedded/postmaster.js';
import { canReach, runAs } from './embedded/run-as.js';
import type { RunAs } from './embedded/run-as.js';
import { serverUrl, startServer } from './embedded/server.js';
import type { PostgresServer } from './embedded/server.js';
import { supervise } from './embedded/supervisor.js';

export { FolderInUseError } from './folder-lock.js';

export interface EmbeddedPostgres {
  readonly url: string;
  /** Stops the server and gives the folder back. */
  stop(): Promise<void>;
}

/** Where root's Postgres user finds its data and binaries, when it cannot get at DATA_DIR. */
const SHARED_PLACE = '/var/lib/glidepath';
const DATABASE = 'glidepath';
const LOCATION_NOTE = 'postgres.location';

/**
 * A real Postgres under DATA_DIR/postgres, for as long as this process runs.
 *
 * 1. The folder is locked to this process, so nothing below races.
 * 2. As root, Postgres gets a system user; data and binaries it cannot reach live below /var/lib/glidepath.
 * 3. What is missing is made, what a killed predecessor left is cleared, and the server starts.
 *
 * @throws FolderInUseError where another process has the folder; an Error with the server's log where it does not start.
 */
export async function startEmbeddedPostgres(dataDir: string, logger: Logger): Promise<EmbeddedPostgres> {
  await mkdir(dataDir, { recursive: true });
  const lock = await lockFolder(dataDir);
  try {
    const { url, end } = await start(dataDir, logger);
    return { url, stop: () => end().finally(() => lock.release()) };
  } catch (error) {
    await lock.release();
    throw error;
  }
}

/** For tools beside the running product. @throws an Error where it never ran on this folder. */
export function runningEmbeddedUrl(dataDir: string): string {
  const note = path.join(dataDir, LOCATION_NOTE);
  const folder = existsSync(note) ? readFileSync(note, 'utf8').trim() : path.join(dataDir, 'postgres');
  const read = (name: string): string => readFileSync(path.join(folder, name), 'utf8').trim();
  if (!existsSync(path.join(folder, 'port')))
    throw new Error(`No embedded Postgres in ${folder}: start Glidepath once, or set DATABASE_URL.`);
  return serverUrl({ port: Number(read('port')), database: DATABASE, password: read('password') });
}

async function start(dataDir: string, logger: Logger): Promise<{ url: string; end: () => Promise<void> }> {
  const user = await runAs();
  const { folder, shared } = await placeOf(dataDir, user, logger);
  const binaries = await findBinaries(user, shared);
  const cluster = await ensureCluster({ folder, binaries, user });
  const cleared = await clearLeftovers(cluster.dataFolder);
  if (cleared !== 'nothing') logger.warn({ folder, cleared }, 'the last run did not end well; its Postgres was cleared away');
  const server = await startServer(cluster);
  try {
    await ensureDatabase(server);
  } catch (error) {
    await server.stop();
    throw error;
  }
  logger.info({ folder, port: server.port, user: user?.name ?? null }, 'the embedded Postgres is up');
  const end = supervise(cluster, server, logger);
  return { url: server.urlOf(DATABASE), end };
}

/**
 * The cluster's folder. Where it once was it stays: a mode that changes between two runs must not turn into an empty
 * database elsewhere, so a place outside DATA_DIR is written down in it.
 */
async function placeOf(dataDir: string, user: RunAs | null, logger: Logger): Promise<{ folder: string; shared: string }> {
  const home = await realpath(dataDir);
  const shared = path.join(SHARED_PLACE, createHash('sha256').update(home).digest('hex').slice(0, 16));
  const inside = path.join(home, 'postgres');
  const note = path.join(home, LOCATION_NOTE);
  const noted = (await readFile(note, 'utf8').catch(() => '')).trim();
  if (noted !== '') return { folder: noted, shared };
  if (await exists(path.join(inside, 'data', 'PG_VERSION'))) return { folder: inside, shared };
  if (await canReach(home, user)) return { folder: inside, shared };
  await mkdir(shared, { recursive: true });
  await chmod(SHARED_PLACE, 0o755);
  const folder = path.join(shared, 'postgres');
  await putAside(folder, logger);
  await writeFile(note, `${folder}\n`);
  return { folder, shared };
}

/** What lies there belonged to a data folder that was deleted, together with its master key: a new one begins empty. */
async function putAside(folder: string, logger: Logger): Promise<void> {
  if (!(await exists(folder))) return;
  await clearLeftovers(path.join(folder, 'data'));
  const aside = `${folder}.${new Date().toISOString().replaceAll(':', '-')}`;
  await rename(folder, aside);
  logger.warn({ aside }, 'DATA_DIR is new; the database of the one before was put aside, delete it when you do not need it');
}

async function ensureDatabase(server: PostgresServer): Promise<void> {
  const client = new pg.Client({ connectionString: server.urlOf('postgres') });
  await client.connect();
  try {
    const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [DATABASE]);
    if (rowCount === 0) await client.query(`CREATE DATABASE ${DATABASE}`);
  } finally {
    await client.end();
  }
}

async function exists(target: string): Promise<boolean> {
  return stat(target).then(
    () => true,
    () => false,
  );
}
