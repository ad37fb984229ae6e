import { median } from './measure.js';
import type { Kind, Sample } from './measure.js';

export interface Result {
  readonly name: string;
  readonly samples: Readonly<Record<Kind, readonly Sample[]>>;
}

export interface Row {
  readonly name: string;
  readonly cpuUs: number;
  readonly lowestUs: number;
  readonly highestUs: number;
  /** To the bare proxy. */
  readonly ratio: number;
  readonly events: number;
}

const TITLES: Readonly<Record<Kind, string>> = { unary: 'a unary request', stream: 'a stream of 100 deltas' };

/** Medians over the rounds; ratios of medians. */
export function rowsOf(results: readonly Result[], kind: Kind, baseline: string): readonly Row[] {
  const medianOf = (result: Result): number => median(result.samples[kind].map((sample) => sample.cpuUs));
  const base = results.find((result) => result.name === baseline);
  if (!base) throw new Error(`nothing was measured for ${baseline}`);
  return results.map((result) => {
    const times = result.samples[kind].map((sample) => sample.cpuUs);
    const events = median(result.samples[kind].map((sample) => sample.events));
    const cpuUs = medianOf(result);
    return { name: result.name, cpuUs, lowestUs: Math.min(...times), highestUs: Math.max(...times), ratio: cpuUs / medianOf(base), events };
  });
}

export function tableOf(kind: Kind, rows: readonly Row[]): string {
  const lines = rows.map((row) => {
    const events = kind === 'stream' ? `  ${row.events.toFixed(0).padStart(4)} events` : '';
    const spread = `(${row.lowestUs.toFixed(0)}–${row.highestUs.toFixed(0)})`;
    return `  ${row.name.padEnd(12)}${row.cpuUs.toFixed(0).padStart(8)} µs  ${spread.padEnd(14)}${row.ratio.toFixed(2).padStart(6)} ×${events}`;
  });
  return [`CPU time of ${TITLES[kind]}: median, lowest and highest round, ratio to the bare proxy`, ...lines].join('\n');
}
