import { setTimeout as delay } from 'node:timers/promises';
import type { GraphqlClient } from '../kit/graphql-client.js';
import { COMPLETE } from '../kit/operations.js';
import { chatBody } from '../kit/scripted-upstream.js';
import type { ScriptedUpstream } from '../kit/scripted-upstream.js';
import { readLedger } from './audit.js';
import type { LedgerRow } from './audit.js';
import { createKeys, createWorld, MODEL, serve } from './world.js';
import type { Replica } from './world.js';

export interface OutageReport {
  /** While the database was away, with a key that was known before. */
  readonly served: number;
  readonly refused: number;
  /** Milliseconds from the return of the database until a key could be claimed again, and until every row was booked. */
  readonly recoveredMs: number;
  readonly bookedMs: number;
  /** Milliseconds from the end of every connection until a key could be claimed again. */
  readonly restartedMs: number;
  readonly rows: number;
  readonly faults: readonly string[];
}

const LANES = 4;
const PAUSE_MS = 50;
const RECOVERY_MS = 5_000;

interface Load {
  served: number;
  readonly refusals: string[];
  stop(): Promise<void>;
}

/**
 * The database away for a long while under load, and then a restart of it:
 *
 * 1. Known keys go on being served all the while: not one plain call is refused.
 * 2. When it is back, calls with idempotency keys, which need it, are taken again within five seconds, and all rows are booked.
 * 3. The end of every connection at once, as in a restart, is survived the same way.
 * 4. In the end the ledger equals what the provider has billed.
 */
export async function runOutage({ awayMs }: { readonly awayMs: number }): Promise<OutageReport> {
  const world = await createWorld();
  try {
    const [replica] = world.replicas as [Replica];
    await replica.start();
    await serve(replica.client!, world.upstream);
    const [key = ''] = await createKeys(replica.client!, 1);
    const call = createCaller(replica.clientWith(key)!);
    const billed = bill(world.upstream);
    await claimed(call);

    const load = startLoad(call);
    await delay(500);
    const before = load.served;
    await world.takeDatabaseAway(awayMs);
    const served = load.served - before;
    const backMs = performance.now();
    await claimed(call);
    const recoveredMs = performance.now() - backMs;
    await load.stop();
    await booked(world.database.url, billed);
    const bookedMs = performance.now() - backMs;

    const again = startLoad(call);
    await world.breakConnections();
    const brokenMs = performance.now();
    await claimed(call);
    const restartedMs = performance.now() - brokenMs;
    await again.stop();
    const exitCode = await replica.end('SIGTERM');

    const rows = await readLedger(world.database.url);
    const refusals = [...load.refusals, ...again.refusals];
    const slow = [recoveredMs, restartedMs].filter((ms) => ms > RECOVERY_MS).map((ms) => `recovery took ${Math.round(ms)} ms`);
    const faults = [...refusals, ...slow, ...(exitCode === 0 ? [] : [`exit code ${exitCode}`]), ...differences(rows, billed)];
    return { served, refused: refusals.length, recoveredMs, bookedMs, restartedMs, rows: rows.length, faults };
  } finally {
    await world.close();
  }
}

interface Bill {
  readonly calls: Map<string, { readonly input: number; readonly output: number }>;
  readonly doubled: string[];
}

/** Usage differs from call to call; the prompt names the call. */
function bill(upstream: ScriptedUpstream): Bill {
  const billed: Bill = { calls: new Map(), doubled: [] };
  upstream.respond(({ json, request }) => {
    const name = /call-\d+/.exec(request.body)?.[0] ?? request.body;
    if (billed.calls.has(name)) billed.doubled.push(name);
    const [input, output] = [10 + billed.calls.size, 1 + billed.calls.size];
    billed.calls.set(name, { input, output });
    json(200, chatBody({ usage: { prompt_tokens: input, completion_tokens: output, total_tokens: input + output } }));
  });
  return billed;
}

/** One call; null where it went well, else why not. */
type Call = (options?: { readonly keyed: boolean }) => Promise<string | null>;

function createCaller(client: GraphqlClient): Call {
  let calls = 0;
  return async ({ keyed } = { keyed: false }) => {
    calls += 1;
    const user = `call-${calls}`;
    const input = { model: MODEL, messages: [{ role: 'USER', text: user }], user };
    const variables = { input, key: keyed ? `key-${user}` : null };
    const { data, errors } = await client.query<{ complete: { status?: string } | null }>(COMPLETE, variables);
    return data?.complete?.status === 'SUCCEEDED' ? null : JSON.stringify(errors ?? data);
  };
}

/** Calls with a new key until one is taken, which needs the database. */
async function claimed(call: Call): Promise<void> {
  while ((await call({ keyed: true })) !== null) await delay(PAUSE_MS);
}

/** Plain calls, one after the other on each lane. */
function startLoad(call: Call): Load {
  let stopped = false;
  const lane = async (): Promise<void> => {
    for (; !stopped; await delay(PAUSE_MS, null)) {
      const refusal = await call();
      if (refusal === null) load.served += 1;
      else load.refusals.push(refusal);
    }
  };
  const load: Load = {
    served: 0,
    refusals: [],
    async stop() {
      stopped = true;
      await Promise.all(lanes);
    },
  };
  const lanes = Array.from({ length: LANES }, () => lane());
  return load;
}

async function booked(databaseUrl: string, { calls: all }: Bill): Promise<void> {
  for (;;) {
    const users = new Set((await readLedger(databaseUrl)).filter(({ attempts }) => attempts.length > 0).map(({ user }) => user));
    if ([...all.keys()].every((name) => users.has(name))) return;
    await delay(PAUSE_MS);
  }
}

function differences(rows: readonly LedgerRow[], { calls: all, doubled }: Bill): readonly string[] {
  const faults = doubled.map((name) => `${name}: asked twice`);
  for (const [name, { input, output }] of all) {
    const own = rows.filter(({ user, attempts }) => user === name && attempts.length > 0);
    if (own.length !== 1) faults.push(`${name}: ${own.length} rows`);
    for (const row of own)
      if (Number(row.input) !== input || Number(row.output) !== output || !row.cost_is_exact)
        faults.push(`${name}: ${row.input}/${row.output}`);
  }
  return faults;
}
