import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import pg from 'pg';
import { systemClock } from '../../src/core/clock.js';
import type { GatewayError } from '../../src/core/errors.js';
import { createDataSource } from '../../src/storage/data-source.js';
import { FolderInUseError, runningEmbeddedUrl, startEmbeddedPostgres } from '../../src/storage/embedded-postgres.js';
import type { EmbeddedPostgres } from '../../src/storage/embedded-postgres.js';
import { ensureRoles } from '../../src/storage/roles.js';
import { createUnitOfWork } from '../../src/storage/unit-of-work.js';
import { collectingLogger } from '../kit/logger.js';

const CHILD = path.resolve('test/kit/embedded-child.ts');
const TIMEOUT_MS = 60_000;

interface Said {
  readonly url?: string;
  readonly log?: readonly string[];
  readonly stopped?: boolean;
  readonly error?: { readonly name: string; readonly message: string };
}

interface Child {
  readonly process: ChildProcess;
  next(): Promise<Said>;
}

let dataDir: string;
/** A folder of a first start that ended well, to be copied: most tests are about later starts. */
let seed: string;
let running: EmbeddedPostgres[] = [];
let children: ChildProcess[] = [];

beforeAll(async () => {
  seed = path.join(await mkdtemp(path.join(tmpdir(), 'glidepath-embedded-')), 'data');
  await chmod(path.dirname(seed), 0o755);
  await (await startEmbeddedPostgres(seed, collectingLogger())).stop();
}, TIMEOUT_MS);

afterAll(() => rm(path.dirname(seed), { recursive: true, force: true }));

async function startedBefore(): Promise<void> {
  await promisify(execFile)('cp', ['-a', seed, dataDir]);
}

beforeEach(async () => {
  dataDir = path.join(await mkdtemp(path.join(tmpdir(), 'glidepath-embedded-')), 'data');
  await chmod(path.dirname(dataDir), 0o755);
});

afterEach(async () => {
  for (const child of children) {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
  }
  children = [];
  await Promise.all(running.map((postgres) => postgres.stop()));
  running = [];
  const pid = await postmasterPid();
  if (pid !== null && alive(pid)) process.kill(pid, 'SIGKILL');
  await rm(path.dirname(dataDir), { recursive: true, force: true });
});

async function start(folder = dataDir): Promise<EmbeddedPostgres & { log: readonly string[] }> {
  const logger = collectingLogger();
  const postgres = await startEmbeddedPostgres(folder, logger);
  running.push(postgres);
  return { ...postgres, log: logger.messages() };
}

async function stop(postgres: EmbeddedPostgres): Promise<void> {
  running = running.filter((other) => other.url !== postgres.url);
  await postgres.stop();
}

/** In a process of its own. */
function startChild(): Child {
  const child = spawn(process.execPath, ['--import', 'tsx', CHILD, dataDir], { stdio: ['ignore', 'pipe', 'ignore'] });
  children.push(child);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    process: child,
    next: async () => JSON.parse(String((await lines.next()).value)) as Said,
  };
}

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

async function postmasterPid(): Promise<number | null> {
  const text = await readFile(path.join(dataDir, 'postgres', 'data', 'postmaster.pid'), 'utf8').catch(() => '');
  return Number.parseInt(text, 10) || null;
}

function alive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

