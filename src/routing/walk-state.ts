import type { Deployment } from '../core/catalogue.js';
import type { DeploymentId } from '../core/ids.js';
import type { ExperimentSide, RoutingRecord } from '../core/inference.js';
import type { StickyKey } from '../core/vocabulary.js';
import type { Group, TargetTerms } from './compile.js';
import type { Block, Evidence, Exclusion } from './evidence.js';
import type { Facts } from './facts.js';
import type { SmoothTurns } from './smooth.js';

/** One target of a plan, with the way that led to it. */
export interface Leg {
  readonly deployment: Deployment;
  readonly terms: TargetTerms;
  /** The groups it stands in, the outermost first. */
  readonly groups: readonly Group[];
  /** Nodes around it whose choice is kept for the holder once it has succeeded. */
  readonly sticky: readonly StickyNode[];
  /** Nodes that took a turn to choose it. */
  readonly turns: readonly string[];
  /** Of the outermost experiment around it. */
  readonly experiment: ExperimentSide | null;
}

export interface StickyNode {
  readonly node: string;
  readonly key: StickyKey;
  readonly branch: string | null;
}

export type Step = RoutingRecord['steps'][number];

/** What the walk of a tree came to. */
export interface Walk {
  /** In the order they are tried, each deployment once. */
  readonly legs: readonly Leg[];
  readonly steps: readonly Step[];
  /** Who was looked at: the scores that were compared, and why others were left out. */
  readonly scores: ReadonlyMap<Deployment, number | null>;
  readonly excluded: ReadonlyMap<Deployment, Exclusion>;
  /** Open or cooling: not tried, unless the route says so. */
  readonly cooling: readonly { readonly leg: Leg; readonly block: Block }[];
  readonly triesSoonest: boolean;
  /** Too small by the estimate of the prompt; their time comes where all are. */
  readonly tooSmall: readonly Leg[];
  readonly warnings: readonly string[];
}

export interface WalkContext {
  readonly facts: Facts;
  readonly evidence: Evidence;
  readonly seed: string;
  readonly smooth: SmoothTurns;
}

export interface State extends WalkContext {
  readonly scores: Map<Deployment, number | null>;
  readonly excluded: Map<Deployment, Exclusion>;
  readonly cooling: Walk['cooling'][number][];
  readonly tooSmall: Leg[];
  readonly warnings: string[];
  triesSoonest: boolean;
}

/** Where in the walk a node is met. */
export interface Place {
  readonly terms: TargetTerms;
  readonly groups: readonly Group[];
  readonly sticky: readonly StickyNode[];
  /** Names of the routes that led here, so that none is entered twice. */
  readonly routes: readonly string[];
  /** Whom a sticky node around this one is bound to. */
  readonly preferred: DeploymentId | null;
  readonly experiment: ExperimentSide | null;
}

export interface Found {
  readonly legs: readonly Leg[];
  readonly steps: readonly Step[];
}
