import type { DeploymentId } from '../core/ids.js';
import type { ExperimentSide, RoutingRecord } from '../core/inference.js';

/** By which route a call went, as it was then; null where it named a model, and where no decision was reached. */
export interface RouteColumns {
  /** Its slug: a route never changes it, and is never deleted from the history. */
  readonly route: string | null;
  readonly route_version: number | null;
  readonly experiment: string | null;
  readonly experiment_branch: string | null;
}

/** `tried`: the deployments of the attempts, in their order. */
export function routeColumns(routing: RoutingRecord | null, tried: readonly DeploymentId[]): RouteColumns {
  const side = routing && sideOf(routing, tried);
  return {
    route: routing?.route ?? null,
    route_version: routing?.routeVersion ?? null,
    experiment: side?.name ?? null,
    experiment_branch: side?.branch ?? null,
  };
}

/**
 * The side of the experiment that the call came to first, whoever answered in the end: what a side's failures cost is part of
 * what it is compared by. Before the first attempt it is the side of the target that was chosen.
 */
function sideOf({ candidates }: RoutingRecord, tried: readonly DeploymentId[]): ExperimentSide | null {
  const sides = candidates.filter(({ experiment }) => experiment !== undefined);
  if (sides.length === 0) return null;
  if (tried.length === 0) return sides.find(({ chosen }) => chosen)?.experiment ?? null;
  for (const id of tried) {
    const side = sides.find(({ deploymentId }) => deploymentId === id);
    if (side?.experiment) return side.experiment;
  }
  return null;
}