describe('the embedded Postgres', () => {
  test(
    'is made, keeps its data, port and password over a stop and a start, and is gone after a stop',
    async () => {
      const first = await start();
      await query(first.url, 'CREATE TABLE kept AS SELECT 42 AS answer');
      const pid = await postmasterPid();
      const startedAt = performance.now();
      await stop(first);
      expect(performance.now() - startedAt).toBeLessThan(10_000);
      expect(pid !== null && alive(pid)).toBe(false);
      await expect(query(first.url, 'SELECT 1')).rejects.toThrow(/ECONNREFUSED/);
      const second = await start();
      expect(second.url).toBe(first.url);
      expect(runningEmbeddedUrl(dataDir)).toBe(first.url);
      expect(await query(second.url, 'SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
    },
    TIMEOUT_MS,
  );

  test(
    'is reachable from this machine alone, by password alone, and its files are for its user alone',
    async () => {
      await startedBefore();
      const { url } = await start();
      expect(await query(url, 'SHOW listen_addresses')).toEqual([{ listen_addresses: '127.0.0.1' }]);
      expect(await query(url, 'SHOW unix_socket_directories')).toEqual([{ unix_socket_directories: '' }]);
      const wrong = new URL(url);
      wrong.password = 'guess';
      await expect(query(wrong.href, 'SELECT 1')).rejects.toThrow(/password authentication failed/);
      expect(await query(url, `SELECT DISTINCT auth_method FROM pg_hba_file_rules`)).toEqual([{ auth_method: 'scram-sha-256' }]);
      for (const [name, mode] of [
        ['', 0o700],
        ['password', 0o600],
        ['log', 0o600],
        ['data', 0o700],
      ] as const)
        expect((await stat(path.join(dataDir, 'postgres', name))).mode & 0o777).toBe(mode);
      expect(new URL(url).password.length).toBeGreaterThanOrEqual(43);
    },
    TIMEOUT_MS,
  );

  test(
    'does not inherit our environment, where secrets are',
    async () => {
      await startedBefore();
      process.env['GLIDEPATH_PROBE'] = 'a-secret-of-ours';
      try {
        await start();
        const environment = await readFile(`/proc/${await postmasterPid()}/environ`, 'utf8');
        expect(environment).toContain('LC_ALL=C');
        expect(environment).not.toContain('a-secret-of-ours');
      } finally {
        delete process.env['GLIDEPATH_PROBE'];
      }
    },
    TIMEOUT_MS,
  );

  test(
    'runs in a process group of its own, so that Ctrl-C ends us and not it',
    async () => {
      await startedBefore();
      await start();
      const pid = await postmasterPid();
      const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).replace(/^.*\) /s, '').split(' ');
      expect(Number(fields[2])).toBe(pid);
    },
    TIMEOUT_MS,
  );

  test(
    'takes another port when the remembered one is in use',
    async () => {
      await startedBefore();
      const first = await start();
      const port = Number(new URL(first.url).port);
      await stop(first);
      const squatter = createServer().listen(port, '127.0.0.1');
      await once(squatter, 'listening');
      try {
        const second = await start();
        expect(Number(new URL(second.url).port)).not.toBe(port);
        expect(await query(second.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
      } finally {
        squatter.close();
      }
    },
    TIMEOUT_MS,
  );

  test(
    'finishes what a killed first start had begun',
    async () => {
      await mkdir(path.join(dataDir, 'postgres', 'data.new', 'base'), { recursive: true });
      await writeFile(path.join(dataDir, 'postgres', 'data.new', 'PG_VERSION'), '18\n');
      const { url } = await start();
      expect(await query(url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    },
    TIMEOUT_MS,
  );

  test(
    'that can’t start rejects with the end of its log, and gives the folder back',
    async () => {
      await startedBefore();
      const settings = path.join(dataDir, 'postgres', 'data', 'postgresql.conf');
      const good = await readFile(settings, 'utf8');
      await writeFile(settings, `${good}\nnonsense_setting = 1\n`);
      await expect(start()).rejects.toThrow(/did not start:[\s\S]*nonsense_setting/);
      await writeFile(settings, good);
      const { url } = await start();
      expect(await query(url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    },
    TIMEOUT_MS,
  );
});

describe('one folder, one process', () => {
  test(
    'a second start says clearly who has the folder, and leaves the first alone',
    async () => {
      await startedBefore();
      const first = await start();
      const child = startChild();
      const { error } = await child.next();
      expect(error?.name).toBe('FolderInUseError');
      expect(error?.message).toBe(
        `Another Glidepath (process ${process.pid}) is running on the data folder ${dataDir}. ` +
          'Stop it first, or give this one a DATA_DIR of its own.',
      );
      expect(await query(first.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    },
    TIMEOUT_MS,
  );

  test(
    'of several starts at once exactly one wins, and the same by another path',
    async () => {
      await mkdir(dataDir, { recursive: true });
      const roundabout = path.join(path.dirname(dataDir), 'link');
      await symlink(dataDir, roundabout);
      const outcomes = await Promise.allSettled([start(), start(), start(roundabout), start()]);
      expect(outcomes.filter((outcome) => outcome.status === 'fulfilled')).toHaveLength(1);
      for (const outcome of outcomes) if (outcome.status === 'rejected') expect(outcome.reason).toBeInstanceOf(FolderInUseError);
    },
    TIMEOUT_MS,
  );
});

describe('a plain start works', () => {
  test(
    'after kill -9 of the process, while its Postgres still runs, and nothing committed is lost',
    async () => {
      await startedBefore();
      const child = startChild();
      const { url = '' } = await child.next();
      await query(url, 'CREATE TABLE kept AS SELECT 42 AS answer');
      const orphan = await postmasterPid();
      child.process.kill('SIGKILL');
      await once(child.process, 'exit');
      expect(orphan !== null && alive(orphan)).toBe(true);
      const again = await start();
      expect(again.log).toContain('the last run did not end well; its Postgres was cleared away');
      expect(await postmasterPid()).not.toBe(orphan);
      expect(await query(again.url, 'SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
    },
    TIMEOUT_MS,
  );

  test(
    'after kill -9 of the process and of its Postgres',
    async () => {
      await startedBefore();
      const child = startChild();
      const { url = '' } = await child.next();
      await query(url, 'CREATE TABLE kept AS SELECT 42 AS answer');
      const exited = once(child.process, 'exit');
      child.process.kill('SIGKILL');
      const orphan = await postmasterPid();
      if (orphan !== null) process.kill(orphan, 'SIGKILL');
      await exited;
      const again = await start();
      expect(await query(again.url, 'SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
    },
    TIMEOUT_MS,
  );

  test(
    'with a stale pid file, of nobody, and of somebody else who lives',
    async () => {
      await startedBefore();
      const file = path.join(dataDir, 'postgres', 'data', 'postmaster.pid');
      for (const pid of [4_190_001, process.pid, process.ppid]) {
        await writeFile(file, [pid, path.dirname(file), 1700000000, 5432, '', '127.0.0.1', '  123456     1', 'ready   ', ''].join('\n'));
        const again = await start();
        expect(await query(again.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
        await stop(again);
      }
      expect(alive(process.ppid)).toBe(true);
    },
    TIMEOUT_MS,
  );

  test(
    'D3 and when its Postgres alone is killed it comes back by itself, on the same address, with errors only in between',
    async () => {
      await startedBefore();
      const { url } = await start();
      const dataSource = await createDataSource({ url, poolSize: 2, connectTimeoutMs: 1_000 }).initialize();
      const work = createUnitOfWork(dataSource);
      // Not the migrated schema, so the role has to be there for this test alone.
      await ensureRoles((text, parameters) => dataSource.query<Record<string, unknown>[]>(text, parameters), systemClock);
      const ask = () => work.asWriter((manager) => manager.query<unknown[]>('SELECT 1 AS one'));
      expect(await ask()).toEqual([{ one: 1 }]);
      const pid = await postmasterPid();
      if (pid !== null) process.kill(pid, 'SIGKILL');
      const codes = new Set<unknown>();
      let answer: unknown[] | null = null;
      while (!answer)
        answer = await ask().catch((error: unknown) => {
          codes.add((error as GatewayError).code);
          return null;
        });
      expect(answer).toEqual([{ one: 1 }]);
      expect([...codes].filter((code) => code !== 'SERVICE_UNAVAILABLE')).toEqual([]);
      await dataSource.destroy();
    },
    TIMEOUT_MS,
  );

  test(
    'and after a crash of ours its Postgres goes by itself',
    async () => {
      await startedBefore();
      const child = startChild();
      await child.next();
      const pid = await postmasterPid();
      child.process.kill('SIGUSR2');
      const [code] = (await once(child.process, 'exit')) as [number];
      expect(code).not.toBe(0);
      while (pid !== null && alive(pid)) await new Promise((resolve) => setImmediate(resolve));
      expect(await postmasterPid()).toBeNull();
      await start();
    },
    TIMEOUT_MS,
  );

  test(
    'and SIGTERM ends the process and its Postgres within the grace time, even with clients connected',
    async () => {
      await startedBefore();
      const child = startChild();
      const { url = '' } = await child.next();
      const client = new pg.Client({ connectionString: url });
      client.on('error', () => undefined);
      await client.connect();
      const pid = await postmasterPid();
      const startedAt = performance.now();
      const exited = once(child.process, 'exit');
      child.process.kill('SIGTERM');
      expect(await child.next()).toEqual({ stopped: true });
      await exited;
      expect(performance.now() - startedAt).toBeLessThan(10_000);
      expect(pid !== null && alive(pid)).toBe(false);
    },
    TIMEOUT_MS,
  );
});

// Only root has a second user who may be locked out, so elsewhere this is skipped.
(process.getuid?.() === 0 ? describe : describe.skip)('as root, where the database’s user cannot reach DATA_DIR', () => {
  const shared = async () => path.dirname((await readFile(path.join(dataDir, 'postgres.location'), 'utf8')).trim());

  beforeEach(() => chmod(path.dirname(dataDir), 0o700));

  test(
    'data go below /var/lib/glidepath, are found again, and a new DATA_DIR of that name begins empty',
    async () => {
      const first = await start();
      const place = await shared();
      try {
        expect(place).toMatch(/^\/var\/lib\/glidepath\/[0-9a-f]{16}$/);
        await query(first.url, 'CREATE TABLE kept AS SELECT 42 AS answer');
        expect(await query(first.url, 'SHOW data_directory')).toEqual([{ data_directory: `${place}/postgres/data` }]);
        await stop(first);
        const second = await start();
        expect(await query(second.url, 'SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
        await stop(second);
        await rm(dataDir, { recursive: true });
        const third = await start();
        expect(third.log).toContain('DATA_DIR is new; the database of the one before was put aside, delete it when you do not need it');
        await expect(query(third.url, 'SELECT answer FROM kept')).rejects.toThrow(/does not exist/);
        await stop(third);
      } finally {
        await rm(place, { recursive: true, force: true });
      }
    },
    TIMEOUT_MS,
  );

  test(
    'a mode that changes later does not turn into an empty database elsewhere',
    async () => {
      await chmod(path.dirname(dataDir), 0o755);
      const first = await start();
      await query(first.url, 'CREATE TABLE kept AS SELECT 42 AS answer');
      await stop(first);
      await chmod(path.dirname(dataDir), 0o700);
      await expect(start()).rejects.toThrow(/did not start/);
      await chmod(path.dirname(dataDir), 0o755);
      const second = await start();
      expect(await query(second.url, 'SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
    },
    TIMEOUT_MS,
  );
});
