import { execFile } from 'node:child_process';
import { readFile, readlink, realpath, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { errorCode } from '../error-code.js';
import { CHILD_ENVIRONMENT } from './run-as.js';

const POLL_MS = 50;
const FAST_STOP_MS = 7_000;
const IMMEDIATE_STOP_MS = 2_000;
/** Larger than any kernel's process ids, so certainly nobody's. */
const NOBODY = 2_147_483_646;
const execute = promisify(execFile);

/**
 * Clears the way for a start on a data folder that is locked to us.
 *
 * 1. A server that an earlier, killed process of ours left running is stopped, so that each start has its own settings.
 * 2. A pid file whose number belongs to some other process by now would stop Postgres from starting. It is not deleted,
 *    because with it Postgres finds backends that outlived their postmaster: only the number is replaced.
 * 3. Every other stale pid file Postgres handles itself.
 */
export async function clearLeftovers(dataFolder: string): Promise<'nothing' | 'stopped a server' | 'cleared a pid file'> {
  const file = path.join(dataFolder, 'postmaster.pid');
  const lines = (await readFile(file, 'utf8').catch(() => '')).split('\n');
  const pid = Number(lines[0]);
  if (!Number.isInteger(pid) || pid <= 0 || !send(pid, 0)) return 'nothing';
  if (await isPostmasterOf(pid, dataFolder)) {
    await stopPostmaster(pid);
    return 'stopped a server';
  }
  await writeFile(file, [String(NOBODY), ...lines.slice(1)].join('\n'));
  return 'cleared a pid file';
}

/** Fast shutdown, then immediate (the next start recovers), then the kernel's way. */
export async function stopPostmaster(pid: number): Promise<void> {
  for (const [signal, waitMs] of [
    ['SIGINT', FAST_STOP_MS],
    ['SIGQUIT', IMMEDIATE_STOP_MS],
    ['SIGKILL', IMMEDIATE_STOP_MS],
  ] as const) {
    if (!send(pid, signal)) return;
    for (let waited = 0; waited < waitMs; waited += POLL_MS) {
      await delay(POLL_MS);
      if (!(await isRunning(pid))) return;
    }
  }
}

/** A zombie has ended, even where nobody collects it (a container without an init). */
async function isRunning(pid: number): Promise<boolean> {
  if (!send(pid, 0)) return false;
  if (process.platform !== 'linux') return true;
  const state = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return !/^.*\) [ZX]/s.test(state);
}

function send(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal);
  } catch (error) {
    // EPERM: it lives, but is somebody else's.
    return errorCode(error) === 'EPERM';
  }
}

/** A postmaster works in its data folder and names it on its command line. */
async function isPostmasterOf(pid: number, dataFolder: string): Promise<boolean> {
  const home = await realpath(dataFolder);
  if (process.platform === 'linux') {
    const place = await readlink(`/proc/${pid}/cwd`).catch(() => null);
    if (place !== null) return place === home;
  }
  const { stdout } = await execute('ps', ['-o', 'command=', '-p', String(pid)], { env: CHILD_ENVIRONMENT }).catch(() => ({ stdout: '' }));
  return stdout.includes('postgres') && (stdout.includes(home) || stdout.includes(dataFolder));
}

/** The end of the server's log, for an error that has to tell why it did not start. */
export async function logTail(file: string, fromByte: number): Promise<string> {
  const text = await readFile(file).catch(() => Buffer.alloc(0));
  return text.subarray(fromByte).toString('utf8').trim().split('\n').slice(-15).join('\n');
}

export async function sizeOf(file: string): Promise<number> {
  return stat(file).then(
    (found) => found.size,
    () => 0,
  );
}
