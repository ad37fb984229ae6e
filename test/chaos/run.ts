import { setTimeout as delay } from 'node:timers/promises';
import { audit, readLedger } from './audit.js';
import type { Audit, LedgerRow } from './audit.js';
import { act } from './clients.js';
import type { Known } from './clients.js';
import { complaintsOf } from './patience.js';
import type { Complaints, Outage } from './patience.js';
import type { Fault, Plan } from './plan.js';
import { keepProviderBooks } from './provider-books.js';
import type { ProviderBooks } from './provider-books.js';
import { createKeys, createWorld, serve } from './world.js';
import type { Replica, World } from './world.js';

export interface ChaosReport extends Audit, Complaints {
  readonly seed: number;
  readonly clients: number;
  readonly requests: number;
  readonly rows: Readonly<Record<string, number>>;
  readonly resumes: number;
  readonly ends: Readonly<Record<string, number>>;
  readonly troubles: Readonly<Record<string, number>>;
  /**
   * Rows that say RUNNING for keyless calls that no provider saw: their replica was cut off or died between announcing and calling. They
   * are settled as lost after a quarter of an hour.
   */
  readonly unclaimed: number;
  /** Files of the journal after a good end. */
  readonly journalLeft: readonly string[];
  readonly exitCode: number | null;
  /** What the product logged as an error. */
  readonly errors: readonly string[];
}

export interface ChaosOptions {
  readonly plan: Plan;
  /** How long clients may go on trying after the last action. */
  readonly patienceMs: number;
  /** How long after an outage it may still be felt. */
  readonly recoveryMs: number;
  /** How long rows may take to settle after the last client is done. */
  readonly settleMs: number;
}

/**
 * 1. Clients and faults act by the plan. 2. When all clients are done, what is open may settle; the product stops. 3. Ledger,
 * clients and the provider's own books are held against each other.
 */
export async function runChaos({ plan, patienceMs, recoveryMs, settleMs }: ChaosOptions): Promise<ChaosReport> {
  const world = await createWorld();
  try {
    const [replica] = world.replicas as [Replica];
    await replica.start();
    await serve(replica.client!, world.upstream);
    const provider = keepProviderBooks(world.upstream, plan.actions);
    const { knowns, outages } = await play(plan, { world, replica, patienceMs });
    await settled(world, { plan, provider }, settleMs);
    const exitCode = await replica.end('SIGTERM');
    const all = await readLedger(world.database.url);
    const due = dueTags(plan, provider);
    const rows = all.filter((row) => row.status !== 'RUNNING' || due.has(row.user));
    const told = { journalLeft: replica.journal(), exitCode, errors: errorsIn(replica.output()) };
    const counts = { clients: knowns.length, requests: provider.entries.length, unclaimed: all.length - rows.length };
    const findings = { ...audit({ knowns, provider, rows: all.filter(excuse(rows)) }), ...complaintsOf(knowns, { outages, recoveryMs }) };
    return { seed: plan.seed, ...counts, ...tally(knowns, rows), ...told, ...findings };
  } finally {
    await world.close();
  }
}

interface Stage {
  readonly world: World;
  readonly replica: Replica;
  readonly patienceMs: number;
}

interface Played {
  readonly knowns: readonly Known[];
  readonly outages: readonly Outage[];
}

async function play(plan: Plan, { world, replica, patienceMs }: Stage): Promise<Played> {
  const outages: Outage[] = [];
  const keys = await createKeys(replica.client!, plan.actions.length);
  const clock = createPausableClock();
  const over = () => clock.nowMs() > plan.durationMs + patienceMs;
  const strike = async () => {
    for (const fault of plan.faults) {
      await clock.until(fault.atMs);
      // However long a start takes on a busy machine, the plan is not over before it.
      const fromMs = performance.now();
      if (fault.kind === 'kill') await clock.paused(() => inflict(fault, world, replica));
      else await inflict(fault, world, replica);
      outages.push({ kind: fault.kind, fromMs, toMs: performance.now() });
    }
  };
  const acting = plan.actions.map(async (action, index) => {
    await clock.until(action.atMs);
    return act(action, { client: () => replica.clientWith(keys[index % keys.length] ?? ''), over });
  });
  const [knowns] = await Promise.all([Promise.all(acting), strike()]);
  return { knowns, outages };
}

/** The plan's time, which stands still while a process starts. Half a second of each stop still counts, so that clients meet a closed door. */
function createPausableClock() {
  const COUNTED_MS = 500;
  const beginMs = performance.now();
  let lostMs = 0;
  let pausedAtMs: number | null = null;
  const nowMs = () => Math.min(performance.now(), pausedAtMs === null ? Infinity : pausedAtMs + COUNTED_MS) - beginMs - lostMs;
  return {
    nowMs,
    async until(atMs: number): Promise<void> {
      while (nowMs() < atMs) await delay(Math.max(5, Math.min(100, atMs - nowMs())));
    },
    async paused(run: () => Promise<void>): Promise<void> {
      pausedAtMs = performance.now();
      await run();
      lostMs += Math.max(0, performance.now() - pausedAtMs - COUNTED_MS);
      pausedAtMs = null;
    },
  };
}

async function inflict({ kind, forMs }: Fault, world: World, replica: Replica): Promise<void> {
  if (kind === 'away') return world.takeDatabaseAway(forMs);
  if (kind === 'terminate') return world.breakConnections();
  await replica.end('SIGKILL');
  await replica.start();
}

/** Those whose rows have to be settled soon: calls that a provider saw, and those with a key, whose owner's lease ends. */
function dueTags({ actions }: Plan, provider: ProviderBooks): ReadonlySet<string> {
  const keyed = actions.filter(({ key }) => key !== null);
  return new Set([...provider.entries, ...keyed].map(({ tag }) => tag));
}

/** Waits until everything is booked that has to be. */
async function settled(world: World, { plan, provider }: { plan: Plan; provider: ProviderBooks }, settleMs: number): Promise<void> {
  for (const end = performance.now() + settleMs; performance.now() < end; await delay(200, null)) {
    const due = dueTags(plan, provider);
    const rows = await readLedger(world.database.url);
    const ended = new Set(rows.filter(({ status }) => status !== 'RUNNING').map(({ user }) => user));
    const open = provider.entries.some((entry) => entry.ended === 'open');
    const running = rows.some(({ status, user }) => status === 'RUNNING' && due.has(user));
    if (!open && !running && provider.entries.every(({ tag }) => ended.has(tag))) return;
  }
}

function excuse(rows: readonly LedgerRow[]): (row: LedgerRow) => boolean {
  const kept = new Set(rows);
  return (row) => kept.has(row);
}

function tally(knowns: readonly Known[], rows: readonly LedgerRow[]): Pick<ChaosReport, 'rows' | 'ends' | 'troubles' | 'resumes'> {
  return {
    rows: countBy(rows.map(({ status, error_code }) => (error_code === null ? status : `${status} ${error_code}`))),
    ends: countBy(knowns.map(({ end }) => end)),
    troubles: countBy(knowns.flatMap(({ troubles }) => troubles.map(({ what }) => what))),
    resumes: knowns.reduce((sum, known) => sum + known.resumes, 0),
  };
}

function countBy(words: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const word of words) counts[word] = (counts[word] ?? 0) + 1;
  return counts;
}

/** Lines of the log at level error or above. */
function errorsIn(output: string): readonly string[] {
  return output.split('\n').filter((line) => /"level":(50|60|"error"|"fatal")/.test(line));
}
