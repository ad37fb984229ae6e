import { setTimeout as pause } from 'node:timers/promises';
import { cpuTimeUs } from './cpu.js';
import type { Target } from './targets.js';

export type Kind = 'unary' | 'stream';

export interface Workload {
  readonly kind: Kind;
  /** Operations in one round, and how many of them at a time. */
  readonly count: number;
  readonly lanes: number;
}

export interface Sample {
  /** CPU time of the process under test for one operation. */
  readonly cpuUs: number;
  readonly events: number;
}

/** What a process does after its last answer (books, closes, collects) belongs to the operation too. */
const AFTERMATH_MS = 400;

/** One round: the CPU time that the target's own process takes for each operation. Throws where the system tells no CPU time. */
export async function measure(target: Target, workload: Workload): Promise<Sample> {
  const before = cpuTimeUs(target.pid);
  const events = await runAll(target, workload);
  await pause(AFTERMATH_MS);
  const after = cpuTimeUs(target.pid);
  if (before === null || after === null) throw new Error('unsupported: this system does not tell the CPU time of another process');
  return { cpuUs: (after - before) / workload.count, events: events / workload.count };
}

/** Runs the operations without measuring; resolves with the events of all of them. */
export async function runAll(target: Target, { kind, count, lanes }: Workload): Promise<number> {
  let left = count;
  let events = 0;
  const lane = async (number: number): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const came = kind === 'unary' ? await target.unary() : await target.stream(number);
      events += came;
    }
  };
  await Promise.all(Array.from({ length: lanes }, (_, number) => lane(number)));
  return events;
}

export function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const [low, high] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]];
  if (low === undefined || high === undefined) throw new Error('no numbers, no median');
  return (low + high) / 2;
}
