import type { Deployment } from '../core/catalogue.js';
import type { Clock, Random } from '../core/clock.js';
import type { UserError } from '../core/errors.js';
import type { InferenceCall } from '../core/operations.js';
import type { CallTimeouts, UpstreamCaller } from '../providers/contract.js';
import type { Attempt, DispatchWatch } from './contract.js';
import type { Drains } from './drain.js';
import type { HealthBoard } from './health.js';
import type { HedgeBudget } from './hedge-budget.js';
import type { RetryBudget } from './retry-budget.js';

export interface RouterDependencies {
  readonly caller: UpstreamCaller;
  readonly health: HealthBoard;
  readonly clock: Clock;
  readonly random: Random;
  readonly timeouts?: CallTimeouts;
  readonly sizing?: Sizing;
}

/** What a call comes to before it is made; a port, because prices belong to the books. */
export interface Sizing {
  /** Estimated tokens of the whole prompt, or of all that another operation sends. */
  inputTokens(call: InferenceCall): number;
  /** The expected cost there, in picodollars; null: no price. */
  cost(call: InferenceCall, deployment: Deployment, at: Date): number | null;
}

/** What dispatch works with, for every call. */
export interface Tools extends Required<RouterDependencies> {
  readonly budget: RetryBudget;
  readonly hedges: HedgeBudget;
  readonly drains: Drains;
}

/** One call on its way: what has been tried so far. */
export interface Journey {
  readonly call: InferenceCall;
  readonly watch: DispatchWatch;
  /** Those that have ended; in the end the last one is the one that counts. */
  readonly attempts: Attempt[];
  /** How many have begun. */
  readonly begun: { count: number };
  readonly warnings: Set<string>;
  refusal: UserError | null;
  /** Milliseconds between attempts, and of them those that upstreams asked for. */
  pausedMs: number;
  askedToWaitMs: number;
}

export function beginJourney(call: InferenceCall, watch: DispatchWatch, warnings: readonly string[] = []): Journey {
  return { call, watch, attempts: [], begun: { count: 0 }, warnings: new Set(warnings), refusal: null, pausedMs: 0, askedToWaitMs: 0 };
}
