import type { RouteId } from './ids.js';
import type { AllOpenPolicy, BalanceStrategy, FailureClass, LatencyMeasure, RoutingGoal, StickyKey } from './vocabulary.js';

/** A named, versioned tree that picks who answers. Its slug is in one name space with those of models. */
export interface Route {
  readonly id: RouteId;
  readonly slug: string;
  readonly current: RouteVersion;
  /** The newest first; the first is the current one. */
  readonly versions: readonly RouteVersion[];
  readonly deleted: boolean;
}

export interface RouteVersion {
  /** 1, 2, 3 … */
  readonly version: number;
  readonly definition: RouteNode;
  readonly note: string | null;
  readonly publishedAt: Date;
  /** The id of the key that published it. */
  readonly publishedBy: string;
}

/** One node, in the shape of the public contract's input; any node may stand inside any other. */
export type RouteNode =
  | { readonly target: TargetNode }
  | { readonly fallback: FallbackNode }
  | { readonly split: SplitNode }
  | { readonly balance: BalanceNode }
  | { readonly when: WhenNode };

/** Exactly one of deployment, model and route; times in milliseconds, for each attempt. */
export interface TargetNode {
  readonly deployment?: string;
  readonly model?: string;
  readonly route?: string;
  readonly maxAttempts?: number;
  readonly firstTokenTimeoutMs?: number;
  readonly idleTimeoutMs?: number;
  readonly timeoutMs?: number;
}

export interface FallbackNode {
  readonly nodes: readonly RouteNode[];
  /** Classes to move on for; absent: all that another target could cure. */
  readonly on?: readonly FailureClass[];
  readonly whenAllOpen?: AllOpenPolicy;
  readonly hedge?: HedgeTerms;
}

/** A second target is asked where the first is slower than it usually is. */
export interface HedgeTerms {
  /** Of the first target's recent answers: 50 to 99. */
  readonly afterPercentile: number;
  /** Hedges by call, at most: above 0, up to 0.5. */
  readonly maxExtraLoad: number;
}

export interface SplitNode {
  readonly branches: readonly { readonly name: string; readonly weight: number; readonly node: RouteNode }[];
  readonly sticky?: StickyKey;
  readonly experiment?: string;
}

export interface BalanceNode {
  readonly strategy: BalanceStrategy;
  /** With LOWEST_LATENCY alone; absent: END_TO_END. */
  readonly latencyMeasure?: LatencyMeasure;
  readonly branches: readonly { readonly node: RouteNode; readonly weight?: number }[];
  readonly sticky?: StickyKey;
  readonly hedge?: HedgeTerms;
}

export interface WhenNode {
  /** `if` is CEL. */
  readonly branches: readonly { readonly if: string; readonly then: RouteNode }[];
  readonly otherwise: RouteNode;
}

/** What one call asks of routing, within what its route allows. */
export interface RoutingPreferences {
  readonly regions: readonly string[] | null;
  readonly providers: readonly string[] | null;
  readonly excludeProviders: readonly string[];
  readonly disableFallbacks: boolean;
  readonly optimizeFor: RoutingGoal | null;
  readonly maxFirstTokenMs: number | null;
}
