import type { Deployment } from '../core/catalogue.js';
import type { Clock, Random } from '../core/clock.js';
import type { InferenceCall } from '../core/operations.js';
import type { CallTimeouts, UpstreamCaller } from '../providers/contract.js';
import type { Attempt, DispatchWatch } from './contract.js';
import type { Drains } from './drain.js';
import type { HealthBoard } from './health.js';
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
  readonly drains: Drains;
}

/** One call on its way: what has been tried so far. */
export interface Journey {
  readonly call: InferenceCall;
  readonly watch: DispatchWatch;
  readonly attempts: Attempt[];
  readonly warnings: Set<string>;
  /** Milliseconds between attempts, and of them those that upstreams asked for. */
  pausedMs: number;
  askedToWaitMs: number;
}
