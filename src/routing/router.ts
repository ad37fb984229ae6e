import { fail, ok, userError } from '../core/errors.js';
import type { Result } from '../core/errors.js';
import { FAILURE_POLICIES } from '../core/failures.js';
import type { InferenceCall } from '../core/operations.js';
import type { CallTimeouts } from '../providers/contract.js';
import { createCompiledRoutes, compileRoute } from './compile.js';
import { createConditionCompiler } from './conditions.js';
import type { ConditionCompiler } from './conditions.js';
import { checkDefinition } from './definition.js';
import type { DispatchOutcome, Preview, PreviewContext, Router, RoutingContext } from './contract.js';
import { tryTargets } from './dispatch.js';
import { createDrains } from './drain.js';
import type { Evidence } from './evidence.js';
import { deploymentsAt, exclusionOf } from './exclude.js';
import { factsOf, holderOf } from './facts.js';
import type { Facts } from './facts.js';
import { createHedgeBudget } from './hedge-budget.js';
import { beginJourney } from './journey.js';
import type { RouterDependencies, Tools } from './journey.js';
import { createRoutingMemory } from './memory.js';
import { pinFor } from './pins.js';
import type { RoutingMemory } from './memory.js';
import { decide, named, newSeed } from './plan.js';
import type { Decision, Named } from './plan.js';
import { createReplayer } from './replay.js';
import { createRetryBudget } from './retry-budget.js';
import { createPlan, legOf } from './roster.js';
import type { Roster } from './roster.js';
import { createNodeNames } from './names.js';
import { createSmoothTurns } from './smooth.js';
import type { StickyNode } from './walk-state.js';

export const CALL_TIMEOUTS: CallTimeouts = { connectMs: 5_000, firstTokenMs: 60_000, idleMs: 30_000 };

export function createRouter(dependencies: RouterDependencies): Router {
  const tools: Tools = {
    ...{ timeouts: CALL_TIMEOUTS, sizing: NO_SIZING, ...dependencies },
    budget: createRetryBudget(dependencies),
    hedges: createHedgeBudget(),
    drains: createDrains({ clock: dependencies.clock }),
  };
  const memory = createRoutingMemory(dependencies);
  const conditions = createConditionCompiler();
  const decisions = createDecisions(tools, { memory, conditions });
  return {
    plan(call, context) {
      const made = decisions.make(call, context);
      if (!made.ok) return { ok: false, error: made.error, record: null };
      const { plan, nameOf, facts, record } = made.value;
      if (!plan.ok) return { ok: false, error: plan.error, record: plan.error.code === 'MODEL_NOT_ALLOWED' ? null : record };
      const { roster } = plan.value;
      for (const node of roster.first?.turns ?? []) memory.advance(nameOf(node));
      // Given to the plan as it is made: in a WeakMap, or set later, it would keep every plan until the old generation is collected.
      return { ok: true, value: createPlan(plan.value, (outcome) => keep({ roster, facts, nameOf, memory }, outcome)) };
    },
    preview(call, context) {
      const made = decisions.make(call, context);
      if (!made.ok) return made;
      const { plan, record } = made.value;
      if (!plan.ok) return ok({ targets: [], record, error: plan.error });
      return ok<Preview>({ targets: plan.value.roster.legs.map(({ deployment }) => deployment), record, error: null });
    },
    ...createReplayer({ conditions }),
    check: (question) => checkDefinition(question, conditions),
    async dispatch(call, plan, watch) {
      const journey = beginJourney(call, watch, plan.warnings);
      const status = await tryTargets(journey, plan, tools);
      const { attempts, refusal, pausedMs } = journey;
      const outcome = { status, attempts, refusal, warnings: [...journey.warnings], pausedMs };
      plan.remember?.(outcome);
      return outcome;
    },
    endDrains: () => tools.drains.close(),
  };
}

const NO_SIZING: Tools['sizing'] = { inputTokens: () => 0, cost: () => null };

interface MadeDecision extends Decision {
  readonly facts: Facts;
  /** What a node is remembered by. */
  readonly nameOf: (node: string) => string;
}

/** Decisions out of what is live: the snapshot, health, and what this process remembers. */
function createDecisions(
  { health, clock, random, sizing }: Tools,
  { memory, conditions }: { memory: RoutingMemory; conditions: ConditionCompiler },
) {
  const routes = createCompiledRoutes(conditions);
  const smooth = createSmoothTurns();
  const names = createNodeNames();
  const treeOf = (model: string, { definition, snapshot }: PreviewContext): Named | null => {
    if (definition) return { tree: compileRoute(definition, conditions), route: null, routeVersion: null };
    return named(model, snapshot, routes);
  };
  return {
    make(call: InferenceCall, context: PreviewContext): Result<MadeDecision> {
      const { principal, snapshot } = context;
      const found = treeOf(call.model, context);
      if (!found) return fail(userError('MODEL_NOT_FOUND', { model: call.model }));
      const at = clock.now();
      const facts = factsOf(call, { principal, inputTokens: sizing.inputTokens(call), at });
      const nameOf = names.within(`${snapshot.organizationId} ${call.model}`);
      const evidence: Evidence = {
        deployment: (slug) => snapshot.deployments.bySlug.get(slug) ?? null,
        deploymentsOf: (model) => snapshot.models.bySlug.get(model)?.deployments ?? deploymentsAt(model, snapshot),
        route: (slug) => routes.named(slug, snapshot),
        exclusion: (deployment) => exclusionOf(deployment, { principal, facts }),
        standing: (deployment) => health.standing(deployment),
        weight: ({ weight }) => weight,
        cost: (deployment) => sizing.cost(call, deployment, at),
        slowAfter: (deployment, percentile) => health.slowAfter(deployment, { percentile, streamed: context.stream === true }),
        turn: (node) => memory.turn(nameOf(node)),
        pin: (node, key) => pinFor({ memory, facts, key }, nameOf(node)),
      };
      const seed = context.seed ?? newSeed(random);
      const { tree, route, routeVersion } = found;
      const { plan, record } = decide({ tree, route, routeVersion, model: call.model, snapshot, facts, evidence, seed, smooth });
      return ok({ plan, record, facts, nameOf });
    },
  };
}

interface Kept {
  readonly roster: Roster;
  readonly facts: Facts;
  readonly nameOf: (node: string) => string;
  readonly memory: RoutingMemory;
}

/** Binds on success only; lets go of a target that was to blame, and of no other. */
function keep({ roster, facts, nameOf, memory }: Kept, { status, attempts }: DispatchOutcome): void {
  const nameFor = ({ node, key }: StickyNode) => {
    const who = holderOf(facts, key);
    return who === null ? null : `${nameOf(node)} ${who}`;
  };
  const innocent = new Set<string>();
  for (const { deployment, failure } of attempts) {
    if (failure === null) continue;
    if (FAILURE_POLICIES[failure.class].health === 'none') innocent.add(deployment.id);
    else for (const node of legOf(roster, deployment).way.sticky) memory.release(nameFor(node) ?? '', deployment.id);
  }
  const last = attempts.at(-1)?.deployment;
  if (status !== 'succeeded' || !last) return;
  for (const node of legOf(roster, last).way.sticky) {
    const name = nameFor(node);
    const bound = name === null ? null : memory.pin(name);
    if (name !== null && !(bound && innocent.has(bound.deploymentId))) memory.bind(name, { branch: node.branch, deploymentId: last.id });
  }
}

export type { RoutingContext };
