/**
 * TypeScript → dist, and the GraphiQL page's bundle; nothing where nothing changed.
 *
 * 1. A hash over the content of all inputs names what dist was made from: dist/.built.
 * 2. Same hash: done, in a few milliseconds and without loading the compiler. So `npm start` builds every time and never runs stale code.
 * 3. Else compile (incremental). What an earlier build left of files that are gone is removed first.
 * 4. One build at a time: replicas started together from one folder wait for the first.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';

const root = path.resolve(import.meta.dirname, '..');
const inRoot = (...parts) => path.join(root, ...parts);
const stampFile = inRoot('dist', '.built');
const lockFile = inRoot('node_modules', '.glidepath-build.lock');

function inputs() {
  const folders = ['src', 'migrations'].flatMap((folder) =>
    existsSync(inRoot(folder))
      ? readdirSync(inRoot(folder), { recursive: true, withFileTypes: true })
          .filter((entry) => entry.isFile())
          .map((entry) => path.relative(root, path.join(entry.parentPath ?? entry.path, entry.name)))
      : [],
  );
  return [...folders, 'ormconfig.ts', 'tsconfig.json', 'package-lock.json'].filter((file) => existsSync(inRoot(file))).sort();
}

function fingerprint(files) {
  const hash = createHash('sha256');
  for (const file of files)
    hash
      .update(`${file}\0`)
      .update(readFileSync(inRoot(file)))
      .update('\0');
  return hash.digest('hex');
}

function lastBuild() {
  try {
    return JSON.parse(readFileSync(stampFile, 'utf8'));
  } catch {
    return { hash: null, files: [] };
  }
}

function isAlive(pid) {
  try {
    // Empty while its maker is between creating and writing it.
    return pid === 0 || process.kill(pid, 0);
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/** Its maker was killed; or, where the number belongs to another process by now, it is older than any build. */
function isAbandoned() {
  try {
    return !isAlive(Number(readFileSync(lockFile, 'utf8'))) || Date.now() - statSync(lockFile).mtimeMs > 10 * 60_000;
  } catch {
    return false;
  }
}

function takeLock() {
  for (;;) {
    try {
      writeFileSync(lockFile, `${process.pid}`, { flag: 'wx' });
      process.on('exit', () => rmSync(lockFile, { force: true }));
      return;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    if (isAbandoned()) rmSync(lockFile, { force: true });
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
  }
}

function run(...command) {
  const { status, signal } = spawnSync(process.execPath, command, { cwd: root, stdio: 'inherit' });
  if (signal) process.exit(1);
  if (status !== 0) process.exit(status ?? 1);
}

function compile(files, hash) {
  const compiler = inRoot('node_modules', 'typescript', 'bin', 'tsc');
  if (!existsSync(compiler)) {
    process.stderr.write('The compiler is missing, and dist/ is not of this source: run `npm ci --include=dev`, or ship dist/ with it.\n');
    process.exit(1);
  }
  const before = lastBuild();
  rmSync(stampFile, { force: true });
  const known = new Set(files);
  if (before.hash === null || !existsSync(inRoot('dist', 'src', 'main.js')) || before.files.some((file) => !known.has(file))) {
    for (const made of ['src', 'migrations', '.tsbuildinfo']) rmSync(inRoot('dist', made), { recursive: true, force: true });
  }
  mkdirSync(inRoot('dist'), { recursive: true });
  process.stderr.write('Building …\n');
  run(compiler, '-p', 'tsconfig.json');
  for (const file of files) {
    if (/^(src|migrations)\//.test(file) && !file.endsWith('.ts')) cpSync(inRoot(file), inRoot('dist', file));
  }
  writeFileSync(stampFile, JSON.stringify({ hash, files }));
}

const files = inputs();
const hash = fingerprint(files);
const isFresh = () => lastBuild().hash === hash && existsSync(inRoot('dist', 'src', 'main.js'));
if (!isFresh()) {
  takeLock();
  if (!isFresh()) compile(files, hash);
}
run('scripts/build-graphiql.mjs');
