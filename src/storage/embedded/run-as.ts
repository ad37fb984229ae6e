import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

/** Whom Postgres runs as; null: as ourselves. It refuses to run as root. */
export interface RunAs {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

const execute = promisify(execFile);
const USER = 'glidepath';
/** Fixed, because our own environment holds secrets that another user's processes must not inherit. */
export const CHILD_ENVIRONMENT = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' };

/** As root: a system user of our own, made where it is missing. */
export async function runAs(): Promise<RunAs | null> {
  if (process.getuid?.() !== 0) return null;
  return (await findUser(USER)) ?? (await createUser());
}

async function findUser(name: string): Promise<RunAs | null> {
  try {
    const [uid, gid] = await Promise.all([idOf('-u', name), idOf('-g', name)]);
    return { name, uid, gid };
  } catch {
    return null;
  }
}

async function idOf(flag: '-u' | '-g', name: string): Promise<number> {
  const { stdout } = await execute('id', [flag, name], { env: CHILD_ENVIRONMENT });
  return Number(stdout.trim());
}

async function createUser(): Promise<RunAs> {
  const shadow = ['--system', '--user-group', '--no-create-home', '--home-dir', '/nonexistent', '--shell', '/usr/sbin/nologin', USER];
  const faults: unknown[] = [];
  for (const [command, parameters] of [
    ['useradd', shadow],
    ['adduser', ['-S', '-D', '-H', USER]],
  ] as const) {
    try {
      await execute(command, [...parameters], { env: CHILD_ENVIRONMENT });
    } catch (error) {
      faults.push(error);
    }
    // Somebody else may have made the user at the same time, so what counts is that it is there.
    const user = await findUser(USER);
    if (user) return user;
  }
  throw new Error(
    `Postgres does not run as root, and the system user "${USER}" could not be created. ` +
      'Create it, start as an ordinary user, or set DATABASE_URL.',
    { cause: new AggregateError(faults) },
  );
}

/** Whether the user gets to a path through every folder above it, judged by owner and mode. */
export async function canReach(target: string, user: RunAs | null): Promise<boolean> {
  if (!user) return true;
  for (let place = path.resolve(target); ; place = path.dirname(place)) {
    const found = await stat(place).catch(() => null);
    if (found && !mayEnter(found, user)) return false;
    if (place === path.dirname(place)) return true;
  }
}

function mayEnter(found: { mode: number; uid: number; gid: number }, user: RunAs): boolean {
  if (found.uid === user.uid) return (found.mode & 0o100) !== 0;
  if (found.gid === user.gid) return (found.mode & 0o010) !== 0;
  return (found.mode & 0o001) !== 0;
}
