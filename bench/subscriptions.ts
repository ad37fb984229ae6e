import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { DELTAS } from './answer.js';
import { startChild, urlOf } from './child.js';
import type { Child } from './child.js';
import { cpuTimeUs } from './cpu.js';
import { measure, runAll } from './measure.js';
import { createKey } from './product.js';
import type { Product } from './product.js';
import { productTarget } from './targets.js';
import type { Target } from './targets.js';

const SOCKETS = 100;
const EACH = 100;
/** A key may hold fifty sockets. */
const KEYS = 4;
const ACTIVE = 500;
const ACTIVE_SOCKETS = 10;
const IDLE_MS = 5_000;
/** A stream lasts fifteen seconds, and all of them begin within ten. */
export const SLOW_DELTA_MS = 150;
const BEGIN_EVERY_MS = 20;
const WARM_UP = 100;

export interface SubscriptionCosts {
  readonly idle: number;
  readonly bytesPerIdle: number;
  /** Of one core, with nothing but idle subscriptions. */
  readonly idleCpuPercent: number;
  readonly active: number;
  readonly cpuUsPerDelta: number;
  readonly eventsPerStream: number;
}

/** Memory of idle subscriptions, as the system counts it, and the CPU time of deltas while many streams are open. The load is a process of its own. */
export async function measureSubscriptions(product: Product): Promise<SubscriptionCosts> {
  const streams = productTarget('glidepath', product, ACTIVE_SOCKETS);
  const target: Target = {
    ...streams,
    async stream(lane) {
      await pause(lane * BEGIN_EVERY_MS);
      return streams.stream(lane);
    },
  };
  try {
    await runAll(target, { kind: 'stream', count: WARM_UP, lanes: WARM_UP });
    const idle = await measureIdle(product);
    const { cpuUs, events } = await measure(target, { kind: 'stream', count: ACTIVE, lanes: ACTIVE });
    return { ...idle, active: ACTIVE, cpuUsPerDelta: cpuUs / DELTAS, eventsPerStream: events };
  } finally {
    await target.close();
  }
}

async function measureIdle(product: Product): Promise<Pick<SubscriptionCosts, 'idle' | 'bytesPerIdle' | 'idleCpuPercent'>> {
  const keys = await Promise.all(Array.from({ length: KEYS }, () => createKey(product)));
  await pause(1_000);
  const before = residentBytes(product.pid);
  const subscriber = await startSubscriber(product, keys);
  try {
    await pause(1_000);
    const fromUs = cpuTimeUs(product.pid) ?? 0;
    await pause(IDLE_MS);
    const spentUs = (cpuTimeUs(product.pid) ?? 0) - fromUs;
    const idle = Number(subscriber.ready['subscriptions']);
    return { idle, bytesPerIdle: (residentBytes(product.pid) - before) / idle, idleCpuPercent: spentUs / IDLE_MS / 10 };
  } finally {
    await subscriber.stop();
  }
}

function startSubscriber(product: Product, keys: readonly string[]): Promise<Child> {
  const script = fileURLToPath(new URL('servers/subscriber.ts', import.meta.url));
  return startChild(['--import', 'tsx', script, urlOf(product), String(SOCKETS), String(EACH), ...keys]);
}

/** Linux alone tells it of another process. */
function residentBytes(pid: number): number {
  const kibibytes = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  if (kibibytes === undefined) throw new Error('unsupported: this system does not tell the memory of another process');
  return Number(kibibytes) * 1024;
}

export function tellSubscriptions(costs: SubscriptionCosts): string {
  return [
    `Subscriptions over ${SOCKETS} sockets`,
    `  ${costs.idle} idle: ${(costs.bytesPerIdle / 1024).toFixed(1)} KiB of memory each, ${costs.idleCpuPercent.toFixed(1)} % of a core together`,
    `  ${costs.active} active: ${costs.cpuUsPerDelta.toFixed(1)} µs of CPU time a delta (${costs.eventsPerStream.toFixed(0)} events for ${DELTAS} deltas)`,
  ].join('\n');
}
