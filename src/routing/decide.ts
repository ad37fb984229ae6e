import type { StickyKey } from '../core/vocabulary.js';
import { balance } from './balance.js';
import { chanceAt, drawWeighted } from './chance.js';
import { NO_TERMS } from './compile.js';
import type { CompiledBalance, CompiledNode, Group, TargetTerms } from './compile.js';
import type { Pin } from './evidence.js';
import { holderOf } from './facts.js';
import type { Look } from './sight.js';
import { legsOfAll, nobody, NO_STEPS } from './walk-state.js';
import type { Found, Place, State, Step, Steps, StickyNode, Walk, WalkContext, WalkedLeg } from './walk-state.js';

const START: Place = { terms: NO_TERMS, groups: [], sticky: [], experiment: null, routes: [], preferred: null };
const NO_TURNS: readonly string[] = [];

/** Walks a tree to an ordered list of targets. A pure function of tree, facts, evidence and seed. */
export function walk(tree: CompiledNode, { facts, sight, seed, smooth }: WalkContext): Walk {
  const state: State = { facts, sight, seed, smooth, cooling: [], tooSmall: [], warnings: [], triesSoonest: false, hasExperiment: false };
  const found = visit(tree, START, state);
  const { cooling, tooSmall, warnings, triesSoonest, hasExperiment } = state;
  return { found, cooling, tooSmall, warnings, triesSoonest, hasExperiment };
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
  const deployment = state.sight.deployment(slug);
  if (!deployment) return nobody([{ path, kind: 'TARGET', outcome: slug, reason: 'there is no such deployment any more' }]);
  const look = state.sight.look(deployment);
  const way = withTerms(place, terms);
  if (isUsable(look, way, state))
    return { head: legTo(look, way), order: null, steps: [{ path, kind: 'TARGET', outcome: slug, reason: 'a deployment' }] };
  return nobody([{ path, kind: 'TARGET', outcome: slug, reason: look.exclusion?.reason ?? 'it is open' }]);
}

function legTo(look: Look, way: Place): WalkedLeg {
  return { deployment: look.deployment, way, turns: NO_TURNS, look };
}

/** Whether this call can go there now; where it can't, that is noted. */
function isUsable(look: Look, way: Place, { cooling, tooSmall }: State): boolean {
  const { exclusion, block } = look;
  if (exclusion === null && block === null) return true;
  if (exclusion?.kind === 'too-small') tooSmall.push(legTo(look, way));
  else if (block !== null) cooling.push({ leg: legTo(look, way), block });
  return false;
}

function withTerms(place: Place, inner: TargetTerms): Place {
  return inner === NO_TERMS ? place : { ...place, terms: place.terms === NO_TERMS ? inner : { ...place.terms, ...inner } };
}

/** Field by field: a spread would take as long as all else about a node. */
function within({ terms, groups, sticky, experiment, routes, preferred }: Place, group: Group): Place {
  return { terms, groups: [...groups, group], sticky, experiment, routes, preferred };
}

/** A model's name is a balance over its deployments, by their weight. */
function visitModel({ path, slug, terms, reason, group }: NodeOf<'model'>, place: Place, state: State): Found {
  const { sight } = state;
  const deployments = sight.deploymentsOf(slug);
  if (!deployments) return nobody([{ path, kind: 'MODEL', outcome: slug, reason: 'there is no such model any more' }]);
  const inside = within(withTerms(place, terms), group);
  const looks: Look[] = [];
  for (const deployment of deployments) {
    const look = sight.look(deployment);
    if (isUsable(look, inside, state)) looks.push(look);
  }
  const step: Step = { path, kind: 'MODEL', outcome: `${looks.length} of ${deployments.length} deployments can be used`, reason };
  const foundAt = (index: number): Found => {
    const look = looks[index];
    return look ? { head: legTo(look, inside), order: null, steps: NO_STEPS } : nobody(NO_STEPS);
  };
  const field = { looks, weights: looks.map((look) => sight.weight(look)) };
  return after(
    step,
    balance({ path, strategy: 'WEIGHTED', latencyMeasure: 'END_TO_END', field, foundAt, preferred: place.preferred }, state),
  );
}

function visitRoute({ path, slug, terms }: NodeOf<'route'>, place: Place, state: State): Found {
  const isLoop = place.routes.includes(slug);
  const node = isLoop ? null : state.sight.route(slug);
  const step = (reason: string): Step => ({ path, kind: 'ROUTE', outcome: slug, reason });
  if (!node) return nobody([step(isLoop ? 'it leads back to itself' : 'there is no such route any more')]);
  return after(step('as that route decides'), visit(node, { ...withTerms(place, terms), routes: [...place.routes, slug] }, state));
}

