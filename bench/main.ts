/**
 * What the product costs: CPU time of its process for a unary request and for a stream of 100 deltas, beside a direct call
 * (the upstream's own cost) and a bare node:http + undici proxy. Each runs in a process of its own, so the load's cost is
 * left out; rounds are interleaved (A B C A B C …), so that a noisy machine is noisy for all of them.
 *
 * And what open subscriptions cost, ten thousand idle and five hundred active; what routing decisions cost; how fast streams of each wire
 * format are read.
 *
 * npm run bench [-- --json] [-- --cpu-prof] [-- --subscriptions] [-- --slope] [-- --routing] [-- --readers]: with --cpu-prof the product is profiled,
 * which slows it, and its time is told by place; with --subscriptions, --routing or --readers only that is measured; with --slope only
 * whether the heap stays flat over twenty thousand aborted streams, which takes minutes and ends with code 1 where it grows.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startChild, urlOf } from './child.js';
import type { Child } from './child.js';
import { measureDecisions, tellDecisions } from './decisions.js';
import type { DecisionCost } from './decisions.js';
import { measure, runAll } from './measure.js';
import type { Kind, Sample, Workload } from './measure.js';
import { startProduct } from './product.js';
import { sharesOf } from './profile.js';
import { measureReaders, tellReaders } from './readers.js';
import type { ReaderCost } from './readers.js';
import { rowsOf, tableOf } from './report.js';
import type { Result } from './report.js';
import { measureSlope, tellSlope } from './slope.js';
import { measureSubscriptions, SLOW_DELTA_MS, tellSubscriptions } from './subscriptions.js';
import type { SubscriptionCosts } from './subscriptions.js';
import { openAiTarget, productTarget } from './targets.js';
import type { Target } from './targets.js';

const ROUNDS = 7;
const LEAST_ROUNDS = 3;
/** No round begins later. */
const BUDGET_MS = 60_000;
const LANES = 8;
const WORKLOADS: readonly Workload[] = [
  { kind: 'unary', count: 400, lanes: LANES },
  { kind: 'stream', count: 24, lanes: LANES },
];
/** Enough for the optimising compiler to be done with the hot code, which it is after some thousand calls. */
const WARM_UP: readonly Workload[] = [
  { kind: 'unary', count: 5_000, lanes: LANES },
  { kind: 'stream', count: 48, lanes: LANES },
];
const [DIRECT, BARE, PRODUCT] = ['direct', 'bare proxy', 'glidepath'] as const;
const SHARES_SHOWN = 15;

const options = new Set(process.argv.slice(2));
const startedMs = performance.now();
const server = (name: string, ...argv: readonly string[]): Promise<Child> =>
  startChild(['--import', 'tsx', fileURLToPath(new URL(`servers/${name}.ts`, import.meta.url)), ...argv]);

