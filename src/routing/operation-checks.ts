import type { CatalogueSnapshot } from '../core/catalogue.js';
import type { RouteNode, TargetNode } from '../core/routes.js';
import type { Operation } from '../core/vocabulary.js';
import type { Reading } from './definition-reading.js';
import { childrenOf } from './target-checks.js';

/**
 * A route has no operation of its own: it is for those that its targets share. One that shares none with those before it could
 * never stand in for them, so it is named.
 */
export function checkOperations(definition: RouteNode, { checks, snapshot }: Reading): void {
  let shared: readonly Operation[] | null = null;
  for (const { target, path } of targetsIn(definition, 'definition')) {
    const own = operationsOf(target, snapshot, new Set());
    const before: readonly Operation[] = shared ?? own;
    const both = before.filter((operation) => own.includes(operation));
    if (both.length > 0) shared = both;
    else if (own.length > 0) checks.add(path, `lacks the operation of the targets before it: ${before.join(', ')}`);
  }
}

interface Found {
  readonly target: TargetNode;
  readonly path: string;
}

function targetsIn(node: RouteNode, path: string): readonly Found[] {
  if ('target' in node) return [{ target: node.target, path: `${path}.target.${nameOf(node.target)}` }];
  if ('fallback' in node) return node.fallback.nodes.flatMap((one, index) => targetsIn(one, `${path}.fallback.nodes.${index}`));
  if ('split' in node) return node.split.branches.flatMap((one, index) => targetsIn(one.node, `${path}.split.branches.${index}.node`));
  if ('balance' in node)
    return node.balance.branches.flatMap((one, index) => targetsIn(one.node, `${path}.balance.branches.${index}.node`));
  const { branches, otherwise } = node.when;
  return [
    ...branches.flatMap((one, index) => targetsIn(one.then, `${path}.when.branches.${index}.then`)),
    ...targetsIn(otherwise, `${path}.when.otherwise`),
  ];
}

function nameOf({ deployment, model }: TargetNode): string {
  if (deployment !== undefined) return 'deployment';
  return model === undefined ? 'route' : 'model';
}

function operationsOf({ deployment, model, route }: TargetNode, snapshot: CatalogueSnapshot, seen: Set<string>): readonly Operation[] {
  if (deployment !== undefined) return snapshot.deployments.bySlug.get(deployment)?.model.operations ?? [];
  if (model !== undefined) return snapshot.models.bySlug.get(model)?.operations ?? [];
  const named = snapshot.routes.bySlug.get(route ?? '')?.current.definition;
  if (!named || seen.has(route ?? '')) return [];
  seen.add(route ?? '');
  const [first = [], ...others] = leavesOf(named)
    .map((target) => operationsOf(target, snapshot, seen))
    .filter((operations) => operations.length > 0);
  return first.filter((operation) => others.every((operations) => operations.includes(operation)));
}

function leavesOf(node: RouteNode): readonly TargetNode[] {
  return 'target' in node ? [node.target] : childrenOf(node).flatMap(leavesOf);
}
