import type { CatalogueSnapshot, Deployment } from '../core/catalogue.js';
import type { DecisionInputs, DeploymentInputs, RoutingRecord } from '../core/inference.js';
import type { DeploymentId } from '../core/ids.js';
import type { StickyKey } from '../core/vocabulary.js';
import type { CompiledNode, CompiledRoutes } from './compile.js';

/** What balancing compares; null: no data yet. Times in ms, `share` below 1 while a target returns after an outage. */
export interface Reading {
  readonly inFlight: number;
  readonly latencyMs: number | null;
  readonly firstTokenMs: number | null;
  readonly tokensPerSecond: number | null;
  /** Of whole answers, for each of their tokens; absent: in a row of an earlier version. */
  readonly msPerToken?: number | null;
  readonly share: number;
}

export const NO_READING: Reading = { inFlight: 0, latencyMs: null, firstTokenMs: null, tokensPerSecond: null, msPerToken: null, share: 1 };

export type Exclusion = NonNullable<DeploymentInputs['excluded']>;
export type Block = NonNullable<DeploymentInputs['blocked']>;

/** How a target fares now: kept by who asks, so it is never changed. */
export interface Standing {
  /** That it is open or cooling, and until when (ms since the epoch). */
  readonly block: Block | null;
  readonly reading: Reading;
}

export const NO_STANDING: Standing = { block: null, reading: NO_READING };

export interface Pin {
  readonly branch: string | null;
  readonly deploymentId: DeploymentId;
}

/** All that a decision may ask about the world. What it asks is what is stored, so that it can be asked again. */
export interface Evidence {
  deployment(slug: string): Deployment | null;
  /** Null: there is no such model. */
  deploymentsOf(model: string): readonly Deployment[] | null;
  route(slug: string): CompiledNode | null;
  /** Why it can't be used by this call, however it fares. */
  exclusion(deployment: Deployment): Exclusion | null;
  standing(deployment: Deployment): Standing;
  /** Its share among the deployments of a model that is named. */
  weight(deployment: Deployment): number;
  /** What this call is expected to cost there, in picodollars; null: no price. */
  cost(deployment: Deployment): number | null;
  /** How long this percentile of its recent answers took, in ms (to the first token, where the call is streamed); null: too few. */
  slowAfter(deployment: Deployment, percentile: number): number | null;
  /** How many decisions this node has made before. */
  turn(node: string): number;
  /** To what a node is bound for this call's session, user or key. */
  pin(node: string, key: StickyKey): Pin | null;
}

export const DEFAULT_WEIGHT = 1;

/** A record that can be decided again. */
export type ReplayableRecord = RoutingRecord & { readonly inputs: DecisionInputs };

export function isReplayable(record: RoutingRecord | null): record is ReplayableRecord {
  return record?.inputs !== undefined;
}

/** What was noted of each deployment that was looked at; rows of earlier versions hold it apart from their candidates. */
export function notesOf({ inputs, candidates }: ReplayableRecord): ReadonlyMap<string, DeploymentInputs> {
  return new Map(candidates.map(({ deploymentId, seen }) => [deploymentId, seen ?? inputs.deployments?.[deploymentId] ?? NOTHING_SEEN]));
}

const NOTHING_SEEN: DeploymentInputs = {};

/** Evidence out of what an earlier decision noted; what that did not ask has its default, or is as it is now. */
export function storedEvidence(record: ReplayableRecord, snapshot: CatalogueSnapshot, routes: CompiledRoutes): Evidence {
  const { inputs, candidates } = record;
  const notes = notesOf(record);
  const seen = ({ id }: Deployment): DeploymentInputs => notes.get(id) ?? NOTHING_SEEN;
  // What was looked at then may have been deleted since, and its slug may be another's.
  const then = new Map<string, Deployment>();
  for (const { deploymentId } of candidates) {
    const deployment = snapshot.deployments.byId.get(deploymentId);
    if (deployment) then.set(deployment.slug, deployment);
  }
  return {
    deployment: (slug) => then.get(slug) ?? snapshot.deployments.bySlug.get(slug) ?? null,
    deploymentsOf(model) {
      const ids = inputs.models[model];
      if (ids === undefined) return snapshot.models.bySlug.get(model)?.deployments ?? null;
      return ids.flatMap((id) => snapshot.deployments.byId.get(id) ?? []);
    },
    route: (slug) => routes.named(slug, snapshot, inputs.routes[slug]),
    exclusion: (deployment) => seen(deployment).excluded ?? null,
    standing: (deployment) => ({ block: seen(deployment).blocked ?? null, reading: readingIn(seen(deployment)) ?? NO_READING }),
    weight: (deployment) => seen(deployment).weight ?? DEFAULT_WEIGHT,
    cost: (deployment) => seen(deployment).cost ?? null,
    slowAfter: (deployment) => seen(deployment).hedgeAfterMs ?? null,
    turn: (node) => inputs.turns[node] ?? 0,
    pin: (node) => inputs.pins[node] ?? null,
  };
}

/** What was noted of how a target fared; null: nothing. */
export function readingIn({ inFlight, latencyMs, firstTokenMs, tokensPerSecond, msPerToken, share }: DeploymentInputs): Reading | null {
  if ([inFlight, latencyMs, firstTokenMs, tokensPerSecond, share].every((value) => value === undefined)) return null;
  return {
    ...{ inFlight: inFlight ?? 0, latencyMs: latencyMs ?? null, firstTokenMs: firstTokenMs ?? null },
    ...{ tokensPerSecond: tokensPerSecond ?? null, share: share ?? 1 },
    ...(msPerToken === undefined ? {} : { msPerToken }),
  };
}
