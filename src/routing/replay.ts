import type { RoutingRecord } from '../core/inference.js';
import { createCompiledRoutes } from './compile.js';
import type { ConditionCompiler } from './conditions.js';
import type { DecidedRow, ReplayOptions } from './contract.js';
import { storedEvidence } from './evidence.js';
import type { Facts } from './facts.js';
import { decide, named } from './plan.js';
import { createSmoothTurns } from './smooth.js';

export interface Replayer {
  replay(row: DecidedRow, options: ReplayOptions): RoutingRecord | null;
}

export function createReplayer({ conditions }: { readonly conditions: ConditionCompiler }): Replayer {
  const routes = createCompiledRoutes(conditions);
  const smooth = createSmoothTurns();
  return {
    replay(row, { snapshot, version }) {
      const { routing, requestedModel: model } = row;
      const inputs = routing?.inputs;
      if (!routing || !inputs) return null;
      const wanted = version ?? routing.routeVersion;
      const route = routing.route === null ? undefined : snapshot.routes.bySlug.get(routing.route);
      const definition = route?.versions.find((one) => one.version === wanted)?.definition;
      const tree = definition ? { tree: routes.get(definition), route: routing.route, routeVersion: wanted } : null;
      const found = routing.route === null ? named(model, snapshot, routes) : tree;
      if (!found) return null;
      const evidence = storedEvidence(inputs, snapshot, routes);
      return decide({ ...found, model, snapshot, facts: factsOfRow(row, inputs), evidence, seed: routing.seed, smooth }).record;
    },
  };
}

function factsOfRow(row: DecidedRow, inputs: NonNullable<NonNullable<DecidedRow['routing']>['inputs']>): Facts {
  const { apiKeyId, teamId, task, user, sessionId, tags } = row;
  const { inputTokens, hasTools, hasImages, preferences, at } = inputs;
  const region = preferences?.regions?.[0] ?? null;
  return { apiKeyId, teamId, task, user, sessionId, tags, inputTokens, hasTools, hasImages, region, preferences, at: new Date(at) };
}
