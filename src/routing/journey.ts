import type { Clock, Random } from '../core/clock.js';
import type { CompletionCall } from '../core/completion.js';
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
}

/** What dispatch works with, for every call. */
export interface Tools extends Required<RouterDependencies> {
  readonly budget: RetryBudget;
  readonly drains: Drains;
}

/** One call on its way: what has been tried so far. */
export interface Journey {
  readonly call: CompletionCall;
  readonly watch: DispatchWatch;
  readonly attempts: Attempt[];
  readonly warnings: Set<string>;
  /** Milliseconds between attempts, and of them those that upstreams asked for. */
  pausedMs: number;
  askedToWaitMs: number;
}
