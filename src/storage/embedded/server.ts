import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { open, readFile, rename, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { identity, SUPERUSER } from './cluster.js';
import type { Cluster } from './cluster.js';
import { logTail, sizeOf, stopPostmaster } from './postmaster.js';
import { CHILD_ENVIRONMENT } from './run-as.js';

export interface PostgresServer {
  readonly port: number;
  readonly pid: number;
  urlOf(database: string): string;
  /** Resolves when the server has ended, for whatever reason. */
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

const READY_TIMEOUT_MS = 120_000;
const START_DEADLINE_MS = 30_000;
const POLL_MS = 30;
const RETRY_MS = 300;
const LOG_LIMIT_BYTES = 10_000_000;
const HOST = '127.0.0.1';

/** What the log says when another try can help: the port was taken meanwhile, or old backends are still going away. */
const PORT_TAKEN = /could not bind|Address already in use|could not create any TCP\/IP sockets/;
const STILL_ENDING = /shared memory block|lock file "postmaster.pid" already exists/;

export interface StartOptions {
  /** As in postgresql.conf: `name=value`. */
  readonly settings?: readonly string[];
  /** Exactly this one; else the remembered one, or a free one. */
  readonly port?: number;
}

/**
 * Starts the cluster's server on a loopback port: the remembered one where it is free.
 * @throws an Error with the end of the server's log, where it does not come up.
 */
export async function startServer(cluster: Cluster, { settings = [], port: wanted }: StartOptions = {}): Promise<PostgresServer> {
  const portFile = path.join(cluster.folder, 'port');
  const remembered = Number(await readFile(portFile, 'utf8').catch(() => ''));
  let port = wanted ?? (remembered > 0 ? remembered : await freePort());
  for (const deadline = Date.now() + START_DEADLINE_MS; ;) {
    const attempt = await startOnce(cluster, port, settings);
    if ('server' in attempt) {
      await writeFile(portFile, String(port));
      return attempt.server;
    }
    const retry = PORT_TAKEN.test(attempt.log) || STILL_ENDING.test(attempt.log);
    if (!retry || Date.now() > deadline) throw new Error(`The embedded Postgres did not start:\n${attempt.log}`);
    if (PORT_TAKEN.test(attempt.log) && wanted === undefined) port = await freePort();
    await delay(RETRY_MS);
  }
}

async function startOnce(
  cluster: Cluster,
  port: number,
  settings: readonly string[],
): Promise<{ server: PostgresServer } | { log: string }> {
  const logFile = path.join(cluster.folder, 'log');
  if ((await sizeOf(logFile)) > LOG_LIMIT_BYTES) await rename(logFile, `${logFile}.1`);
  const logStart = await sizeOf(logFile);
  const child = await spawnPostgres({ cluster, port, settings, logFile });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const pid = child.pid;
  if (pid === undefined || !(await becomesReady(child, serverUrl({ port, database: 'postgres', password: cluster.password })))) {
    if (pid !== undefined && child.exitCode === null) await stopPostmaster(pid);
    return { log: await logTail(logFile, logStart) };
  }
  return { server: serverOf({ cluster, port, pid, ended }) };
}

interface Running {
  readonly cluster: Cluster;
  readonly port: number;
  readonly pid: number;
  readonly ended: Promise<void>;
}

function serverOf({ cluster, port, pid, ended }: Running): PostgresServer {
  let running = true;
  // A process that ends without stopping us at least asks the server to go; it does so by itself.
  const farewell = (): void => {
    if (running) process.kill(pid, 'SIGINT');
  };
  process.on('exit', farewell);
  void ended.then(() => {
    running = false;
    process.off('exit', farewell);
  });
  return {
    port,
    pid,
    ended,
    urlOf: (database) => serverUrl({ port, database, password: cluster.password }),
    stop: async () => {
      if (running) await Promise.all([stopPostmaster(pid), ended]);
    },
  };
}

/** Detached: Ctrl-C goes to a terminal's whole process group, and the database has to outlive our draining. */
async function spawnPostgres(start: {
  cluster: Cluster;
  port: number;
  settings: readonly string[];
  logFile: string;
}): Promise<ChildProcess> {
  const { cluster, port, settings, logFile } = start;
  const defaults = [
    `listen_addresses=${HOST}`,
    `port=${port}`,
    'unix_socket_directories=',
    'logging_collector=off',
    'timezone=UTC',
    'log_timezone=UTC',
  ];
  // A file, not a pipe: when we are killed the server must be able to go on writing.
  const log = await open(logFile, 'a', 0o600);
  try {
    const child = spawn(
      cluster.binaries.postgres,
      ['-D', cluster.dataFolder, ...[...defaults, ...settings].flatMap((setting) => ['-c', setting])],
      {
        ...identity(cluster.user),
        cwd: cluster.folder,
        env: CHILD_ENVIRONMENT,
        detached: true,
        stdio: ['ignore', log.fd, log.fd],
      },
    );
    child.on('error', (error) => {
      appendFileSync(logFile, `${error.message}\n`);
    });
    child.unref();
    return child;
  } finally {
    await log.close();
  }
}

async function becomesReady(child: ChildProcess, url: string): Promise<boolean> {
  const deadline = Date.now() + READY_TIMEOUT_MS;
  while (Date.now() < deadline) {
    if (child.exitCode !== null || child.signalCode !== null) return false;
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 1_000 });
    client.on('error', () => undefined);
    try {
      await client.connect();
      // Whoever took the port in the meantime would not be our child.
      const { rows } = await client.query<{ pid: string }>(`SELECT split_part(pg_read_file('postmaster.pid'), E'\\n', 1) AS pid`);
      if (Number(rows[0]?.pid) === child.pid) return true;
    } catch {
      // Refused, starting up or recovering: asked again until the child ends or the time is over.
    } finally {
      await client.end().catch(() => undefined);
    }
    await delay(POLL_MS);
  }
  return false;
}

export function serverUrl({ port, database, password }: { port: number; database: string; password: string }): string {
  return `postgres://${SUPERUSER}:${password}@${HOST}:${port}/${database}`;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, HOST, () => {
      const address = probe.address();
      probe.close(() => {
        if (typeof address === 'object' && address) resolve(address.port);
        else reject(new Error('the system gave no free port'));
      });
    });
  });
}