function visitFallback({ path, nodes, group, triesSoonest }: NodeOf<'fallback'>, place: Place, state: State): Found {
  state.triesSoonest ||= triesSoonest;
  const inside = within(place, group);
  const all: Found[] = [];
  for (const node of nodes) all.push(visit(node, inside, state));
  const first = all.findIndex(({ head }) => head !== null);
  const outcome = first < 0 ? 'nothing can be used' : `node ${first}`;
  const step: Step = { path, kind: 'FALLBACK', outcome, reason: first > 0 ? 'the first that can be used' : 'in order' };
  return { head: all[first]?.head ?? null, order: () => legsOfAll(all), steps: [step, all.map(({ steps }) => steps)] };
}

/** One side, and only that: what a split compares must not be mixed by failures. Sides that can't be used at all don't count. */
function visitSplit({ path, branches, sticky, experiment }: NodeOf<'split'>, place: Place, state: State): Found {
  const bound = pinOf(path, sticky, state);
  const left = branches.filter(({ weight }) => weight > 0);
  const kept = bound ? left.find(({ name }) => name === bound.branch) : undefined;
  const steps: (Step | Steps)[] = [];
  for (let draw = kept ?? drawn(left, path, state); draw; draw = drawn(left, path, state)) {
    const coolingBefore = state.cooling.length;
    const total = left.reduce((sum, { weight }) => sum + weight, 0);
    const reason = draw === kept ? 'kept' : `weight ${draw.weight} of ${total}, drawn`;
    const around = withSticky(place.sticky, sticky && { node: path, key: sticky, branch: draw.name });
    const side = place.experiment ?? (experiment === null ? null : { name: experiment, branch: draw.name });
    const found = visit(
      draw.node,
      { ...place, sticky: around, preferred: bound?.deploymentId ?? place.preferred, experiment: side },
      state,
    );
    steps.push({ path, kind: 'SPLIT', outcome: draw.name, reason }, found.steps);
    state.hasExperiment ||= side !== null;
    if (found.head !== null || state.cooling.length > coolingBefore) return { head: found.head, order: found.order, steps };
    left.splice(left.indexOf(draw), 1);
  }
  return nobody(steps);
}

function drawn<Branch extends { readonly weight: number }>(left: readonly Branch[], path: string, { seed }: State): Branch | undefined {
  if (left.length === 0) return undefined;
  const weights = left.map(({ weight }) => weight);
  return left[drawWeighted(weights, chanceAt(seed, `${path} ${left.length}`))];
}

function visitBalance({ path, strategy, latencyMeasure, branches, sticky, group }: CompiledBalance, place: Place, state: State): Found {
  const bound = pinOf(path, sticky, state);
  const around = withSticky(place.sticky, sticky && { node: path, key: sticky, branch: null });
  const preferred = bound?.deploymentId ?? place.preferred;
  const { terms, groups, experiment, routes } = place;
  const inside: Place = { terms, groups: [...groups, group], sticky: around, experiment, routes, preferred };
  const all: Found[] = [];
  const [looks, weights]: [Look[], number[]] = [[], []];
  for (const { weight, node } of branches) {
    const found = visit(node, inside, state);
    if (found.head === null) continue;
    all.push(found);
    looks.push(found.head.look);
    weights.push(weight);
  }
  const foundAt = (index: number) => all[index] ?? nobody(NO_STEPS);
  return balance({ path, strategy, latencyMeasure, field: { looks, weights }, foundAt, preferred }, state);
}

function withSticky(sticky: Place['sticky'], node: StickyNode | null): Place['sticky'] {
  return node ? [...sticky, node] : sticky;
}

function pinOf(path: string, sticky: StickyKey | null, { facts, sight }: State): Pin | null {
  return sticky === null || holderOf(facts, sticky) === null ? null : sight.pin(path, sticky);
}

/** A condition that can't be told is neither true nor silently false: the step and a warning say so. */
function visitWhen({ path, branches, otherwise }: NodeOf<'when'>, place: Place, state: State): Found {
  const steps: Step[] = [];
  for (const [index, { source, condition, node }] of branches.entries()) {
    const verdict = condition(state.facts);
    if (verdict === false) continue;
    if (verdict === true) {
      steps.push({ path, kind: 'WHEN', outcome: `branch ${index}`, reason: source });
      return after(steps, visit(node, place, state));
    }
    steps.push({ path, kind: 'WHEN', outcome: `branch ${index} failed`, reason: verdict.failed });
    state.warnings.push(`route_condition_failed: ${path}.branches.${index}.if: ${verdict.failed}`);
  }
  steps.push({ path, kind: 'WHEN', outcome: 'otherwise', reason: 'no condition holds' });
  return after(steps, visit(otherwise, place, state));
}

function after(before: Step | Steps, { head, order, steps }: Found): Found {
  return { head, order, steps: [before, steps] };
}
