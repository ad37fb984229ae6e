import { runPlainly } from './plain-process.js';

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

/** What routing decisions cost, with nothing around them. */
export async function measureDecisions(): Promise<readonly DecisionCost[]> {
  const ready = await runPlainly('decisions.ts');
  return ready['costs'] as readonly DecisionCost[];
}

export function tellDecisions(costs: readonly DecisionCost[]): string {
  const lines = costs.map(({ name, nodes, deployments, lookedAt, cpuUs, lowestUs, highestUs }) => {
    const spread = `(${lowestUs.toFixed(1)}–${highestUs.toFixed(1)})`;
    const size = `${nodes} nodes, ${deployments} deployments, ${lookedAt} of them looked at`;
    return `  ${name.padEnd(24)}${cpuUs.toFixed(1).padStart(6)} µs  ${spread.padEnd(14)} ${size}`;
  });
  return ['CPU time of a routing decision: median, lowest and highest round', ...lines].join('\n');
}
