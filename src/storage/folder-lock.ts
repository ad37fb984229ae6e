import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import type { Server } from 'node:net';
import path from 'node:path';
import { errorCode } from './error-code.js';

export interface FolderLock {
  release(): Promise<void>;
}

/** Another living process has the folder; `holder` is its process id where that could be learnt. */
export class FolderInUseError extends Error {
  override readonly name = 'FolderInUseError';

  constructor(
    readonly folder: string,
    readonly holder: number | null,
  ) {
    super(
      `Another Glidepath${holder === null ? '' : ` (process ${holder})`} is running on the data folder ${folder}. ` +
        'Stop it first, or give this one a DATA_DIR of its own.',
    );
  }
}

/** BSD's open(2) takes a lock with the file; Node passes the flags through but does not name them. */
const BSD_EXCLUSIVE_LOCK = 0x20;
const BSD_NON_BLOCKING = 0x4;
const HOLDER_TIMEOUT_MS = 500;

/**
 * Locks a folder to this process with something that the kernel itself gives back when the process dies, however it dies,
 * and that two can't get at once. A file with a process id is neither.
 *
 * 1. Linux: a socket in the abstract namespace, named after the folder's device and inode, so that every path to it is one.
 * 2. Windows: a named pipe, likewise.
 * 3. macOS and BSD: a file that is opened together with an exclusive lock.
 *
 * @throws FolderInUseError
 */
export async function lockFolder(folder: string): Promise<FolderLock> {
  if (process.platform !== 'linux' && process.platform !== 'win32') return lockByFile(folder);
  const { dev, ino } = await stat(folder, { bigint: true });
  const name = `glidepath-${createHash('sha256').update(`${dev}:${ino}`).digest('hex').slice(0, 32)}`;
  return lockBySocket(folder, process.platform === 'win32' ? `\\\\.\\pipe\\${name}` : `\0${name}`);
}

async function lockBySocket(folder: string, address: string): Promise<FolderLock> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.end(String(process.pid));
  });
  try {
    await listen(server, address);
  } catch (error) {
    if (errorCode(error) !== 'EADDRINUSE') throw error;
    throw new FolderInUseError(folder, await askHolder(address));
  }
  server.unref();
  return { release: () => new Promise((resolve) => server.close(() => resolve())) };
}

function listen(server: Server, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(address, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function askHolder(address: string): Promise<number | null> {
  return new Promise((resolve) => {
    let text = '';
    const socket = connect(address);
    socket.setTimeout(HOLDER_TIMEOUT_MS, () => socket.destroy());
    socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(/^\d+$/.test(text) ? Number(text) : null));
  });
}

async function lockByFile(folder: string): Promise<FolderLock> {
  const flags = constants.O_RDWR | constants.O_CREAT | BSD_EXCLUSIVE_LOCK | BSD_NON_BLOCKING;
  try {
    const file = await open(path.join(folder, 'lock'), flags, 0o600);
    return { release: () => file.close() };
  } catch (error) {
    if (errorCode(error) === 'EAGAIN') throw new FolderInUseError(folder, null);
    throw error;
  }
}
