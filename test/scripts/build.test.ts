import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { spawn, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const REPOSITORY = path.resolve(import.meta.dirname, '../..');
const COMPILER_OPTIONS = {
  module: 'NodeNext',
  moduleResolution: 'NodeNext',
  target: 'ES2023',
  strict: true,
  rootDir: '.',
  outDir: 'dist',
  incremental: true,
  tsBuildInfoFile: 'dist/.tsbuildinfo',
  noEmitOnError: true,
  lib: ['ES2023'],
  skipLibCheck: true,
  types: [],
};

describe('npm start never runs stale code', () => {
  let root: string;
  const at = (file: string) => path.join(root, file);
  const write = (file: string, text: string) => {
    mkdirSync(path.dirname(at(file)), { recursive: true });
    writeFileSync(at(file), text);
  };
  const build = () => spawnSync(process.execPath, ['scripts/build.mjs'], { cwd: root, encoding: 'utf8' });
  const built = (file: string) => readFileSync(at(file), 'utf8');

  beforeEach(() => {
    root = mkdtempSync(path.join(tmpdir(), 'build-'));
    mkdirSync(at('scripts'));
    mkdirSync(at('node_modules'));
    symlinkSync(path.join(REPOSITORY, 'node_modules/typescript'), at('node_modules/typescript'));
    copyFileSync(path.join(REPOSITORY, 'scripts/build.mjs'), at('scripts/build.mjs'));
    write('scripts/build-graphiql.mjs', '');
    write('package.json', '{"type":"module"}');
    write('tsconfig.json', JSON.stringify({ compilerOptions: COMPILER_OPTIONS, include: ['src'] }));
    write('src/main.ts', "import { word } from './word.js';\nexport const said: string = word;\n");
    write('src/word.ts', "export const word = 'first';\n");
    write('src/pages/page.html', '<p>one</p>');
  });

  afterEach(() => {
    rmSync(root, { recursive: true, force: true });
  });

  test('compiles what is new, brings along what is no code, and prints nothing on stdout', () => {
    const { status, stdout } = build();
    expect({ status, stdout }).toEqual({ status: 0, stdout: '' });
    expect(built('dist/src/word.js')).toContain('first');
    expect(built('dist/src/pages/page.html')).toBe('<p>one</p>');
  });

  test('does nothing where nothing changed, even if the files were touched', () => {
    build();
    const before = statSync(at('dist/src/main.js')).mtimeMs;
    write('src/word.ts', "export const word = 'first';\n");
    const { status, stderr } = build();
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(statSync(at('dist/src/main.js')).mtimeMs).toBe(before);
  });

  test.each([
    ['code', 'src/word.ts', "export const word = 'second';\n", 'dist/src/word.js', 'second'],
    ['a page', 'src/pages/page.html', '<p>two</p>', 'dist/src/pages/page.html', 'two'],
    ['a new file', 'src/more.ts', 'export const more = 7;\n', 'dist/src/more.js', '7'],
  ])('a change of %s arrives', (_what, file, text, output, expected) => {
    build();
    write(file, text);
    expect(build().status).toBe(0);
    expect(built(output)).toContain(expected);
  });

  test('what is gone from the source is gone from dist', () => {
    write('src/old.ts', 'export const old = 1;\n');
    build();
    expect(existsSync(at('dist/src/old.js'))).toBe(true);
    rmSync(at('src/old.ts'));
    expect(build().status).toBe(0);
    expect(existsSync(at('dist/src/old.js'))).toBe(false);
    expect(existsSync(at('dist/src/main.js'))).toBe(true);
  });

  test('code that does not compile does not start, not even at the second try', () => {
    build();
    write('src/word.ts', 'export const word: string = 5;\n');
    expect(build().status).not.toBe(0);
    expect(build().status).not.toBe(0);
    write('src/word.ts', "export const word = 'mended';\n");
    expect(build().status).toBe(0);
    expect(built('dist/src/word.js')).toContain('mended');
  });

  test('a lost dist/src/main.js is made again', () => {
    build();
    rmSync(at('dist/src'), { recursive: true });
    expect(build().status).toBe(0);
    expect(existsSync(at('dist/src/main.js'))).toBe(true);
  });

  test('without the compiler a fresh dist is enough, and a stale one is said to be', () => {
    build();
    rmSync(at('node_modules/typescript'));
    expect(build().status).toBe(0);
    write('src/word.ts', "export const word = 'second';\n");
    const { status, stderr } = build();
    expect(status).toBe(1);
    expect(stderr).toContain('npm ci --include=dev');
  });

  test('of three at once one builds', async () => {
    const outcomes = await Promise.all([1, 2, 3].map(() => builder(root)));
    expect(outcomes.map(({ status }) => status)).toEqual([0, 0, 0]);
    expect(outcomes.filter(({ stderr }) => stderr.includes('Building'))).toHaveLength(1);
    expect(existsSync(at('node_modules/.glidepath-build.lock'))).toBe(false);
  });

  test.each(['npm', 'node'])('a stop signal sent to %s ends the process itself, and only its own words are on stdout', async (receiver) => {
    write('package.json', JSON.stringify({ type: 'module', scripts: { start: startScript() } }));
    write(
      'src/main.ts',
      `declare const process: { pid: number; argv: string[]; on(event: string, then: () => void): void; exit(code: number): never };
       process.on('SIGTERM', () => { console.log('drained'); process.exit(7); });
       console.log(JSON.stringify({ pid: process.pid, asked: process.argv.slice(2) }));
       setInterval(() => undefined, 1000);`.replaceAll(
        'console',
        '(globalThis as unknown as { console: { log(text: string): void } }).console',
      ),
    );
    write('src/globals.d.ts', 'declare function setInterval(run: () => void, everyMs: number): void;');
    const child = spawn('npm', ['start', '--silent', '--', '--json'], { cwd: root });
    let stdout = '';
    const ready = new Promise<{ pid: number; asked: string[] }>((resolve, reject) => {
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        stdout += text;
        if (stdout.includes('\n')) resolve(JSON.parse(stdout.split('\n')[0] ?? '') as { pid: number; asked: string[] });
      });
      child.on('close', () => reject(new Error(`ended early: ${stdout}`)));
    });
    const { pid, asked } = await ready;
    expect(asked).toEqual(['--json']);
    const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
    process.kill(receiver === 'npm' ? (child.pid ?? 0) : pid, 'SIGTERM');
    expect(await ended).toBe(7);
    expect(stdout.trimEnd().split('\n').slice(1)).toEqual(['drained']);
  });

  test('the lock of a killed build is passed over', () => {
    const { pid } = spawnSync(process.execPath, ['-e', '']);
    write('node_modules/.glidepath-build.lock', `${pid}`);
    expect(build().status).toBe(0);
  });
});

function startScript(): string {
  const { scripts } = JSON.parse(readFileSync(path.join(REPOSITORY, 'package.json'), 'utf8')) as { scripts: { start: string } };
  return scripts.start;
}

function builder(cwd: string): Promise<{ status: number | null; stderr: string }> {
  const child = spawn(process.execPath, ['scripts/build.mjs'], { cwd });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  return new Promise((resolve) => child.on('close', (status) => resolve({ status, stderr })));
}
