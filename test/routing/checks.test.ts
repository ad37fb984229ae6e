import { expect, test } from '@jest/globals';
import { createHealthChecks } from '../../src/routing/checks.js';
import { createHealthBoard } from '../../src/routing/health.js';
import type { Failure } from '../../src/core/failures.js';
import { createManualClock } from '../kit/manual-clock.js';
import { collectingLogger } from '../kit/logger.js';
import { deployment, failure, snapshotOf } from '../inference/kit.js';

function stage(healthCheckSeconds: number | null = 10) {
  const clock = createManualClock();
  const health = createHealthBoard({ clock });
  const provider = { slug: 'acme', healthCheckSeconds };
  const [one, two] = [deployment({ slug: 'acme.one', provider }), deployment({ slug: 'acme.two', provider, model: { slug: 'two' } })];
  const other = deployment({ slug: 'quiet.x', provider: { slug: 'quiet' }, model: { slug: 'x' } });
  const asked: [string, number][] = [];
  const script: { told: 'alive' | Failure | null } = { told: 'alive' };
  const checks = createHealthChecks({
    checker: {
      check({ providerSlug }) {
        asked.push([providerSlug, clock.monotonicMs()]);
        return Promise.resolve({ told: script.told });
      },
    },
    ...{ health, clock, logger: collectingLogger(), snapshots: () => [snapshotOf([one, two, other])] },
  });
  checks.start();
  return { clock, health, one, two, other, asked, script, checks };
}

test('a provider that says so is asked once for all of its idle deployments, as often as it says', async () => {
  const { clock, asked, checks, health, one } = stage();
  await clock.advance(26_000);
  expect(asked).toEqual([
    ['acme', 5_000],
    ['acme', 15_000],
    ['acme', 25_000],
  ]);
  expect(health.health(one)).toMatchObject({ state: 'HEALTHY', latencyMsP50: null, failures: 0 });
  await checks.stop();
  expect(clock.waiting).toBe(0);
});

test('nobody is asked where it is off, or while calls are made', async () => {
  const off = stage(null);
  await off.clock.advance(60_000);
  expect(off.asked).toEqual([]);
  const busy = stage();
  for (let index = 0; index < 12; index += 1) {
    for (const target of [busy.one, busy.two]) busy.health.attemptStarted(target);
    await busy.clock.advance(5_000);
  }
  expect(busy.asked).toEqual([]);
  await busy.clock.advance(15_000);
  expect(busy.asked).toEqual([
    ['acme', 65_000],
    ['acme', 75_000],
  ]);
});

test('looks that fail open every idle target, and good ones close it by way of its probes', async () => {
  const { clock, health, one, two, other, script } = stage();
  script.told = failure('CONNECTION');
  await clock.advance(26_000);
  for (const target of [one, two])
    expect(health.health(target)).toMatchObject({ state: 'OPEN', reason: 'CONNECTION: 3 failures in a row' });
  expect(health.health(other).state).toBe('HEALTHY');
  script.told = 'alive';
  await clock.advance(25_000);
  expect(health.block(one)).not.toBeNull();
  await clock.advance(25_000);
  expect(health.health(one).state).toBe('HEALTHY');
  expect(health.block(one)).toBeNull();
});

test('a credential that is refused closes the target at once; what says nothing changes nothing', async () => {
  const { clock, health, one, script } = stage();
  script.told = null;
  await clock.advance(40_000);
  expect(health.health(one).state).toBe('HEALTHY');
  script.told = failure('AUTH');
  await clock.advance(10_000);
  expect(health.health(one)).toMatchObject({ state: 'OPEN', reason: 'AUTH: the provider refused the credential' });
});

test('a look takes nobody’s probe: while one runs, nothing is fed', async () => {
  const { clock, health, one, script, checks } = stage();
  script.told = failure('SERVER_ERROR');
  await clock.advance(26_000);
  await checks.stop();
  await clock.advance(30_000);
  expect(health.admit(one)).toBe(true);
  health.checked(one, null);
  expect(health.admit(one)).toBe(false);
});
