import { rm } from 'node:fs/promises';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { startChild } from './child.js';
import type { Child } from './child.js';

/**
 * Runs a file of `servers/` in a process of its own, compiled as plainly as the product is, and gives back its first line of
 * JSON. Loaded by tsx instead, every closure would be given its name at run time, which takes longer than to decide.
 */
export async function runPlainly(file: string): Promise<Child['ready']> {
  const source = fileURLToPath(new URL(`servers/${file}`, import.meta.url));
  // Below the packages that it imports.
  const made = fileURLToPath(new URL(`../node_modules/.cache/glidepath/${basename(file, '.ts')}-${process.pid}.mjs`, import.meta.url));
  await build({
    entryPoints: [source],
    outfile: made,
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    target: 'node20',
  });
  try {
    const child = await startChild([made]);
    await child.stop();
    return child.ready;
  } finally {
    await rm(made, { force: true });
  }
}
