import { spawn } from 'node:child_process';
import { chmod, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { systemClock } from '../../src/core/clock.js';
import { createDataSource } from '../../src/storage/data-source.js';
import { findBinaries } from '../../src/storage/embedded/binaries.js';
import { ensureCluster } from '../../src/storage/embedded/cluster.js';
import { canReach, runAs } from '../../src/storage/embedded/run-as.js';
import type { RunAs } from '../../src/storage/embedded/run-as.js';
import { startServer } from '../../src/storage/embedded/server.js';
import type { PostgresServer } from '../../src/storage/embedded/server.js';
import { migrate } from '../../src/storage/migrate.js';
import { ensurePartitions } from '../../src/storage/partitions.js';

/** A database with all migrations, to be cloned. */
const TEMPLATE = 'glidepath_template';

/** Nothing in a test has to survive a power cut. */
const SETTINGS = ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off', 'max_connections=200', 'shared_buffers=64MB'];

const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

export interface TestCluster {
  readonly url: string;
  stop(): Promise<void>;
}

/** One Postgres for a whole test run, gone with it however the run ends. */
export async function startTestCluster(): Promise<TestCluster> {
  const user = await runAs();
  const folder = await temporaryFolder(user);
  const binaries = await findBinaries(user, '/var/lib/glidepath/test');
  const cluster = await ensureCluster({ folder: path.join(folder, 'cluster'), binaries, user, durable: false });
  const server = await startServer(cluster, { settings: SETTINGS });
  const guard = guardProcess(server.pid, folder);
  await createTemplate(server);
  return {
    url: server.urlOf('postgres'),
    stop: async () => {
      await server.stop();
      guard.release();
    },
  };
}

async function temporaryFolder(user: RunAs | null): Promise<string> {
  for (const place of [tmpdir(), '/tmp', '/var/tmp']) {
    if (!(await canReach(place, user))) continue;
    const folder = await mkdtemp(path.join(place, 'glidepath-test-'));
    await chmod(folder, 0o711);
    return folder;
  }
  throw new Error('no temporary folder that the database user can reach');
}

/** Ends the server and removes its folder when our end of the pipe closes, which even a kill does. */
function guardProcess(pid: number, folder: string): { release(): void } {
  const script = 'cat >/dev/null; kill -INT "$0" 2>/dev/null; while kill -0 "$0" 2>/dev/null; do sleep 0.1; done; rm -rf "$1"';
  const guard = spawn('/bin/sh', ['-c', script, String(pid), folder], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
  guard.unref();
  return { release: () => guard.stdin.end() };
}

async function createTemplate(server: PostgresServer): Promise<void> {
  const client = new pg.Client({ connectionString: server.urlOf('postgres') });
  await client.connect();
  await client.query(`CREATE DATABASE ${TEMPLATE}`);
  await client.end();
  const dataSource = createDataSource({ url: server.urlOf(TEMPLATE), poolSize: 2 });
  await dataSource.initialize();
  await migrate({ dataSource, logger: quiet, clock: systemClock });
  await ensurePartitions(dataSource, new Date());
  await dataSource.destroy();
}
