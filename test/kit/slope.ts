import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { join } from 'node:path';

export interface SlopeOptions {
  /** Empty: a database of its own. */
  readonly databaseUrl: string;
  readonly batches: number;
  /** Streams in each. */
  readonly streams: number;
  readonly onHeap?: (heapBytes: number) => void;
}

/** Compiled code comes and goes as it pleases; without it the heap holds what the program holds. */
const SLOPE_FLAGS = ['--expose-gc', '--no-opt', '--no-sparkplug', '--no-flush-bytecode', '--import', 'tsx'];

/** What the heap holds after each batch of aborted streams, in bytes: `slope-child.ts` in a process of its own. */
export async function heapsOfAbortedStreams({ databaseUrl, batches, streams, onHeap }: SlopeOptions): Promise<readonly number[]> {
  const child = spawn(
    process.execPath,
    [...SLOPE_FLAGS, join(import.meta.dirname, 'slope-child.ts'), databaseUrl, String(batches), String(streams)],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let errors = '';
  child.stderr.on('data', (part: Buffer) => {
    errors = (errors + part.toString()).slice(-4_000);
  });
  const heaps: number[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => {
    const { heap } = JSON.parse(line) as { heap: number };
    heaps.push(heap);
    onHeap?.(heap);
  });
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  if (code !== 0 || heaps.length !== batches) throw new Error(`the process ended with ${code}:\n${errors}`);
  return heaps;
}

/** Of the straight line through the points by least squares: bytes a stream. */
export function slopeOf(heaps: readonly number[], streams: number): number {
  const middle = (heaps.length - 1) / 2;
  const mean = heaps.reduce((sum, heap) => sum + heap, 0) / heaps.length;
  let products = 0;
  let squares = 0;
  for (const [index, heap] of heaps.entries()) {
    products += (index - middle) * (heap - mean);
    squares += (index - middle) ** 2;
  }
  return products / squares / streams;
}
