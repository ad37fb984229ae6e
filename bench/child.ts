import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export interface Child {
  readonly pid: number;
  /** Its first line of JSON. */
  readonly ready: Readonly<Record<string, unknown>>;
  /** Asks it to end, and waits until it has. */
  stop(): Promise<void>;
}

const READY_WITHIN_MS = 60_000;
const STOP_WITHIN_MS = 15_000;

/** A node process of its own, so that what it costs can be told from the load's. Rejects where it ends before it is ready. */
export async function startChild(argv: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Child> {
  const child = spawn(process.execPath, argv, { env: { ...process.env, ...env }, stdio: ['pipe', 'pipe', 'pipe'] });
  let errors = '';
  child.stderr.on('data', (part: Buffer) => {
    errors = (errors + part.toString()).slice(-4_000);
  });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const stop = async (): Promise<void> => {
    child.stdin.end();
    child.kill('SIGTERM');
    const kill = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS);
    await exited;
    clearTimeout(kill);
  };
  const ready = new Promise<Record<string, unknown>>((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (line.startsWith('{')) resolve(JSON.parse(line) as Record<string, unknown>);
    });
    void exited.then(() => reject(new Error(`${argv.join(' ')} ended before it was ready:\n${errors}`)));
    setTimeout(() => reject(new Error(`${argv.join(' ')} was not ready in time:\n${errors}`)), READY_WITHIN_MS).unref();
  });
  try {
    const first = await ready;
    if (child.pid === undefined) throw new Error('no process');
    return { pid: child.pid, ready: first, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

export function urlOf(child: Child): string {
  const { url } = child.ready;
  if (typeof url !== 'string') throw new Error('the process did not say where it listens');
  return url;
}
