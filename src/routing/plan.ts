import type { CatalogueSnapshot, Deployment } from '../core/catalogue.js';
import type { DeploymentId } from '../core/ids.js';
import type { Random } from '../core/clock.js';
import { fail, ok, userError } from '../core/errors.js';
import type { Result, UserError } from '../core/errors.js';
import type { RoutingCandidate, RoutingRecord } from '../core/inference.js';
import { compileModel } from './compile.js';
import type { CompiledNode, CompiledRoutes } from './compile.js';
import type { Hedge, RoutePlan } from './contract.js';
import { allCooling } from './cooling.js';
import { walk } from './decide.js';
import { noting } from './evidence.js';
import type { Evidence, WritableInputs } from './evidence.js';
import { deploymentsAt } from './exclude.js';
import type { Facts } from './facts.js';
import type { SmoothTurns } from './smooth.js';
import type { Leg, Step, Walk } from './walk-state.js';

/** What a caller's `model` stands for: a route's tree, a model, or a provider's. */
export interface Named {
  readonly tree: CompiledNode;
  readonly route: string | null;
  readonly routeVersion: number | null;
}

/** A route's slug; a model's slug; or, with a slash, a provider's slug and then a model's slug or an `upstreamModel` there. */
export function named(model: string, snapshot: CatalogueSnapshot, routes: CompiledRoutes): Named | null {
  const route = snapshot.routes.bySlug.get(model);
  if (route) return { tree: routes.get(route.current.definition), route: model, routeVersion: route.current.version };
  const known = snapshot.models.bySlug.has(model) || deploymentsAt(model, snapshot) !== null;
  return known ? { tree: compileModel(model), route: null, routeVersion: null } : null;
}

export interface Deciding extends Named {
  readonly model: string;
  readonly snapshot: CatalogueSnapshot;
  readonly facts: Facts;
  readonly evidence: Evidence;
  readonly seed: string;
  readonly smooth: SmoothTurns;
}

export interface Decision {
  readonly plan: Result<RoutePlan>;
  readonly record: RoutingRecord;
}

/** Decides who answers. A pure function: the same facts, evidence and seed decide the same again. */
export function decide(deciding: Deciding): Decision {
  const { tree, snapshot, facts, seed, smooth } = deciding;
  const { evidence, inputs } = noting(deciding.evidence, snapshot);
  const walked = walk(tree, { facts, evidence, seed, smooth });
  const isLenient = walked.triesSoonest || isPlain(deciding);
  const soonest = walked.legs.length === 0 && isLenient ? soonestOf(walked) : null;
  const { legs, targets } = eachOnce(soonest ? [soonest] : arranged(walked, facts, evidence));
  const { hedge, steps } = hedgeFor([...legs.values()], deciding, evidence);
  const record: RoutingRecord = {
    route: deciding.route,
    routeVersion: deciding.routeVersion,
    seed,
    steps: steps.length === 0 ? walked.steps : [...walked.steps, ...steps],
    candidates: candidatesOf(walked, legs),
    inputs: inputsOf(deciding, inputs),
  };
  if (legs.size === 0) return { plan: fail(whyNobody(deciding, walked)), record };
  const plan: RoutePlan = {
    targets,
    record,
    legs,
    hedge,
    isForced: soonest !== null,
    isLenient,
    warnings: walked.warnings,
  };
  return { plan: ok(plan), record };
}

/** In the order they are tried. */
function eachOnce(all: readonly Leg[]): { readonly legs: ReadonlyMap<DeploymentId, Leg>; readonly targets: readonly Deployment[] } {
  const legs = new Map<DeploymentId, Leg>();
  const targets: Deployment[] = [];
  for (const leg of all) {
    if (legs.has(leg.deployment.id)) continue;
    legs.set(leg.deployment.id, leg);
    targets.push(leg.deployment);
  }
  return { legs, targets };
}

/** Who joins the first target where that is slow: the next one of the innermost group that says so. */
function hedgeFor(
  [first, ...others]: readonly Leg[],
  { snapshot, model }: Deciding,
  evidence: Evidence,
): { readonly hedge: Hedge | null; readonly steps: readonly Step[] } {
  const group = first?.groups.findLast(({ hedge }) => hedge !== null);
  const to = group && others.find(({ groups }) => groups.includes(group));
  if (!first || !group?.hedge || !to) return { hedge: null, steps: [] };
  const { path, afterPercentile, maxExtraLoad } = group.hedge;
  const afterMs = evidence.slowAfter(first.deployment, afterPercentile);
  const { slug } = first.deployment;
  const step = { path, kind: 'HEDGE' };
  if (afterMs === null) return { hedge: null, steps: [{ ...step, outcome: 'none', reason: `${slug} has answered too little of late` }] };
  const reason = `slower than the ${afterPercentile}th percentile of ${slug}`;
  const hedge = { to: to.deployment.id, afterMs, node: `${snapshot.organizationId} ${model} ${path}`, maxExtraLoad };
  return { hedge, steps: [{ ...step, outcome: `${to.deployment.slug} after ${Math.round(afterMs)} ms`, reason }] };
}

