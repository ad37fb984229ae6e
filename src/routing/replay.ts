import type { CatalogueSnapshot } from '../core/catalogue.js';
import type { RoutingRecord } from '../core/inference.js';
import { createCompiledRoutes, compileRoute } from './compile.js';
import type { CompiledRoutes } from './compile.js';
import type { ConditionCompiler } from './conditions.js';
import type { DecidedRow, PastCall, Rehearsal, RehearsalOptions, ReplayOptions } from './contract.js';
import { isReplayable, notesOf, readingIn, storedEvidence } from './evidence.js';
import type { Evidence, Reading, ReplayableRecord } from './evidence.js';
import { exclusionOf } from './exclude.js';
import { holderOf } from './facts.js';
import type { Facts } from './facts.js';
import { createRoutingMemory } from './memory.js';
import type { RoutingMemory } from './memory.js';
import { pinFor } from './pins.js';
import { decide, named } from './plan.js';
import type { Decision, Named } from './plan.js';
import { createSmoothTurns } from './smooth.js';

export interface Replayer {
  replay(row: DecidedRow, options: ReplayOptions): RoutingRecord | null;
  rehearse(options: RehearsalOptions): Rehearsal;
}

export function createReplayer({ conditions }: { readonly conditions: ConditionCompiler }): Replayer {
  const routes = createCompiledRoutes(conditions);
  const smooth = createSmoothTurns();
  return {
    replay(row, { snapshot, version }) {
      const { routing, requestedModel: model } = row;
      if (!isReplayable(routing)) return null;
      const wanted = version ?? routing.routeVersion;
      const found = routing.route === null ? named(model, snapshot, routes) : versionOf(routing.route, wanted, { snapshot, routes });
      if (!found) return null;
      const evidence = storedEvidence(routing, snapshot, routes);
      return decide({ ...found, model, snapshot, facts: factsOfRow(row, routing), evidence, seed: routing.seed, smooth }).record;
    },
    rehearse: (options) => createRehearsal(options, { conditions, routes, smooth }),
  };
}

function versionOf(
  slug: string,
  version: number | null,
  { snapshot, routes }: { snapshot: CatalogueSnapshot; routes: CompiledRoutes },
): Named | null {
  const definition = snapshot.routes.bySlug.get(slug)?.versions.find((one) => one.version === version)?.definition;
  return definition ? { tree: routes.get(definition), route: slug, routeVersion: version } : null;
}

function factsOfRow(row: DecidedRow, { inputs }: ReplayableRecord): Facts {
  const { operation, apiKeyId, teamId, task, user, sessionId, tags } = row;
  const { inputTokens, hasTools, hasImages, needs = [], preferences, at } = inputs;
  const region = preferences?.regions?.[0] ?? null;
  return {
    operation,
    apiKeyId,
    teamId,
    task,
    user,
    sessionId,
    tags,
    inputTokens,
    hasTools,
    hasImages,
    needs,
    region,
    preferences,
    at: new Date(at),
  };
}

interface Workshop {
  readonly conditions: ConditionCompiler;
  readonly routes: CompiledRoutes;
  readonly smooth: ReturnType<typeof createSmoothTurns>;
}

/**
 * Past calls under another tree:
 * 1. What a call noted holds. A call that this very version decided is decided out of its note alone, and so the same again.
 * 2. What the other tree asks beside that is answered by what the rehearsal knows: how targets fared in the calls it has seen,
 *    whose turn it is at a node, and to whom a session, user or key was bound. So calls go in from the oldest to the newest.
 * 3. Whether a target that was not looked at then could have been used is told as of today; the key's allow-list is not asked.
 */
function createRehearsal({ snapshot, tree, gaps }: RehearsalOptions, { conditions, routes, smooth }: Workshop): Rehearsal {
  let atMs = 0;
  const memory = createRoutingMemory({ clock: { monotonicMs: () => atMs } });
  const found: Named | null =
    'definition' in tree
      ? { tree: compileRoute(tree.definition, conditions), route: null, routeVersion: null }
      : versionOf(tree.slug, tree.version, { snapshot, routes });
  return {
    decide(row) {
      const { routing } = row;
      if (!isReplayable(routing) || !found) return null;
      const facts = factsOfRow(row, routing);
      atMs = facts.at.getTime();
      const stored = storedEvidence(routing, snapshot, routes);
      const isSame = found.route !== null && routing.route === found.route && routing.routeVersion === found.routeVersion;
      const evidence = isSame ? stored : filled(stored, { row, routing, facts, memory, gaps });
      const decision = decide({ ...found, model: row.requestedModel, snapshot, facts, evidence, seed: routing.seed, smooth });
      if (!isSame) remember(decision, { row, facts, memory });
      return decision.record;
    },
  };
}

interface Filling {
  readonly row: PastCall;
  readonly routing: ReplayableRecord;
  readonly facts: Facts;
  readonly memory: RoutingMemory;
  readonly gaps: RehearsalOptions['gaps'];
}

function filled(stored: Evidence, { row, routing, facts, memory, gaps }: Filling): Evidence {
  const { inputs } = routing;
  const notes = notesOf(routing);
  return {
    ...stored,
    exclusion: (deployment) =>
      notes.has(deployment.id) ? stored.exclusion(deployment) : exclusionOf(deployment, { principal: { models: null }, facts }),
    standing(deployment) {
      const noted = readingIn(notes.get(deployment.id) ?? {});
      const reading = noted?.msPerToken === undefined ? withGaps(noted, gaps.reading(deployment)) : noted;
      return { block: stored.standing(deployment).block, reading };
    },
    weight: (deployment) => (notes.has(deployment.id) ? stored.weight(deployment) : deployment.weight),
    cost: (deployment) => stored.cost(deployment) ?? gaps.cost(row, deployment),
    turn: (node) => inputs.turns[node] ?? memory.turn(node),
    pin: (node, key) => pinFor({ memory, facts, key }, node) ?? stored.pin(node, key),
  };
}

/** Rows of earlier versions noted how a target fared, but not for each token. */
function withGaps(noted: Reading | null, { msPerToken = null, ...others }: Reading): Reading {
  return noted === null ? { ...others, msPerToken } : { ...noted, msPerToken };
}

/** As the router would have: turns are taken by whoever is chosen, and who succeeded is bound. */
function remember({ plan }: Decision, { row, facts, memory }: { row: PastCall; facts: Facts; memory: RoutingMemory }): void {
  const first = plan.ok ? plan.value.roster.first : null;
  if (!first) return;
  for (const node of first.turns) memory.advance(node);
  if (row.status !== 'SUCCEEDED') return;
  for (const { node, key, branch } of first.way.sticky) {
    const holder = holderOf(facts, key);
    if (holder !== null) memory.bind(`${node} ${holder}`, { branch, deploymentId: first.deployment.id });
  }
}
