/** All checks, the same on the desk and in CI: every one runs, and what failed is told at the end. `npm run check -- lint types` runs only those. */
import { spawnSync } from 'node:child_process';
import process from 'node:process';

const STEPS = [
  ['types', 'the compiler, over source, tests and tools'],
  ['lint', 'eslint'],
  ['format:check', 'prettier'],
  ['unused', 'files and dependencies nobody uses, or that nobody declared'],
  ['schema:check', 'schema/ is what the code emits'],
  ['docs:check', 'docs/reference/ is what the tables say'],
  // Last, so that its count is the closing line. Ranks, cycles, sizes and the dependency tree are tests too: test/architecture.
  ['test', 'everything else'],
];

const wanted = new Set(process.argv.slice(2));
const unknown = [...wanted].filter((name) => !STEPS.some(([step]) => step === name));
if (unknown.length > 0) {
  console.error(`No such check: ${unknown.join(', ')}. There are: ${STEPS.map(([step]) => step).join(', ')}.`);
  process.exit(2);
}

const failed = [];
for (const [step, what] of STEPS) {
  if (wanted.size > 0 && !wanted.has(step)) continue;
  console.log(`\n── ${step}: ${what}`);
  const started = performance.now();
  const { status } = spawnSync('npm', ['run', '--silent', step], { stdio: 'inherit', shell: process.platform === 'win32' });
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  if (status !== 0) failed.push(step);
  if (step !== 'test') console.log(`── ${step}: ${status === 0 ? 'ok' : 'FAILED'} (${seconds} s)`);
}

if (failed.length > 0) {
  console.error(`\nFailed: ${failed.join(', ')}. One alone: npm run check -- ${failed[0]}`);
  process.exit(1);
}
