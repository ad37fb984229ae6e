import { isContent } from '../core/answer.js';
import type { AnswerDelta } from '../core/answer.js';
import type { Clock } from '../core/clock.js';
import type { CompletionState } from '../core/inference.js';
import type { Attempt } from '../routing/contract.js';
import { createDeltaCoalescer } from './coalescer.js';
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
  const coalescer = createDeltaCoalescer({ clock, emit: log.append });
  let firstTokenMs: number | null = null;
  return {
    started(completion) {
      log.append({ type: 'started', completion });
    },
    deltas(deltas) {
      if (firstTokenMs === null && deltas.some(isContent)) firstTokenMs = clock.monotonicMs() - start.startedMs;
      for (const delta of deltas) coalescer.push(delta);
    },
    attemptFailed(attempt, reason) {
      log.append({ type: 'rerouted', failed: settleAttempt(attempt, start.call, null), reason });
    },
    concluded(completion) {
      coalescer.flush();
      const { usage, cost, error } = completion.record;
      if (usage && cost) log.append({ type: 'usage', usage, cost });
      log.append(error === null ? { type: 'finished', completion } : { type: 'failed', error, completion });
    },
    get firstTokenMs() {
      return firstTokenMs;
    },
  };
}
