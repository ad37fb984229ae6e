import type { CatalogueSnapshot, Deployment } from '../core/catalogue.js';
import type { JsonObject } from '../core/json.js';
import type { RouteNode, TargetNode } from '../core/routes.js';
import type { Reading } from './definition-reading.js';
import { whyNotServing } from './serving.js';

/** Bounds of a target's own settings; times in milliseconds. */
export const TARGET_LIMITS = { maxAttempts: 10, timeoutMs: 600_000 } as const;

const NAMES = ['deployment', 'model', 'route'] as const;
const TIMES = ['firstTokenTimeoutMs', 'idleTimeoutMs', 'timeoutMs'] as const;

export function checkTarget(fields: JsonObject, path: string, reading: Reading): TargetNode {
  const { checks } = reading;
  const given = NAMES.filter((name) => typeof fields[name] === 'string');
  const [name] = given;
  if (given.length !== 1 || !name) checks.add(path, `must have exactly one of ${NAMES.join(', ')}`);
  const named = name ? fields[name] : '';
  const slug = typeof named === 'string' ? named : '';
  const why = name && given.length === 1 ? whyNoTarget(name, slug, reading) : null;
  if (name && why !== null) checks.add(`${path}.${name}`, why);
  const terms: Partial<Record<'maxAttempts' | (typeof TIMES)[number], number>> = {};
  for (const term of ['maxAttempts', ...TIMES] as const) {
    const value = fields[term];
    if (typeof value !== 'number') continue;
    checks.integer(`${path}.${term}`, value, { min: 1, max: term === 'maxAttempts' ? TARGET_LIMITS.maxAttempts : TARGET_LIMITS.timeoutMs });
    terms[term] = value;
  }
  return { ...(name ? { [name]: slug } : {}), ...terms };
}

function whyNoTarget(name: (typeof NAMES)[number], slug: string, { snapshot, slug: own }: Reading): string | null {
  switch (name) {
    case 'deployment':
      return whyNoDeployment(snapshot.deployments.bySlug.get(slug));
    case 'model': {
      const model = snapshot.models.bySlug.get(slug);
      if (!model) return 'there is no such model';
      return model.deployments.some((deployment) => whyNotServing(deployment) === null) ? null : 'no enabled deployment serves this model';
    }
    case 'route':
      if (slug === own) return 'is the route itself';
      if (!snapshot.routes.bySlug.has(slug)) return 'there is no such route';
      return leadsTo(slug, own, snapshot) ? 'leads back to this route' : null;
  }
}

function whyNoDeployment(deployment: Deployment | undefined): string | null {
  if (!deployment) return 'there is no such deployment';
  return whyNotServing(deployment);
}

/** Whether a route names another, itself or through those it names. */
function leadsTo(from: string, wanted: string, snapshot: CatalogueSnapshot): boolean {
  const seen = new Set([from]);
  for (const slug of seen) {
    const definition = snapshot.routes.bySlug.get(slug)?.current.definition;
    for (const named of definition ? routesIn(definition) : []) seen.add(named);
  }
  return seen.has(wanted);
}

function routesIn(node: RouteNode): readonly string[] {
  if ('target' in node) return node.target.route === undefined ? [] : [node.target.route];
  return childrenOf(node).flatMap(routesIn);
}

export function childrenOf(node: RouteNode): readonly RouteNode[] {
  if ('target' in node) return [];
  if ('fallback' in node) return node.fallback.nodes;
  if ('split' in node) return node.split.branches.map((branch) => branch.node);
  if ('balance' in node) return node.balance.branches.map((branch) => branch.node);
  return [...node.when.branches.map((branch) => branch.then), node.when.otherwise];
}
