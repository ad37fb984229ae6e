import { expect, test } from '@jest/globals';
import { newId } from '../../src/core/ids.js';
import type { Route, RouteNode } from '../../src/core/routes.js';
import { parseCompletionInput } from '../../src/inference/input/parse.js';
import { createHealthBoard } from '../../src/routing/health.js';
import { createRouter } from '../../src/routing/router.js';
import { createScriptedCaller, deployment, failure, input, principal, snapshotOf, STAYS } from '../inference/kit.js';
import { createManualClock } from '../kit/manual-clock.js';

const [one, two] = [deployment({ slug: 'one', provider: { slug: 'p1' } }), deployment({ slug: 'two', provider: { slug: 'p2' } })];

function routeOf(slug: string, nodes: readonly RouteNode[]): Route {
  const current = { version: 1, definition: { fallback: { nodes } }, note: null, publishedAt: new Date(0), publishedBy: 'test' };
  return { id: newId('route'), slug, current, versions: [current], deleted: false };
}

/** Publication refuses such a ring; two publications at the same time could still close one. */
test('F1 routes that lead back to one another end where they began: A, B, and no A again', async () => {
  const clock = createManualClock();
  const caller = createScriptedCaller();
  const router = createRouter({ caller, health: createHealthBoard({ clock }), clock, random: () => 0.5 });
  const routes = [
    routeOf('a', [{ target: { deployment: 'one' } }, { target: { route: 'b' } }]),
    routeOf('b', [{ target: { deployment: 'two' } }, { target: { route: 'a' } }]),
  ];
  const parsed = parseCompletionInput(input({ model: 'a' }));
  if (!parsed.ok) throw new Error(parsed.error.message);
  const plan = router.plan(parsed.value, { principal: principal(), snapshot: snapshotOf([one, two], undefined, routes) });
  if (!plan.ok) throw new Error(plan.error.message);
  expect(plan.value.targets.map(({ slug }) => slug)).toEqual(['one', 'two']);
  expect(plan.value.record.steps.map(({ reason }) => reason)).toContain('it leads back to itself');
  caller.script = (call) => call.fail(failure('RATE_LIMITED', { retryAfterMs: 1_000 }));
  const watch = { stream: false, signal: STAYS, deadlineAtMs: 600_000, onDeltas: () => undefined };
  const outcome = router.dispatch(parsed.value, plan.value, watch);
  await clock.advance(600_000);
  expect((await outcome).status).toBe('failed');
  // The first is left at once for the second, which alone is asked again.
  expect(caller.calls.map(({ target }) => target.providerSlug)).toEqual(['p1', 'p2', 'p2', 'p2']);
});
