import type { Deployment } from '../core/catalogue.js';
import type { StickyKey } from '../core/vocabulary.js';
import { balance } from './balance.js';
import type { BalanceBranch } from './balance.js';
import { chanceAt, drawWeighted } from './chance.js';
import type { CompiledBalance, CompiledNode, TargetTerms } from './compile.js';
import type { Pin } from './evidence.js';
import { holderOf } from './facts.js';
import type { Found, Leg, Place, State, Step, StickyNode, Walk, WalkContext } from './walk-state.js';

const NO_TERMS: TargetTerms = {};
const NO_STEPS: readonly Step[] = [];

/** Walks a tree to an ordered list of targets. A pure function of tree, facts, evidence and seed. */
export function walk(tree: CompiledNode, context: WalkContext): Walk {
  const state: State = {
    facts: context.facts,
    evidence: context.evidence,
    seed: context.seed,
    smooth: context.smooth,
    scores: new Map(),
    excluded: new Map(),
    cooling: [],
    tooSmall: [],
    warnings: [],
    triesSoonest: false,
  };
  const { legs, steps } = visit(tree, { terms: NO_TERMS, groups: [], sticky: [], routes: [], preferred: null, experiment: null }, state);
  const { scores, excluded, cooling, tooSmall, warnings, triesSoonest } = state;
  return { legs, steps, scores, excluded, cooling, tooSmall, warnings, triesSoonest };
}

function visit(node: CompiledNode, place: Place, state: State): Found {
  switch (node.kind) {
    case 'deployment':
      return visitDeployment(node, place, state);
    case 'model':
      return visitModel(node, place, state);
    case 'route':
      return visitRoute(node, place, state);
    case 'fallback':
      return visitFallback(node, place, state);
    case 'split':
      return visitSplit(node, place, state);
    case 'balance':
      return visitBalance(node, place, state);
    case 'when':
      return visitWhen(node, place, state);
  }
}

type NodeOf<Kind extends CompiledNode['kind']> = Extract<CompiledNode, { kind: Kind }>;

function visitDeployment({ path, slug, terms }: NodeOf<'deployment'>, place: Place, state: State): Found {
  const deployment = state.evidence.deployment(slug);
  if (!deployment) return { legs: [], steps: [{ path, kind: 'TARGET', outcome: slug, reason: 'there is no such deployment any more' }] };
  const leg = usable(deployment, { ...place, terms: joined(place.terms, terms) }, state);
  return {
    legs: leg ? [leg] : [],
    steps: [{ path, kind: 'TARGET', outcome: slug, reason: leg ? 'a deployment' : whyNot(deployment, state) }],
  };
}

function whyNot(deployment: Deployment, { excluded }: State): string {
  return excluded.get(deployment)?.reason ?? 'it is open';
}

/** The leg to a deployment; null where this call can't go there now, with the reason noted. */
function usable(deployment: Deployment, { terms, groups, sticky, experiment }: Place, state: State): Leg | null {
  const { evidence, excluded, cooling, tooSmall, scores } = state;
  if (!scores.has(deployment)) scores.set(deployment, null);
  const leg: Leg = { deployment, terms, groups, sticky, turns: [], experiment };
  const exclusion = evidence.exclusion(deployment);
  if (exclusion) {
    excluded.set(deployment, exclusion);
    if (exclusion.kind === 'too-small') tooSmall.push(leg);
    return null;
  }
  const block = evidence.block(deployment);
  if (!block) return leg;
  cooling.push({ leg, block });
  return null;
}

function joined(outer: TargetTerms, inner: TargetTerms): TargetTerms {
  return outer === NO_TERMS ? inner : { ...outer, ...inner };
}

/** A model's name is a balance over its deployments, by their weight. */
function visitModel({ path, slug, terms }: NodeOf<'model'>, place: Place, state: State): Found {
  const deployments = state.evidence.deploymentsOf(slug);
  if (!deployments) return { legs: [], steps: [{ path, kind: 'MODEL', outcome: slug, reason: 'there is no such model any more' }] };
  const inside = { ...place, terms: joined(place.terms, terms), groups: [...place.groups, { on: null, hedge: null }] };
  const branches: BalanceBranch[] = [];
  for (const deployment of deployments) {
    const leg = usable(deployment, inside, state);
    if (leg) branches.push({ weight: state.evidence.weight(deployment), found: { legs: [leg], steps: NO_STEPS } });
  }
  const count = `${branches.length} of ${deployments.length} deployments can be used`;
  const step: Step = { path, kind: 'MODEL', outcome: count, reason: `the model ${slug}` };
  if (branches.length === 0) return { legs: [], steps: [step] };
  const balanced = balance({ path, strategy: 'WEIGHTED', branches, preferred: place.preferred }, state);
  return { legs: balanced.legs, steps: [step, ...balanced.steps] };
}

