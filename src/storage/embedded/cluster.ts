import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, chown, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { PostgresBinaries } from './binaries.js';
import { CHILD_ENVIRONMENT } from './run-as.js';
import type { RunAs } from './run-as.js';

/** The login that owns the cluster; product transactions run under roles that bypass nothing. */
export const SUPERUSER = 'glidepath';

/** One Postgres cluster in a folder: `data`, `password`, `port`, `log`. */
export interface Cluster {
  readonly folder: string;
  readonly dataFolder: string;
  readonly password: string;
  readonly binaries: PostgresBinaries;
  readonly user: RunAs | null;
}

export interface ClusterPlace {
  readonly folder: string;
  readonly binaries: PostgresBinaries;
  readonly user: RunAs | null;
  /** Tests give up durability for speed. */
  readonly durable?: boolean;
}

/**
 * Makes the cluster where it does not exist yet. Every step either is complete or is done again by the next start: the
 * password is kept before it is used, and `data` gets its name only when initdb has ended well.
 */
export async function ensureCluster(place: ClusterPlace): Promise<Cluster> {
  const { folder, binaries, user } = place;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await own(folder, 0o700, user);
  const dataFolder = path.join(folder, 'data');
  const password = await ensurePassword(path.join(folder, 'password'), user);
  if (!(await exists(path.join(dataFolder, 'PG_VERSION')))) {
    const half = `${dataFolder}.new`;
    await rm(half, { recursive: true, force: true });
    await initialise({ ...place, dataFolder: half });
    await rename(half, dataFolder);
  }
  return { folder, dataFolder, password, binaries, user };
}

async function ensurePassword(file: string, user: RunAs | null): Promise<string> {
  const known = await readFile(file, 'utf8').catch(() => '');
  if (known.trim() !== '') return known.trim();
  const password = randomBytes(32).toString('base64url');
  await writeFile(`${file}.new`, `${password}\n`, { mode: 0o600 });
  await own(`${file}.new`, 0o600, user);
  await rename(`${file}.new`, file);
  return password;
}

async function initialise({ folder, dataFolder, binaries, user, durable = true }: ClusterPlace & { dataFolder: string }): Promise<void> {
  const parameters = [
    `--pgdata=${dataFolder}`,
    `--username=${SUPERUSER}`,
    `--pwfile=${path.join(folder, 'password')}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--locale=C',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--no-instructions',
    ...(durable ? [] : ['--no-sync']),
  ];
  const child = spawn(binaries.initdb, parameters, {
    ...identity(user),
    cwd: folder,
    env: CHILD_ENVIRONMENT,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  await new Promise<void>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) =>
      code === 0 ? resolve() : reject(new Error(`Postgres could not create its data folder:\n${output.trim()}`)),
    );
  });
}

export function identity(user: RunAs | null): { uid?: number; gid?: number } {
  return user ? { uid: user.uid, gid: user.gid } : {};
}

async function own(target: string, mode: number, user: RunAs | null): Promise<void> {
  if (user) await chown(target, user.uid, user.gid);
  await chmod(target, mode);
}

async function exists(target: string): Promise<boolean> {
  return stat(target).then(
    () => true,
    () => false,
  );
}
