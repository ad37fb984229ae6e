import { runPlainly } from './plain-process.js';

export interface ReaderCost {
  readonly wireFormat: string;
  /** Events of a stream read, from bytes to the whole answer, in a second of CPU time. */
  readonly perSecond: number;
  /** The same events' JSON parsed, and nothing more. */
  readonly parsedPerSecond: number;
}

/** How fast the streams of each wire format are read. */
export async function measureReaders(): Promise<readonly ReaderCost[]> {
  const ready = await runPlainly('readers.ts');
  return ready['readers'] as readonly ReaderCost[];
}

export function tellReaders(costs: readonly ReaderCost[]): string {
  const lines = costs.map(({ wireFormat, perSecond, parsedPerSecond }) => {
    const thousands = (speed: number) => `${(speed / 1_000).toFixed(0).padStart(6)} k`;
    const ratio = (parsedPerSecond / perSecond).toFixed(2).padStart(6);
    return `  ${wireFormat.padEnd(20)}${thousands(perSecond)}/s  ${ratio} × JSON.parse of the same events (${thousands(parsedPerSecond).trim()}/s)`;
  });
  return ['Events of a stream read in a second of CPU time, from bytes to the answer', ...lines].join('\n');
}
