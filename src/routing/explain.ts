import type { DeploymentInputs, RoutingCandidate, RoutingRecord } from '../core/inference.js';
import type { DeploymentId } from '../core/ids.js';
import type { CatalogueSnapshot, Deployment } from '../core/catalogue.js';
import { DEFAULT_WEIGHT, NO_READING } from './evidence.js';
import type { Reading } from './evidence.js';
import type { Facts } from './facts.js';
import type { Look, Sight } from './sight.js';
import type { Leg } from './walk-state.js';

interface Choice {
  readonly chosen: Deployment | null;
  /** Empty where no way leads through an experiment. */
  readonly legs: readonly Leg[];
}

/** Everybody who was looked at: the scores that were compared, why others were left out, and what was seen of each. */
export function candidatesOf({ looks }: Sight, { chosen, legs }: Choice): readonly RoutingCandidate[] {
  const experiments = experimentsOf(legs);
  const candidates: RoutingCandidate[] = [];
  looks.forEach((look, deployment) => {
    const { id: deploymentId } = deployment;
    const { score } = look;
    const isChosen = deployment === chosen;
    const excluded = isChosen ? null : ((look.exclusion ?? look.block)?.reason ?? null);
    const seen = seenOf(look);
    const candidate =
      seen === null ? { deploymentId, chosen: isChosen, score, excluded } : { deploymentId, chosen: isChosen, score, excluded, seen };
    const experiment = experiments?.get(deploymentId);
    candidates.push(experiment ? { ...candidate, experiment } : candidate);
  });
  return candidates;
}

/** Null where there is none, as mostly. */
function experimentsOf(legs: readonly Leg[]): ReadonlyMap<DeploymentId, NonNullable<RoutingCandidate['experiment']>> | null {
  if (legs.length === 0) return null;
  return new Map(legs.flatMap(({ deployment, way }) => (way.experiment ? [[deployment.id, way.experiment] as const] : [])));
}

type WritableInputs = { -readonly [Name in keyof DeploymentInputs]: DeploymentInputs[Name] };

/** What is to be stored of a look; null: all is as by default. Mostly it is the reading alone, which is shared and never changed. */
function seenOf({ exclusion, block, reading, weight, cost, hedgeAfterMs }: Look): DeploymentInputs | null {
  const known = reading === NO_READING ? null : reading;
  if (exclusion === null && block === null && weight === DEFAULT_WEIGHT && cost === null && hedgeAfterMs === null) return known;
  const seen: WritableInputs = known === null ? {} : copyOf(known);
  if (exclusion !== null) seen.excluded = exclusion;
  if (block !== null) seen.blocked = block;
  if (weight !== DEFAULT_WEIGHT) seen.weight = weight;
  if (cost !== null) seen.cost = cost;
  if (hedgeAfterMs !== null) seen.hedgeAfterMs = hedgeAfterMs;
  return seen;
}

function copyOf({ inFlight, latencyMs, firstTokenMs, tokensPerSecond, msPerToken, share }: Reading): WritableInputs {
  if (msPerToken === undefined) return { inFlight, latencyMs, firstTokenMs, tokensPerSecond, share };
  return { inFlight, latencyMs, firstTokenMs, tokensPerSecond, msPerToken, share };
}

/** What the decision rested on beside its candidates. */
export function inputsOf(
  { models, turns, pins, routes }: Sight,
  { snapshot, facts }: { readonly snapshot: CatalogueSnapshot; readonly facts: Facts },
): NonNullable<RoutingRecord['inputs']> {
  const { inputTokens, hasTools, hasImages, needs, preferences } = facts;
  const at = facts.at.toISOString();
  const inputs = { snapshot: snapshot.version, at, inputTokens, hasTools, hasImages, preferences, models, turns, pins, routes };
  return needs.length === 0 ? inputs : { ...inputs, needs };
}
