import type { Clock } from '../core/clock.js';
import type { InferenceId } from '../core/ids.js';
import type { RunningCompletion } from './running.js';

/** How long ended calls may take to settle; their sockets close within 100 ms. */
const SETTLE_MS = 2_000;

/** Lets what runs end by itself within the grace; then ends it as INTERRUPTED, and waits until it is settled. */
export async function drain(running: ReadonlyMap<InferenceId, RunningCompletion>, graceMs: number, clock: Clock): Promise<void> {
  if (running.size === 0) return;
  await endOfAll(running, graceMs, clock);
  for (const completion of [...running.values()]) completion.end('interrupted');
  await endOfAll(running, SETTLE_MS, clock);
}

async function endOfAll(running: ReadonlyMap<InferenceId, RunningCompletion>, withinMs: number, clock: Clock): Promise<void> {
  const all = Promise.all([...running.values()].map((completion) => completion.done));
  let stopWaiting: () => void = () => undefined;
  const timeUp = new Promise<void>((resolve) => {
    stopWaiting = clock.after(withinMs, resolve);
  });
  await Promise.race([all, timeUp]);
  stopWaiting();
}
