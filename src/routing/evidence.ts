import type { CatalogueSnapshot, Deployment } from '../core/catalogue.js';
import type { DecisionInputs, DeploymentInputs, RoutingRecord } from '../core/inference.js';
import type { DeploymentId } from '../core/ids.js';
import type { CompiledNode, CompiledRoutes } from './compile.js';

/** What balancing compares; null: no data yet. Times in ms, `share` below 1 while a target returns after an outage. */
export interface Reading {
  readonly inFlight: number;
  readonly latencyMs: number | null;
  readonly firstTokenMs: number | null;
  readonly tokensPerSecond: number | null;
  readonly share: number;
}

export const NO_READING: Reading = { inFlight: 0, latencyMs: null, firstTokenMs: null, tokensPerSecond: null, share: 1 };

export type Exclusion = NonNullable<DeploymentInputs['excluded']>;
export type Block = NonNullable<DeploymentInputs['blocked']>;

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
  /** That it is open or cooling, and until when (ms since the epoch). */
  block(deployment: Deployment): Block | null;
  reading(deployment: Deployment): Reading;
  /** Its share among the deployments of a model that is named. */
  weight(deployment: Deployment): number;
  /** What this call is expected to cost there, in picodollars; null: no price. */
  cost(deployment: Deployment): number | null;
  /** How long this percentile of its recent answers took, in ms (to the first token, where the call is streamed); null: too few. */
  slowAfter(deployment: Deployment, percentile: number): number | null;
  /** How many decisions this node has made before. */
  turn(node: string): number;
  pin(node: string): Pin | null;
}

const DEFAULT_WEIGHT = 1;

type WritableNote = { -readonly [Name in keyof DeploymentInputs]: DeploymentInputs[Name] };

export type WritableInputs = {
  -readonly [Name in 'models' | 'turns' | 'pins' | 'routes']: Record<string, DecisionInputs[Name][string]>;
} & { readonly deployments: Record<string, WritableNote> };

/** The same evidence, with a note of all that was asked; what has its default is not noted. */
export function noting(evidence: Evidence, snapshot: CatalogueSnapshot): { readonly evidence: Evidence; readonly inputs: WritableInputs } {
  const inputs: WritableInputs = { models: {}, deployments: {}, turns: {}, pins: {}, routes: {} };
  const notes = notingDeployments(evidence, inputs.deployments);
  const noted: Evidence = {
    exclusion: notes.exclusion,
    block: notes.block,
    reading: notes.reading,
    weight: notes.weight,
    cost: notes.cost,
    deployment: (slug) => evidence.deployment(slug),
    deploymentsOf(model) {
      const deployments = evidence.deploymentsOf(model);
      if (deployments) inputs.models[model] = deployments.map(({ id }) => id);
      return deployments;
    },
    route(slug) {
      const node = evidence.route(slug);
      const version = snapshot.routes.bySlug.get(slug)?.current.version;
      if (version !== undefined) inputs.routes[slug] = version;
      return node;
    },
    slowAfter(deployment, percentile) {
      const hedgeAfterMs = evidence.slowAfter(deployment, percentile);
      if (hedgeAfterMs !== null) inputs.deployments[deployment.id] = { ...inputs.deployments[deployment.id], hedgeAfterMs };
      return hedgeAfterMs;
    },
    turn: (node) => (inputs.turns[node] = evidence.turn(node)),
    pin(node) {
      const pin = evidence.pin(node);
      if (pin) inputs.pins[node] = pin;
      return pin;
    },
  };
  return { evidence: noted, inputs };
}

function notingDeployments(
  evidence: Evidence,
  seen: WritableInputs['deployments'],
): Pick<Evidence, 'exclusion' | 'block' | 'reading' | 'weight' | 'cost'> {
  const noteOf = ({ id }: Deployment) => (seen[id] ??= {});
  // Asked once for each target: within one decision nobody may fare differently from one node to the next.
  const readings = new Map<Deployment, Reading>();
  return {
    exclusion(deployment) {
      const excluded = evidence.exclusion(deployment);
      if (excluded) noteOf(deployment).excluded = excluded;
      return excluded;
    },
    block(deployment) {
      const blocked = evidence.block(deployment);
      if (blocked) noteOf(deployment).blocked = blocked;
      return blocked;
    },
    reading(deployment) {
      const earlier = readings.get(deployment);
      if (earlier) return earlier;
      const reading = evidence.reading(deployment);
      readings.set(deployment, reading);
      if (reading !== NO_READING) noteReading(noteOf(deployment), reading);
      return reading;
    },
    weight(deployment) {
      const weight = evidence.weight(deployment);
      if (weight !== DEFAULT_WEIGHT) noteOf(deployment).weight = weight;
      return weight;
    },
    cost(deployment) {
      const cost = evidence.cost(deployment);
      if (cost !== null) noteOf(deployment).cost = cost;
      return cost;
    },
  };
}

function noteReading(note: WritableNote, { inFlight, latencyMs, firstTokenMs, tokensPerSecond, share }: Reading): void {
  if (inFlight !== 0) note.inFlight = inFlight;
  if (latencyMs !== null) note.latencyMs = latencyMs;
  if (firstTokenMs !== null) note.firstTokenMs = firstTokenMs;
  if (tokensPerSecond !== null) note.tokensPerSecond = tokensPerSecond;
  if (share !== 1) note.share = share;
}

/** A record that can be decided again. */
export type ReplayableRecord = RoutingRecord & { readonly inputs: DecisionInputs };

export function isReplayable(record: RoutingRecord | null): record is ReplayableRecord {
  return record?.inputs !== undefined;
}

/** Evidence out of what an earlier decision noted; what that did not ask has its default, or is as it is now. */
export function storedEvidence({ inputs, candidates }: ReplayableRecord, snapshot: CatalogueSnapshot, routes: CompiledRoutes): Evidence {
  const seen = (deployment: Deployment): DeploymentInputs => inputs.deployments[deployment.id] ?? {};
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
    block: (deployment) => seen(deployment).blocked ?? null,
    reading: (deployment) => readingIn(seen(deployment)) ?? NO_READING,
    weight: (deployment) => seen(deployment).weight ?? DEFAULT_WEIGHT,
    cost: (deployment) => seen(deployment).cost ?? null,
    slowAfter: (deployment) => seen(deployment).hedgeAfterMs ?? null,
    turn: (node) => inputs.turns[node] ?? 0,
    pin: (node) => inputs.pins[node] ?? null,
  };
}

/** What was noted of how a target fared; null: nothing. */
export function readingIn({ inFlight, latencyMs, firstTokenMs, tokensPerSecond, share }: DeploymentInputs): Reading | null {
  if ([inFlight, latencyMs, firstTokenMs, tokensPerSecond, share].every((value) => value === undefined)) return null;
  return {
    ...{ inFlight: inFlight ?? 0, latencyMs: latencyMs ?? null, firstTokenMs: firstTokenMs ?? null },
    ...{ tokensPerSecond: tokensPerSecond ?? null, share: share ?? 1 },
  };
}