async function main(): Promise<void> {
  // Before anything else runs beside them.
  const isWhole = !['--subscriptions', '--readers', '--routing'].some((option) => options.has(option));
  const readers = isWhole || options.has('--readers') ? await measureReaders() : [];
  if (options.has('--readers')) {
    console.log(options.has('--json') ? JSON.stringify({ readers }) : tellReaders(readers));
    return;
  }
  const decisions = options.has('--subscriptions') ? [] : await measureDecisions();
  if (options.has('--routing')) {
    console.log(options.has('--json') ? JSON.stringify({ decisions }) : tellDecisions(decisions));
    return;
  }
  const profileDir = options.has('--cpu-prof') ? await mkdtemp(join(tmpdir(), 'glidepath-profile-')) : null;
  const children: Child[] = [];
  const stopAll = async (): Promise<void> => {
    for (const child of children) await child.stop();
  };
  // An impatient reader must not leave processes and a database behind.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void stopAll().finally(() => process.exit(1)));
  const started: Started = async (starting) => {
    const child = await starting;
    children.unshift(child);
    return child;
  };
  try {
    if (options.has('--subscriptions')) {
      const costs = await subscriptionCosts(started);
      console.log(options.has('--json') ? JSON.stringify(costs) : tellSubscriptions(costs));
      return;
    }
    const upstream = await started(server('upstream'));
    const bare = await started(server('bare-proxy', urlOf(upstream)));
    const nodeOptions = profileDir === null ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileDir}`];
    const product = await started(startProduct(urlOf(upstream), nodeOptions));
    const targets = [openAiTarget(DIRECT, upstream), openAiTarget(BARE, bare), productTarget(PRODUCT, product, LANES)];
    for (const target of targets) for (const workload of WARM_UP) await runAll(target, workload);
    const fromUs = monotonicUs();
    const results = await compare(targets);
    const toUs = monotonicUs();
    for (const target of targets) await target.close();
    await product.stop();
    // Only Linux tells the memory of another process.
    const subscriptions = profileDir === null && process.platform === 'linux' ? await subscriptionCosts(started) : null;
    print(results, { decisions, readers, subscriptions });
    if (profileDir !== null) await printShares(profileDir, { fromUs, toUs });
  } finally {
    await stopAll();
    if (profileDir !== null) await rm(profileDir, { recursive: true, force: true });
  }
}

type Started = <C extends Child>(starting: Promise<C>) => Promise<C>;

/** Of a product that is fresh, with an upstream that takes its time. */
async function subscriptionCosts(started: Started): Promise<SubscriptionCosts> {
  const upstream = await started(server('upstream', String(SLOW_DELTA_MS)));
  return measureSubscriptions(await started(startProduct(urlOf(upstream), [])));
}

async function compare(targets: readonly Target[]): Promise<readonly Result[]> {
  const samples = targets.map((): Record<Kind, Sample[]> => ({ unary: [], stream: [] }));
  for (let round = 0; round < ROUNDS; round += 1) {
    if (round >= LEAST_ROUNDS && performance.now() - startedMs > BUDGET_MS) break;
    for (const workload of WORKLOADS)
      for (const [position, target] of targets.entries()) samples[position]?.[workload.kind].push(await measure(target, workload));
  }
  return targets.map(({ name }, position) => ({ name, samples: samples[position] ?? { unary: [], stream: [] } }));
}

interface Beside {
  readonly decisions: readonly DecisionCost[];
  readonly readers: readonly ReaderCost[];
  readonly subscriptions: SubscriptionCosts | null;
}

function print(results: readonly Result[], { decisions, readers, subscriptions }: Beside): void {
  const tables = WORKLOADS.map(({ kind }) => ({ kind, rows: rowsOf(results, kind, BARE) }));
  if (options.has('--json')) {
    console.log(JSON.stringify({ ...Object.fromEntries(tables.map(({ kind, rows }) => [kind, rows])), decisions, readers, subscriptions }));
    return;
  }
  for (const { kind, rows } of tables) console.log(`${tableOf(kind, rows)}\n`);
  console.log(`${tellDecisions(decisions)}\n`);
  console.log(`${tellReaders(readers)}\n`);
  if (subscriptions) console.log(`${tellSubscriptions(subscriptions)}\n`);
}

async function printShares(folder: string, { fromUs, toUs }: { fromUs: number; toUs: number }): Promise<void> {
  console.log('Where the product’s busy time goes, by folder or package:');
  for (const { place, percent } of (await sharesOf(folder, fromUs, toUs)).slice(0, SHARES_SHOWN))
    console.log(`  ${percent.toFixed(1).padStart(5)} %  ${place}`);
}

function monotonicUs(): number {
  return Number(process.hrtime.bigint() / 1_000n);
}

async function slope(): Promise<void> {
  const costs = await measureSlope((heap) => process.stderr.write(`${(heap / 1024 / 1024).toFixed(2)} MiB\n`));
  console.log(options.has('--json') ? JSON.stringify(costs) : tellSlope(costs));
  if (!costs.isFlat) process.exitCode = 1;
}

await (options.has('--slope') ? slope() : main());
