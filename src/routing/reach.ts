import type { CatalogueSnapshot } from '../core/catalogue.js';
import type { RouteNode, TargetNode } from '../core/routes.js';
import type { Reading } from './definition-reading.js';

/** Names what can never be reached: a node of a fallback whose every target is tried before it in any case. */
export function checkReach(definition: RouteNode, { checks, snapshot }: Reading): void {
  visit(definition, 'definition');

  function visit(node: RouteNode, path: string): void {
    if ('fallback' in node) {
      const before = new Set<string>();
      for (const [index, inner] of node.fallback.nodes.entries()) {
        const below = `${path}.fallback.nodes.${index}`;
        const some = possible(inner);
        if (some.every((target) => isCovered(target, before, snapshot)))
          checks.add(below, 'can’t be reached: its targets are tried before it');
        for (const target of certain(inner)) before.add(target);
        visit(inner, below);
      }
    } else if ('split' in node) node.split.branches.forEach((branch, index) => visit(branch.node, `${path}.split.branches.${index}.node`));
    else if ('balance' in node)
      node.balance.branches.forEach((branch, index) => visit(branch.node, `${path}.balance.branches.${index}.node`));
    else if ('when' in node) {
      node.when.branches.forEach((branch, index) => visit(branch.then, `${path}.when.branches.${index}.then`));
      visit(node.when.otherwise, `${path}.when.otherwise`);
    }
  }
}

function nameOf({ deployment, model, route }: TargetNode): string {
  if (deployment !== undefined) return `deployment ${deployment}`;
  return model === undefined ? `route ${route ?? ''}` : `model ${model}`;
}

/** A deployment is tried before also where its model is. */
function isCovered(target: string, before: ReadonlySet<string>, snapshot: CatalogueSnapshot): boolean {
  if (before.has(target)) return true;
  const deployment = target.startsWith('deployment ') ? snapshot.deployments.bySlug.get(target.slice('deployment '.length)) : undefined;
  return deployment !== undefined && before.has(`model ${deployment.model.slug}`);
}

/** Targets that some call may try. */
function possible(node: RouteNode): readonly string[] {
  if ('target' in node) return [nameOf(node.target)];
  if ('fallback' in node) return node.fallback.nodes.flatMap(possible);
  if ('split' in node) return node.split.branches.flatMap((branch) => possible(branch.node));
  if ('balance' in node) return node.balance.branches.flatMap((branch) => possible(branch.node));
  return [...node.when.branches.flatMap((branch) => possible(branch.then)), ...possible(node.when.otherwise)];
}

/** Targets that every call tries before it leaves the node. */
function certain(node: RouteNode): readonly string[] {
  if ('target' in node) return [nameOf(node.target)];
  if ('fallback' in node) return node.fallback.nodes.flatMap(certain);
  if ('balance' in node) return node.balance.branches.flatMap((branch) => certain(branch.node));
  const sides =
    'split' in node
      ? node.split.branches.map((branch) => branch.node)
      : [...node.when.branches.map((one) => one.then), node.when.otherwise];
  const [first = [], ...others] = sides.map(certain);
  return first.filter((target) => others.every((side) => side.includes(target)));
}
