import type { Deployment } from '../../src/core/catalogue.js';
import { newId } from '../../src/core/ids.js';
import type { Principal } from '../../src/core/principal.js';
import type { Route, RouteNode } from '../../src/core/routes.js';
import { parseCompletionInput } from '../../src/inference/input/parse.js';
import type { RawCompletionInput } from '../../src/inference/contract.js';
import { chanceAt } from '../../src/routing/chance.js';
import type { DispatchWatch, RoutePlan } from '../../src/routing/contract.js';
import { createHealthBoard } from '../../src/routing/health.js';
import type { Sizing } from '../../src/routing/journey.js';
import { createRouter } from '../../src/routing/router.js';
import { createScriptedCaller, input, principal, snapshotOf } from '../inference/kit.js';
import { createManualClock } from '../kit/manual-clock.js';

/** Chance that is the same in every run. */
export function seeded(seed: string): () => number {
  let draws = 0;
  return () => chanceAt(seed, String((draws += 1)));
}

export const to = (deployment: string, terms: object = {}): RouteNode => ({ target: { deployment, ...terms } });

export function routeOf(slug: string, definition: RouteNode): Route {
  const current = { version: 1, definition, note: null, publishedAt: new Date(0), publishedBy: 'test' };
  return { id: newId('route'), slug, current, versions: [current], deleted: false };
}

interface Staged {
  readonly deployments: readonly Deployment[];
  /** The route `main`; others by their slugs. */
  readonly main: RouteNode;
  readonly others?: Readonly<Record<string, RouteNode>>;
  readonly sizing?: Partial<Sizing>;
  readonly random?: () => number;
}

/** A router on a clock of its own, before upstreams that the test scripts; `main` is called where nothing else is said. */
export function createRoutingStage({ deployments, main, others = {}, sizing, random = seeded('stage') }: Staged) {
  const clock = createManualClock();
  const caller = createScriptedCaller();
  const health = createHealthBoard({ clock });
  const router = createRouter({
    ...{ caller, health, clock, random },
    sizing: { inputTokens: () => 10, cost: () => null, ...sizing },
  });
  const routes = [routeOf('main', main), ...Object.entries(others).map(([slug, definition]) => routeOf(slug, definition))];
  const snapshot = snapshotOf(deployments, undefined, routes);
  const someone = principal();
  const slugOf = new Map<string, string>(deployments.map(({ id, slug }) => [id, slug]));
  const prepare = (fields: Partial<RawCompletionInput> = {}, who: Principal = someone) => {
    const parsed = parseCompletionInput(input({ model: 'main', ...fields }));
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.error));
    return { call: parsed.value, plan: router.plan(parsed.value, { principal: who, snapshot }) };
  };
  return {
    ...{ clock, caller, health, router, snapshot, prepare },
    /** Slugs in the order they are tried, or the code of the refusal. */
    order(fields: Partial<RawCompletionInput> = {}, who: Principal = someone): readonly string[] | string {
      const { plan } = prepare(fields, who);
      return plan.ok ? plan.value.targets.map(({ slug }) => slug) : plan.error.code;
    },
    plan(fields: Partial<RawCompletionInput> = {}, who: Principal = someone): RoutePlan {
      const { plan } = prepare(fields, who);
      if (!plan.ok) throw new Error(plan.error.code);
      return plan.value;
    },
    /** One call from its plan to its end; time must be moved where upstreams take any. */
    async run(fields: Partial<RawCompletionInput> = {}, given: { readonly who?: Principal; readonly watch?: Partial<DispatchWatch> } = {}) {
      const { call, plan } = prepare(fields, given.who);
      if (!plan.ok) return { status: plan.error.code, attempts: [], plan: null };
      const watch = { stream: false, signal: new AbortController().signal, deadlineAtMs: clock.monotonicMs() + 600_000, ...given.watch };
      const outcome = await router.dispatch(call, plan.value, { onDeltas: () => undefined, ...watch });
      return { ...outcome, plan: plan.value };
    },
    /** Whom the upstream calls so far went to. */
    asked: () => caller.calls.map(({ target }) => slugOf.get(target.deploymentId) ?? 'unknown'),
    slugOf: (id: string) => slugOf.get(id) ?? 'unknown',
  };
}