function visitRoute({ path, slug, terms }: NodeOf<'route'>, place: Place, state: State): Found {
  const node = place.routes.includes(slug) ? null : state.evidence.route(slug);
  const step = (reason: string): Step => ({ path, kind: 'ROUTE', outcome: slug, reason });
  if (!node)
    return { legs: [], steps: [step(place.routes.includes(slug) ? 'it leads back to itself' : 'there is no such route any more')] };
  const found = visit(node, { ...place, terms: joined(place.terms, terms), routes: [...place.routes, slug] }, state);
  return { legs: found.legs, steps: [step('as that route decides'), ...found.steps] };
}

function visitFallback({ path, nodes, group, triesSoonest }: NodeOf<'fallback'>, place: Place, state: State): Found {
  state.triesSoonest ||= triesSoonest;
  const inside = { ...place, groups: [...place.groups, group] };
  const found = nodes.map((node) => visit(node, inside, state));
  const first = found.findIndex(({ legs }) => legs.length > 0);
  const outcome = first < 0 ? 'nothing can be used' : `node ${first}`;
  const reason = first > 0 ? 'the first that can be used' : 'in order';
  const legs: Leg[] = [];
  const steps: Step[] = [{ path, kind: 'FALLBACK', outcome, reason }];
  for (const one of found) {
    for (const leg of one.legs) legs.push(leg);
    for (const step of one.steps) steps.push(step);
  }
  return { legs, steps };
}

/** One side, and only that: what a split compares must not be mixed by failures. Sides that can't be used at all don't count. */
function visitSplit({ path, branches, sticky, experiment }: NodeOf<'split'>, place: Place, state: State): Found {
  const bound = pinOf(path, sticky, state);
  const left = branches.filter(({ weight }) => weight > 0);
  const kept = bound ? left.find(({ name }) => name === bound.branch) : undefined;
  const steps: Step[] = [];
  for (let draw = kept ?? drawn(left, `${path} ${left.length}`, state); draw; draw = drawn(left, `${path} ${left.length}`, state)) {
    const coolingBefore = state.cooling.length;
    const total = left.reduce((sum, { weight }) => sum + weight, 0);
    const reason = draw === kept ? 'kept' : `weight ${draw.weight} of ${total}, drawn`;
    const inside = withSticky(place, sticky && { node: path, key: sticky, branch: draw.name });
    const side = place.experiment ?? (experiment === null ? null : { name: experiment, branch: draw.name });
    const found = visit(draw.node, { ...inside, preferred: bound?.deploymentId ?? place.preferred, experiment: side }, state);
    steps.push({ path, kind: 'SPLIT', outcome: draw.name, reason }, ...found.steps);
    if (found.legs.length > 0 || state.cooling.length > coolingBefore) return { legs: found.legs, steps };
    left.splice(left.indexOf(draw), 1);
  }
  return { legs: [], steps };
}

function drawn<Branch extends { readonly weight: number }>(
  branches: readonly Branch[],
  place: string,
  { seed }: State,
): Branch | undefined {
  return branches.length === 0
    ? undefined
    : branches[
        drawWeighted(
          branches.map(({ weight }) => weight),
          chanceAt(seed, place),
        )
      ];
}

function visitBalance({ path, strategy, branches, sticky, group }: CompiledBalance, place: Place, state: State): Found {
  const bound = pinOf(path, sticky, state);
  const around = withSticky(place, sticky && { node: path, key: sticky, branch: null });
  const inside = { ...around, groups: [...place.groups, group], preferred: bound?.deploymentId ?? place.preferred };
  const found = branches.map(({ weight, node }) => ({ weight, found: visit(node, inside, state) }));
  return balance({ path, strategy, branches: found, preferred: inside.preferred }, state);
}

function withSticky(place: Place, node: StickyNode | null): Place {
  return node ? { ...place, sticky: [...place.sticky, node] } : place;
}

function pinOf(path: string, sticky: StickyKey | null, { facts, evidence }: State): Pin | null {
  return sticky === null || holderOf(facts, sticky) === null ? null : evidence.pin(path);
}

/** A condition that can't be told is neither true nor silently false: the step and a warning say so. */
function visitWhen({ path, branches, otherwise }: NodeOf<'when'>, place: Place, state: State): Found {
  const steps: Step[] = [];
  for (const [index, { source, condition, node }] of branches.entries()) {
    const verdict = condition(state.facts);
    if (verdict === false) continue;
    if (verdict === true) {
      steps.push({ path, kind: 'WHEN', outcome: `branch ${index}`, reason: source });
      const found = visit(node, place, state);
      return { legs: found.legs, steps: [...steps, ...found.steps] };
    }
    steps.push({ path, kind: 'WHEN', outcome: `branch ${index} failed`, reason: verdict.failed });
    state.warnings.push(`route_condition_failed: ${path}.branches.${index}.if: ${verdict.failed}`);
  }
  const found = visit(otherwise, place, state);
  return {
    legs: found.legs,
    steps: [...steps, { path, kind: 'WHEN', outcome: 'otherwise', reason: 'no condition holds' }, ...found.steps],
  };
}
