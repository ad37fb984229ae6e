/**
 * Chaos for as long as you like: rounds of clients, faults and an audit, each with a seed of its own, counted up from the first.
 *
 * npm run chaos [-- --minutes 10] [-- --seed 1] [-- --json]: ends at the first round whose books don't agree, and names its seed.
 */
import { parseArgs } from 'node:util';
import { makePlan } from '../test/chaos/plan.js';
import { runChaos } from '../test/chaos/run.js';
import type { ChaosReport } from '../test/chaos/run.js';
import { startTestCluster } from '../test/kit/cluster.js';

const ROUND = { durationMs: 20_000, actionsPerSecond: 15, faults: { kill: 2, terminate: 3, away: 3 } };
/** Past the lease of a lost owner, and the job that looks for them. */
const WAITS = { patienceMs: 25_000, recoveryMs: 5_000, settleMs: 45_000 };

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '1' }, seed: { type: 'string', default: '1' }, json: { type: 'boolean', default: false } },
});
const minutes = Number(values.minutes);
const firstSeed = Number(values.seed);
if (!(minutes > 0) || !Number.isSafeInteger(firstSeed)) throw new Error('--minutes is a number above 0, --seed a whole number');

async function main(): Promise<boolean> {
  const cluster = await startTestCluster();
  process.env['GLIDEPATH_TEST_DATABASE_URL'] = cluster.url;
  try {
    const endMs = performance.now() + minutes * 60_000;
    for (let seed = firstSeed; seed === firstSeed || performance.now() < endMs; seed += 1)
      if (!tell(await runChaos({ plan: makePlan({ ...ROUND, seed }), ...WAITS }))) return false;
    return true;
  } finally {
    await cluster.stop();
  }
}

function tell(report: ChaosReport): boolean {
  const { seed, missing, doubled, wrong, stranded, unexcused, unclaimed, journalLeft, exitCode, ...rest } = report;
  const good =
    [missing, doubled, wrong, stranded, unexcused, journalLeft].every((list) => list.length === 0) && unclaimed === 0 && exitCode === 0;
  if (values.json) console.log(JSON.stringify(report));
  else {
    const lists = { missing, doubled, wrong, stranded, unexcused };
    const sums = `${Object.entries(lists)
      .map(([name, list]) => `${name} ${list.length}`)
      .join(', ')}, unclaimed ${unclaimed}`;
    console.log(`seed ${seed}: ${rest.clients} clients, ${rest.requests} upstream requests, ${rest.resumes} resumes; ${sums}`);
    console.log(`  rows: ${JSON.stringify(rest.rows)}\n  clients: ${JSON.stringify(rest.ends)} after ${JSON.stringify(rest.troubles)}`);
  }
  if (!good)
    console.error(
      [
        ...missing,
        ...doubled,
        ...wrong,
        ...stranded,
        ...unexcused,
        ...journalLeft,
        ...rest.errors,
        `exit code ${exitCode}`,
        `seed ${seed}`,
      ].join('\n'),
    );
  return good;
}

process.exitCode = (await main()) ? 0 : 1;
