import { heapsOfAbortedStreams, slopeOf } from '../test/kit/slope.js';

const BATCHES = 20;
const STREAMS = 1_000;
/** Until caches are as full as they get. */
const WARM_UP = 5;
/** What the collector leaves for later moves the line by a few bytes; what is leaked of a stream is kilobytes. */
const FLAT_BYTES_PER_STREAM = 64;

export interface SlopeCosts {
  readonly streams: number;
  /** What the heap of product and load together holds after each batch. */
  readonly heaps: readonly number[];
  readonly bytesPerStream: number;
  readonly isFlat: boolean;
}

/** Whether the heap keeps anything of twenty thousand streams that others have dropped. */
export async function measureSlope(onHeap: (heapBytes: number) => void): Promise<SlopeCosts> {
  const heaps = await heapsOfAbortedStreams({ databaseUrl: '', batches: BATCHES, streams: STREAMS, onHeap });
  const bytesPerStream = slopeOf(heaps.slice(WARM_UP), STREAMS);
  return { streams: BATCHES * STREAMS, heaps, bytesPerStream, isFlat: bytesPerStream < FLAT_BYTES_PER_STREAM };
}

export function tellSlope({ streams, heaps, bytesPerStream, isFlat }: SlopeCosts): string {
  const [low, high] = [Math.min(...heaps), Math.max(...heaps)].map((bytes) => (bytes / 1024 / 1024).toFixed(1));
  const slope = `${bytesPerStream.toFixed(1)} bytes a stream by least squares`;
  return `${streams} aborted streams in batches of ${STREAMS}: the heap holds ${low} to ${high} MiB after each; ${slope}: ${isFlat ? 'flat' : 'it grows'}`;
}
