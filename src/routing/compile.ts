import type { CatalogueSnapshot } from '../core/catalogue.js';
import type { HedgeTerms, RouteNode, TargetNode } from '../core/routes.js';
import type { BalanceStrategy, FailureClass, LatencyMeasure, StickyKey } from '../core/vocabulary.js';
import type { Condition, ConditionCompiler } from './conditions.js';

/** What holds for each attempt at a target; what is absent has the product's default. Times in milliseconds. */
export type TargetTerms = Pick<TargetNode, 'maxAttempts' | 'firstTokenTimeoutMs' | 'idleTimeoutMs' | 'timeoutMs'>;

export const NO_TERMS: TargetTerms = {};

/** Targets that stand in for one another, and for which failures; null: all that another target could cure. */
export interface Group {
  readonly on: ReadonlySet<FailureClass> | null;
  readonly hedge: (HedgeTerms & { readonly path: string }) | null;
}

/** A route's tree, ready to be walked: every path is made and every condition compiled. */
export type CompiledNode =
  | CompiledTarget<'deployment'>
  | CompiledModel
  | CompiledTarget<'route'>
  | {
      readonly kind: 'fallback';
      readonly path: string;
      readonly nodes: readonly CompiledNode[];
      readonly group: Group;
      readonly triesSoonest: boolean;
    }
  | {
      readonly kind: 'split';
      readonly path: string;
      readonly branches: readonly CompiledBranch[];
      readonly sticky: StickyKey | null;
      readonly experiment: string | null;
    }
  | CompiledBalance
  | { readonly kind: 'when'; readonly path: string; readonly branches: readonly CompiledWhen[]; readonly otherwise: CompiledNode };

interface CompiledTarget<Kind> {
  readonly kind: Kind;
  readonly path: string;
  readonly slug: string;
  readonly terms: TargetTerms;
}

/** A balance over its deployments: they stand in for one another. */
interface CompiledModel extends CompiledTarget<'model'> {
  readonly reason: string;
  readonly group: Group;
}

export interface CompiledBranch {
  readonly name: string;
  readonly weight: number;
  readonly node: CompiledNode;
}

export interface CompiledBalance {
  readonly kind: 'balance';
  readonly path: string;
  readonly strategy: BalanceStrategy;
  readonly latencyMeasure: LatencyMeasure;
  readonly branches: readonly CompiledBranch[];
  readonly sticky: StickyKey | null;
  readonly group: Group;
}

export interface CompiledWhen {
  readonly source: string;
  readonly condition: Condition;
  readonly node: CompiledNode;
}

export function compileRoute(definition: RouteNode, conditions: ConditionCompiler, path = 'definition'): CompiledNode {
  const inner = (node: RouteNode, below: string) => compileRoute(node, conditions, `${path}.${below}`);
  if ('target' in definition) return compileTarget(definition.target, `${path}.target`);
  if ('fallback' in definition) {
    const { nodes, on, whenAllOpen, hedge } = definition.fallback;
    return {
      ...{ kind: 'fallback', path: `${path}.fallback`, nodes: nodes.map((node, index) => inner(node, `fallback.nodes.${index}`)) },
      ...{ group: { on: on ? new Set(on) : null, hedge: hedgeAt(hedge, `${path}.fallback`) }, triesSoonest: whenAllOpen === 'TRY_SOONEST' },
    };
  }
  if ('split' in definition) {
    const { branches, sticky = null, experiment = null } = definition.split;
    const compiled = branches.map(({ name, weight, node }, index) => ({ name, weight, node: inner(node, `split.branches.${index}.node`) }));
    return { kind: 'split', path: `${path}.split`, branches: compiled, sticky, experiment };
  }
  if ('balance' in definition) {
    const { strategy, latencyMeasure = 'END_TO_END', branches, sticky = null, hedge } = definition.balance;
    const compiled = branches.map(({ node, weight = 1 }, index) => {
      return { name: String(index), weight, node: inner(node, `balance.branches.${index}.node`) };
    });
    const group = { on: null, hedge: hedgeAt(hedge, `${path}.balance`) };
    return { kind: 'balance', path: `${path}.balance`, strategy, latencyMeasure, branches: compiled, sticky, group };
  }
  const { branches, otherwise } = definition.when;
  const compiled = branches.map((branch, index) => ({
    ...{ source: branch.if, condition: conditionOf(branch.if, conditions), node: inner(branch.then, `when.branches.${index}.then`) },
  }));
  return { kind: 'when', path: `${path}.when`, branches: compiled, otherwise: inner(otherwise, 'when.otherwise') };
}

function hedgeAt(hedge: HedgeTerms | undefined, path: string): Group['hedge'] {
  return hedge ? { ...hedge, path } : null;
}

/** What was published was compiled before; what no longer compiles is told whenever it would have decided. */
function conditionOf(source: string, conditions: ConditionCompiler): Condition {
  const compiled = conditions.compile(source);
  return 'condition' in compiled ? compiled.condition : () => ({ failed: compiled.problem });
}

function compileTarget({ deployment, model, route, ...given }: TargetNode, path: string): CompiledNode {
  const terms = Object.keys(given).length === 0 ? NO_TERMS : given;
  if (deployment !== undefined) return { kind: 'deployment', path, slug: deployment, terms };
  if (model !== undefined) return modelNode(path, model, terms);
  return { kind: 'route', path, slug: route ?? '', terms };
}

/** What a name without a route stands for. */
export function compileModel(slug: string): CompiledNode {
  return modelNode('model', slug, NO_TERMS);
}

function modelNode(path: string, slug: string, terms: TargetTerms): CompiledModel {
  return { kind: 'model', path, slug, terms, reason: `the model ${slug}`, group: { on: null, hedge: null } };
}

/** Compiled trees of the routes in force, each made once. */
export interface CompiledRoutes {
  get(definition: RouteNode): CompiledNode;
  /** A route that another one names, in this configuration: its paths begin with its slug, so that no two nodes share one. */
  named(slug: string, snapshot: CatalogueSnapshot, version?: number): CompiledNode | null;
}

export function createCompiledRoutes(conditions: ConditionCompiler): CompiledRoutes {
  const outer = new WeakMap<RouteNode, CompiledNode>();
  const inner = new WeakMap<RouteNode, CompiledNode>();
  const once = (known: WeakMap<RouteNode, CompiledNode>, definition: RouteNode, path: string): CompiledNode => {
    const earlier = known.get(definition);
    if (earlier) return earlier;
    const node = compileRoute(definition, conditions, path);
    known.set(definition, node);
    return node;
  };
  return {
    get: (definition) => once(outer, definition, 'definition'),
    named(slug, snapshot, version) {
      const route = snapshot.routes.bySlug.get(slug);
      const wanted = version === undefined ? route?.current : route?.versions.find((one) => one.version === version);
      return wanted ? once(inner, wanted.definition, `${slug}:definition`) : null;
    },
  };
}
