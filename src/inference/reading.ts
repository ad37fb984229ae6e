import type { Clock } from '../core/clock.js';
import { GatewayError } from '../core/errors.js';
import type { UserError } from '../core/errors.js';
import type { CompletionEvent } from '../core/events.js';
import type { CompletionState } from '../core/inference.js';
import { createEventLog } from './event-log.js';
import type { EventLog } from './event-log.js';

export type CompletionEvents = AsyncIterableIterator<CompletionEvent>;

/** A position is -1 or the number of an event; past the end only where there will be no more. `log` is null where nothing has begun. */
export function checkPosition(after: number, log: EventLog | null): void {
  const bad = !Number.isSafeInteger(after) || after < -1 || (log?.ended !== true && after >= (log?.length ?? 0));
  if (bad) throw new GatewayError('BAD_USER_INPUT', 'after: must be -1, or the number of an event that has been');
}

/** An iterator that does nothing until it is pulled: what is never read is never begun, and leaves nothing behind. */
export function fromFirstPull(open: () => CompletionEvents): CompletionEvents {
  let events: CompletionEvents | null = null;
  let closed = false;
  return {
    async next() {
      if (closed) return { done: true, value: undefined };
      events ??= open();
      return events.next();
    },
    async return() {
      closed = true;
      await events?.return?.();
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

/** A refusal is a single `failed`, number 0. */
export function eventsOfRefusal(state: CompletionState, error: UserError, clock: Clock): CompletionEvents {
  const log = createEventLog({ completionId: state.record.id, clock });
  log.append({ type: 'failed', error, completion: state });
  return log.read(-1);
}

export function eventsExpired(): GatewayError {
  return new GatewayError('EVENTS_EXPIRED', 'The events of this completion are no longer kept.');
}
