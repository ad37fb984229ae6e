import { GatewayError } from '../core/errors.js';
import type { CompletionEvent } from '../core/events.js';
import type { EventLog } from './event-log.js';

/** A position is -1 or the number of an event; past the end only where there will be no more. `log` is null where nothing has begun. */
export function checkPosition(after: number, log: EventLog | null): void {
  const bad = !Number.isSafeInteger(after) || after < -1 || (log?.ended !== true && after >= (log?.length ?? 0));
  if (bad) throw new GatewayError('BAD_USER_INPUT', 'after: must be -1, or the number of an event that has been');
}

/** An iterator that does nothing until it is pulled: what is never read is never begun, and leaves nothing behind. */
export function fromFirstPull(open: () => AsyncIterableIterator<CompletionEvent>): AsyncIterableIterator<CompletionEvent> {
  let events: AsyncIterableIterator<CompletionEvent> | null = null;
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
