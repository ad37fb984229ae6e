import { isContent } from '../core/answer.js';
import type { AnswerDelta } from '../core/answer.js';
import type { Clock } from '../core/clock.js';
import type { CompletionState } from '../core/inference.js';
import type { Attempt } from '../routing/contract.js';
import { createDeltaCoalescer } from './coalescer.js';
import type { DeltaCoalescer } from './coalescer.js';
import type { EventLog } from './event-log.js';
import { settleAttempt } from './settlement.js';
import type { CompletionStart } from './start.js';

/** Tells the completion's log what happens, in the contract's events. */
export interface Narrator {
  started(state: CompletionState): void;
  deltas(deltas: readonly AnswerDelta[]): void;
  attemptFailed(attempt: Attempt, reason: string): void;
  /** Usage, then the terminal event. */
  concluded(state: CompletionState): void;
  /** From the start to the first content. */
  readonly firstTokenMs: number | null;
}

export function createNarrator(start: CompletionStart, log: EventLog, clock: Clock): Narrator {
  return new LogNarrator(start, log, clock);
}

class LogNarrator implements Narrator {
  firstTokenMs: number | null = null;
  private readonly coalescer: DeltaCoalescer;

  constructor(
    private readonly start: CompletionStart,
    private readonly log: EventLog,
    private readonly clock: Clock,
  ) {
    this.coalescer = createDeltaCoalescer({ clock, emit: (event) => log.append(event) });
  }

  started(completion: CompletionState): void {
    this.log.append({ type: 'started', completion });
  }

  deltas(deltas: readonly AnswerDelta[]): void {
    if (this.firstTokenMs === null && deltas.some(isContent)) this.firstTokenMs = this.clock.monotonicMs() - this.start.startedMs;
    for (const delta of deltas) this.coalescer.push(delta);
  }

  attemptFailed(attempt: Attempt, reason: string): void {
    this.log.append({ type: 'rerouted', failed: settleAttempt(attempt, this.start.call, null), reason });
  }

  concluded(completion: CompletionState): void {
    this.coalescer.flush();
    const { usage, cost, error } = completion.record;
    if (usage && cost) this.log.append({ type: 'usage', usage, cost });
    this.log.append(error === null ? { type: 'finished', completion } : { type: 'failed', error, completion });
  }
}
