/**
 * graphiql/ → dist/graphiql: GraphiQL, its editor and its workers as files of our own; nothing where nothing changed.
 *
 * 1. A hash over the sources, this script and the versions of what is bundled names what dist/graphiql was made from.
 * 2. The workers first, because the page has to know their names; then the page, split where it loads late.
 * 3. Names carry a hash of their content, so that browsers may keep them for good; each file is compressed once, here.
 * 4. It is built beside its place and moved there whole: a server that starts meanwhile sees all of it or nothing.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { brotliCompressSync, constants } from 'node:zlib';

const root = path.resolve(import.meta.dirname, '..');
const source = path.join(root, 'graphiql');
const target = path.join(root, 'dist', 'graphiql');
const stampFile = path.join(target, '.built');

const WORKERS = {
  editor: 'monaco-editor/esm/vs/editor/editor.worker.js',
  json: 'monaco-editor/esm/vs/language/json/json.worker.js',
  graphql: 'monaco-graphql/esm/graphql.worker.js',
};
const BUNDLED = [
  'esbuild',
  'graphiql',
  '@graphiql/react',
  '@graphiql/toolkit',
  'graphql',
  'graphql-ws',
  'monaco-editor',
  'monaco-graphql',
  'react',
  'react-dom',
];
const BROTLI_QUALITY = 5;

function fingerprint() {
  const hash = createHash('sha256').update(readFileSync(import.meta.filename));
  for (const file of readdirSync(source).sort()) hash.update(`${file}\0`).update(readFileSync(path.join(source, file)));
  for (const name of BUNDLED) hash.update(`${name}\0${versionOf(name)}`);
  return hash.digest('hex');
}

function versionOf(name) {
  const manifest = path.join(root, 'node_modules', name, 'package.json');
  return existsSync(manifest) ? JSON.parse(readFileSync(manifest, 'utf8')).version : 'none';
}

function isFresh(hash) {
  return existsSync(stampFile) && readFileSync(stampFile, 'utf8') === hash;
}

const common = (outdir) => ({
  absWorkingDir: root,
  outdir,
  bundle: true,
  minify: true,
  metafile: true,
  legalComments: 'none',
  target: ['es2022'],
  entryNames: '[name]-[hash]',
  chunkNames: 'chunk-[hash]',
  assetNames: '[name]-[hash]',
  publicPath: '/graphiql',
  loader: { '.ttf': 'file' },
  jsx: 'automatic',
  define: { 'process.env.NODE_ENV': '"production"' },
  logLevel: 'error',
});

/** GraphiQL imports the whole editor by its package name: it gets our selection instead. And one import lacks its ending. */
const slimEditor = {
  name: 'slim-editor',
  setup(build) {
    build.onResolve({ filter: /^monaco-editor$/ }, () => ({ path: path.join(source, 'monaco.js') }));
    build.onResolve({ filter: /^monaco-graphql\/esm\/[\w-]+$/ }, ({ path: name, resolveDir, kind }) =>
      build.resolve(`${name}.js`, { resolveDir, kind }),
    );
  },
};

function outputOf(metafile, entryPoint) {
  const found = Object.entries(metafile.outputs).find(([, output]) => output.entryPoint === entryPoint);
  if (!found) throw new Error(`the bundle has no output for ${entryPoint}`);
  const [file, { cssBundle }] = found;
  return { script: path.basename(file), style: cssBundle ? path.basename(cssBundle) : null };
}

async function bundle(esbuild, outdir) {
  const entryPoints = Object.values(WORKERS).map((file) => path.join('node_modules', file));
  const workers = await esbuild.build({ ...common(outdir), entryPoints, format: 'iife' });
  const names = Object.entries(WORKERS).map(([label, file]) => [
    label,
    outputOf(workers.metafile, path.posix.join('node_modules', file)).script,
  ]);
  const options = common(outdir);
  const page = await esbuild.build({
    ...options,
    entryPoints: ['graphiql/main.jsx'],
    format: 'esm',
    splitting: true,
    define: { ...options.define, WORKER_FILES: JSON.stringify(Object.fromEntries(names)) },
    plugins: [slimEditor],
  });
  const { script, style } = outputOf(page.metafile, 'graphiql/main.jsx');
  const html = readFileSync(path.join(source, 'index.html'), 'utf8').replace('%SCRIPT%', script).replace('%STYLE%', style);
  writeFileSync(path.join(outdir, 'index.html'), html);
}

function compress(folder) {
  for (const name of readdirSync(folder).filter((file) => /\.(js|css|ttf)$/.test(file))) {
    const content = readFileSync(path.join(folder, name));
    writeFileSync(
      path.join(folder, `${name}.br`),
      brotliCompressSync(content, { params: { [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY } }),
    );
  }
}

async function main() {
  const hash = fingerprint();
  if (isFresh(hash)) return;
  const esbuild = await import('esbuild').catch(() => null);
  if (esbuild === null) {
    process.stderr.write('GraphiQL is not built, because the bundler is missing: run `npm ci --include=dev`, or ship dist/ with it.\n');
    return;
  }
  const building = `${target}.${process.pid}`;
  mkdirSync(building, { recursive: true });
  process.on('exit', () => rmSync(building, { recursive: true, force: true }));
  await bundle(esbuild, building);
  compress(building);
  writeFileSync(path.join(building, '.built'), hash);
  rmSync(target, { recursive: true, force: true });
  renameSync(building, target);
}

await main();
