import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildGlidepathSchema } from '../src/graphql/schema.js';

/** `schema/glidepath.graphql`: the whole subgraph, sorted. With `--check` nothing is written, and a difference fails. */
const file = fileURLToPath(new URL('../schema/glidepath.graphql', import.meta.url));
const { sdl } = buildGlidepathSchema();

if (process.argv.includes('--check')) {
  const stored = await readFile(file, 'utf8').catch(() => '');
  if (stored !== sdl) {
    process.stderr.write('schema/glidepath.graphql differs from what the code emits: run "npm run schema" and commit it.\n');
    process.exitCode = 1;
  }
} else {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, sdl);
}