/** A model named without a route: nobody chose what happens when all of its deployments cool, and trying beats refusing. */
function isPlain({ route, tree }: Named): boolean {
  return route === null && tree.kind === 'model';
}

/** What the call prefers, applied to what the tree allows. */
function arranged(walked: Walk, { preferences, inputTokens }: Facts, evidence: Evidence): readonly Leg[] {
  const usable = walked.legs.length > 0 || walked.cooling.length > 0 ? walked.legs : largestOf(walked.tooSmall, inputTokens);
  const maxMs = preferences?.maxFirstTokenMs ?? null;
  const isSlow = ({ deployment }: Leg) => maxMs !== null && (evidence.reading(deployment).firstTokenMs ?? 0) > maxMs;
  const legs = maxMs === null ? usable : [...usable.filter((leg) => !isSlow(leg)), ...usable.filter(isSlow)];
  return preferences?.disableFallbacks ? legs.slice(0, 1) : legs;
}

/** Fewer than eight bytes a token are usual: what an estimate finds too long by that much does not fit. */
const SURELY_TOO_LONG = 2;

/** An estimate may be wrong: where every window seems too small, the largest is tried, unless it is so by far. */
function largestOf(legs: readonly Leg[], inputTokens: number): readonly Leg[] {
  const sorted = [...legs].sort((left, right) => windowOf(right) - windowOf(left));
  return sorted.filter(
    (leg, index) => inputTokens <= windowOf(leg) * SURELY_TOO_LONG && windowOf(leg) === windowOf(sorted[0] ?? leg) && index < 3,
  );
}

function windowOf({ deployment }: Leg): number {
  return deployment.model.contextWindow ?? Infinity;
}

function soonestOf({ cooling }: Walk): Leg | null {
  const [first] = [...cooling].sort((left, right) => left.block.untilMs - right.block.untilMs);
  return first?.leg ?? null;
}

function whyNobody({ model, facts }: Deciding, { cooling, excluded }: Walk): UserError {
  if (cooling.length > 0) {
    const blocks = cooling.map(({ block }) => block);
    return allCooling(blocks, facts.at.getTime());
  }
  const kinds = new Set([...excluded.values()].map(({ kind }) => kind));
  const incapable = [...excluded.values()].find(({ kind }) => kind === 'incapable');
  if (kinds.has('too-small')) return userError('CONTEXT_LENGTH_EXCEEDED');
  if (incapable) return userError('CAPABILITY_NOT_SUPPORTED', { model, message: `No target can take this call: ${incapable.reason}.` });
  if (kinds.has('preference'))
    return userError('MODEL_NOT_FOUND', { model, message: 'No deployment fits what the call asks of its routing.' });
  return userError(kinds.has('not-allowed') ? 'MODEL_NOT_ALLOWED' : 'MODEL_NOT_FOUND', { model });
}

function candidatesOf({ scores, excluded, cooling }: Walk, legs: ReadonlyMap<DeploymentId, Leg>): readonly RoutingCandidate[] {
  const [chosen = null] = legs.keys();
  const blocks = new Map(cooling.map(({ leg, block }) => [leg.deployment, block.reason]));
  const candidates: RoutingCandidate[] = [];
  scores.forEach((score, deployment) => {
    const { id } = deployment;
    const why = id === chosen ? null : (excluded.get(deployment)?.reason ?? blocks.get(deployment) ?? null);
    const candidate = { deploymentId: id, chosen: id === chosen, score, excluded: why };
    const experiment = legs.get(id)?.experiment;
    candidates.push(experiment ? { ...candidate, experiment } : candidate);
  });
  return candidates;
}

function inputsOf({ snapshot, facts }: Deciding, inputs: WritableInputs): NonNullable<RoutingRecord['inputs']> {
  const { inputTokens, hasTools, hasImages, needs, preferences, at } = facts;
  const { models, deployments, turns, pins, routes } = inputs;
  const asked = { models, deployments, turns, pins, routes };
  const needed = needs.length === 0 ? {} : { needs };
  return { snapshot: snapshot.version, at: at.toISOString(), inputTokens, hasTools, hasImages, ...needed, preferences, ...asked };
}

/** 64 random bits: unique per call for all that matters. */
export function newSeed(random: Random): string {
  const word = () =>
    Math.floor(random() * 2 ** 32)
      .toString(16)
      .padStart(8, '0');
  return word() + word();
}
