/** Writes docs/reference from the tables in code; with `--check` it only tells whether they still agree. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { referencePages } from './reference-pages.js';

const folder = path.resolve(import.meta.dirname, '../docs/reference');
const checkOnly = process.argv.includes('--check');

function current(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}

mkdirSync(folder, { recursive: true });
const stale = referencePages().filter(({ name, text }) => current(path.join(folder, name)) !== text);
for (const { name, text } of stale) {
  if (!checkOnly) writeFileSync(path.join(folder, name), text);
  console.log(`docs/reference/${name}: ${checkOnly ? 'is not what the tables in code say; run `npm run docs`' : 'written'}`);
}
if (checkOnly && stale.length > 0) process.exitCode = 1;
