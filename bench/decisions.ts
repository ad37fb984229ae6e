import { rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { startChild } from './child.js';

export interface DecisionCost {
  readonly name: string;
  readonly nodes: number;
  /** In the catalogue; of them, so many were looked at by one decision. */
  readonly deployments: number;
  readonly lookedAt: number;
  /** CPU time of one decision, its explanation included, in µs: the median, lowest and highest round. */
  readonly cpuUs: number;
  readonly lowestUs: number;
  readonly highestUs: number;
}

const SOURCE = fileURLToPath(new URL('servers/decisions.ts', import.meta.url));
/** Below the packages that it imports. */
const MADE = fileURLToPath(new URL(`../node_modules/.cache/glidepath/decisions-${process.pid}.mjs`, import.meta.url));

/** What routing decisions cost, with nothing around them, in a process of its own and compiled as plainly as the product is. */
export async function measureDecisions(): Promise<readonly DecisionCost[]> {
  // Loaded by tsx instead, every closure would be given its name at run time, which takes longer than to decide.
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
    return child.ready['costs'] as readonly DecisionCost[];
  } finally {
    await rm(MADE, { force: true });
  }
}

export function tellDecisions(costs: readonly DecisionCost[]): string {
  const lines = costs.map(({ name, nodes, deployments, lookedAt, cpuUs, lowestUs, highestUs }) => {
    const spread = `(${lowestUs.toFixed(1)}–${highestUs.toFixed(1)})`;
    const size = `${nodes} nodes, ${deployments} deployments, ${lookedAt} of them looked at`;
    return `  ${name.padEnd(24)}${cpuUs.toFixed(1).padStart(6)} µs  ${spread.padEnd(14)} ${size}`;
  });
  return ['CPU time of a routing decision: median, lowest and highest round', ...lines].join('\n');
}
