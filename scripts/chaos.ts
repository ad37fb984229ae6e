/**
 * Chaos against the built product. Ends with code 1 where clients, upstream and books don't agree.
 *
 * npm run chaos [-- --minutes 10] [-- --seed 1] [-- --recovery-seconds 5] [-- --json]: rounds of clients, faults and an audit, each with a
 * seed of its own, counted up from the first; ends at the first round that doesn't add up. On a machine that is busy with other things
 * recovery may take longer than it should.
 * npm run chaos -- --restart [--streams 200]: two replicas restarted one after the other, each with so many open streams.
 * npm run chaos -- --outage [--seconds 60]: the database away for so long under load, and then the end of its every connection.
 */
import { parseArgs } from 'node:util';
import { runOutage } from '../test/chaos/outage.js';
import { makePlan } from '../test/chaos/plan.js';
import { runRollingRestart } from '../test/chaos/rolling-restart.js';
import { runChaos } from '../test/chaos/run.js';
import type { ChaosReport } from '../test/chaos/run.js';
import { startTestCluster } from '../test/kit/cluster.js';

const ROUND = { durationMs: 20_000, actionsPerSecond: 15, faults: { kill: 2, terminate: 3, away: 3 } };
/** Past the lease of a lost owner, and the job that looks for them. */
const WAITS = { patienceMs: 25_000, settleMs: 45_000 };

const ERRORS_SHOWN = 10;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    seed: { type: 'string', default: '1' },
    'recovery-seconds': { type: 'string', default: '5' },
    json: { type: 'boolean', default: false },
    restart: { type: 'boolean', default: false },
    streams: { type: 'string', default: '200' },
    outage: { type: 'boolean', default: false },
    seconds: { type: 'string', default: '60' },
  },
});

function positive(name: 'minutes' | 'recovery-seconds' | 'streams' | 'seconds' | 'seed'): number {
  const value = Number(values[name]);
  if (!(value > 0)) throw new Error(`--${name} is a number above 0`);
  return value;
}

async function rounds(): Promise<boolean> {
  const endMs = performance.now() + positive('minutes') * 60_000;
  const recoveryMs = positive('recovery-seconds') * 1_000;
  const first = positive('seed');
  for (let seed = first; seed === first || performance.now() < endMs; seed += 1)
    if (!tell(await runChaos({ plan: makePlan({ ...ROUND, seed }), ...WAITS, recoveryMs }))) return false;
  return true;
}

function tell(report: ChaosReport): boolean {
  const { seed, missing, doubled, wrong, stranded, unexcused, unclaimed, journalLeft, exitCode, ...rest } = report;
  const lists = { missing, doubled, wrong, stranded, unexcused, journalLeft };
  const good = Object.values(lists).every((list) => list.length === 0) && exitCode === 0;
  if (values.json) console.log(JSON.stringify(report));
  else {
    const sums = Object.entries(lists).map(([name, list]) => `${name} ${list.length}`);
    console.log(`seed ${seed}: ${rest.clients} clients, ${rest.requests} upstream requests, ${rest.resumes} resumes`);
    console.log(`  ${sums.join(', ')}, unclaimed ${unclaimed}`);
    console.log(`  rows: ${JSON.stringify(rest.rows)}\n  clients: ${JSON.stringify(rest.ends)} after ${JSON.stringify(rest.troubles)}`);
  }
  if (!good)
    console.error(
      [...Object.values(lists).flat(), ...rest.errors.slice(0, ERRORS_SHOWN), `exit code ${exitCode}`, `seed ${seed}`].join('\n'),
    );
  return good;
}

/** What a scenario of its own tells, and whether nothing speaks against it. */
function tellScenario({ faults, ...figures }: { readonly faults: readonly string[] }): boolean {
  console.log(values.json ? JSON.stringify({ faults, ...figures }) : JSON.stringify(figures, null, 2));
  if (faults.length > 0) console.error(faults.join('\n'));
  return faults.length === 0;
}

const cluster = await startTestCluster();
process.env['GLIDEPATH_TEST_DATABASE_URL'] = cluster.url;
try {
  let good: boolean;
  if (values.restart) good = tellScenario(await runRollingRestart({ streams: positive('streams') }));
  else if (values.outage) good = tellScenario(await runOutage({ awayMs: positive('seconds') * 1_000 }));
  else good = await rounds();
  process.exitCode = good ? 0 : 1;
} finally {
  await cluster.stop();
}
