import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { chmod, mkdtemp } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

const ROOT = resolve(import.meta.dirname, '../..');

/** The product as its own process, built and started as `npm start` does. */
export interface ProductProcess {
  readonly child: ChildProcess;
  /** The one JSON line that `--json` prints. */
  readonly ready: Promise<{ url: string; adminKey: string | null }>;
  readonly exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  output(): string;
}

export async function build(): Promise<void> {
  await promisify(execFile)(process.execPath, [join(ROOT, 'scripts/build.mjs')], { cwd: ROOT });
}

/** Open for passing through: where the tests run as root, the embedded Postgres runs as another user. */
export async function makeDataDir(): Promise<string> {
  const dataDir = await mkdtemp(join(tmpdir(), 'glidepath-process-'));
  await chmod(dataDir, 0o711);
  return dataDir;
}

export function startProcess(env: Record<string, string>, argv: readonly string[] = ['--json']): ProductProcess {
  const inherited = Object.fromEntries(
    ['PATH', 'HOME', 'TMPDIR', 'LANG'].flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])),
  );
  const child = spawn(process.execPath, ['--enable-source-maps', join(ROOT, 'dist/src/main.js'), ...argv], {
    cwd: ROOT,
    env: { ...inherited, PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  child.stderr.on('data', (chunk: Buffer) => {
    output += chunk.toString('utf8');
  });
  const exited = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolveExit) => {
    child.on('exit', (code, signal) => {
      resolveExit({ code, signal });
    });
  });
  const ready = new Promise<{ url: string; adminKey: string | null }>((resolveReady, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      output += `${line}\n`;
      if (line.startsWith('{"url"')) resolveReady(JSON.parse(line) as { url: string; adminKey: string | null });
    });
    void exited.then(({ code }) => {
      reject(new Error(`ended with ${String(code)} before it was ready:\n${output}`));
    });
  });
  ready.catch(() => undefined);
  return { child, ready, exited, output: () => output };
}
