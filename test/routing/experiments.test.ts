import { describe, expect, test } from '@jest/globals';
import { newId } from '../../src/core/ids.js';
import type { Route, RouteNode } from '../../src/core/routes.js';
import { parseCompletionInput } from '../../src/inference/input/parse.js';
import { createHealthBoard } from '../../src/routing/health.js';
import { createRouter } from '../../src/routing/router.js';
import { createManualClock } from '../kit/manual-clock.js';
import { createScriptedCaller, deployment, input, principal, snapshotOf } from '../inference/kit.js';

const DEPLOYMENTS = ['a', 'b', 'c'].map((slug) => deployment({ slug, provider: { slug: `at-${slug}` }, model: { slug: `m-${slug}` } }));
const to = (slug: string): RouteNode => ({ target: { deployment: slug } });

function routeOf(slug: string, definition: RouteNode): Route {
  const current = { version: 1, definition, note: null, publishedAt: new Date(0), publishedBy: 'test' };
  return { id: newId('route'), slug, current, versions: [current], deleted: false };
}

/** What the candidates of a call say of experiments, by their slug. */
function sides(definition: RouteNode, draw = 0) {
  const clock = createManualClock();
  const router = createRouter({ caller: createScriptedCaller(), health: createHealthBoard({ clock }), clock, random: () => draw });
  const inner = routeOf('inner', { split: { experiment: 'inner', branches: [{ name: 'only', weight: 1, node: to('c') }] } });
  const snapshot = snapshotOf(DEPLOYMENTS, undefined, [routeOf('main', definition), inner]);
  const parsed = parseCompletionInput(input({ model: 'main' }));
  if (!parsed.ok) throw new Error(parsed.error.message);
  const plan = router.plan(parsed.value, { principal: principal(), snapshot });
  if (!plan.ok) throw new Error(plan.error.message);
  const slugOf = new Map<string, string>(DEPLOYMENTS.map(({ id, slug }) => [id, slug]));
  return Object.fromEntries(plan.value.record.candidates.map(({ deploymentId, experiment }) => [slugOf.get(deploymentId), experiment]));
}

const split = (experiment: string | undefined, ...nodes: RouteNode[]): RouteNode => ({
  split: { branches: nodes.map((node, index) => ({ name: `side-${index}`, weight: 1, node })), ...(experiment ? { experiment } : {}) },
});

describe('an experiment', () => {
  test('is noted at every target of the side that was drawn, and at no other', () => {
    const both = split('tone', { fallback: { nodes: [to('a'), to('b')] } }, { fallback: { nodes: [to('b'), to('a')] } });
    const found = Object.values(sides({ fallback: { nodes: [both, to('c')] } }));
    expect(found.slice(0, 2)).toEqual([found[0], found[0]]);
    expect(found[0]).toMatchObject({ name: 'tone', branch: expect.stringMatching(/^side-[01]$/) });
    expect(sides({ fallback: { nodes: [both, to('c')] } })).toMatchObject({ c: undefined });
  });

  test('that stands behind another target is that of its own targets alone', () => {
    expect(sides({ fallback: { nodes: [to('c'), split('tone', to('a'))] } })).toEqual({
      c: undefined,
      a: { name: 'tone', branch: 'side-0' },
    });
  });

  test('counts where it is the outermost, also in a route that another one names', () => {
    expect(sides(split('outer', split('tone', to('a'))))).toEqual({ a: { name: 'outer', branch: 'side-0' } });
    expect(sides(split(undefined, { target: { route: 'inner' } }))).toEqual({ c: { name: 'inner', branch: 'only' } });
  });

  test('has a name: a split without one is none', () => {
    expect(sides(split(undefined, to('a')))).toEqual({ a: undefined });
  });
});
