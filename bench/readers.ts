import { rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { startChild } from './child.js';

export interface ReaderCost {
  readonly wireFormat: string;
  /** Events of a stream read, from bytes to the whole answer, in a second of CPU time. */
  readonly perSecond: number;
  /** The same events' JSON parsed, and nothing more. */
  readonly parsedPerSecond: number;
}

const SOURCE = fileURLToPath(new URL('servers/readers.ts', import.meta.url));
/** Below the packages that it imports. */
const MADE = fileURLToPath(new URL(`../node_modules/.cache/glidepath/readers-${process.pid}.mjs`, import.meta.url));

/** How fast the streams of each wire format are read, in a process of its own and compiled as plainly as the product is. */
export async function measureReaders(): Promise<readonly ReaderCost[]> {
  await build({
    entryPoints: [SOURCE],
    outfile: MADE,
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    target: 'node20',
  });
  try {
    const child = await startChild([MADE]);
    await child.stop();
    return child.ready['readers'] as readonly ReaderCost[];
  } finally {
    await rm(MADE, { force: true });
  }
}

export function tellReaders(costs: readonly ReaderCost[]): string {
  const lines = costs.map(({ wireFormat, perSecond, parsedPerSecond }) => {
    const thousands = (speed: number) => `${(speed / 1_000).toFixed(0).padStart(6)} k`;
    const ratio = (parsedPerSecond / perSecond).toFixed(2).padStart(6);
    return `  ${wireFormat.padEnd(20)}${thousands(perSecond)}/s  ${ratio} × JSON.parse of the same events (${thousands(parsedPerSecond).trim()}/s)`;
  });
  return ['Events of a stream read in a second of CPU time, from bytes to the answer', ...lines].join('\n');
}
