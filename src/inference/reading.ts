import type { Clock } from '../core/clock.js';
import { GatewayError } from '../core/errors.js';
import type { UserError } from '../core/errors.js';
import type { CompletionEvent } from '../core/events.js';
import type { CompletionState } from '../core/inference.js';
import type { ReadPosition } from './contract.js';
import { createEventLog, readEnded } from './event-log.js';
import type { EventLog } from './event-log.js';
import type { RunningCompletion } from './running.js';

export type CompletionEvents = AsyncIterableIterator<CompletionEvent>;

/** A position is -1 or the number of an event; past the end only where there will be no more. `log` is null where nothing has begun. */
export function checkPosition(after: number, log: Pick<EventLog, 'ended' | 'length'> | null): void {
  const bad = !Number.isSafeInteger(after) || after < -1 || (log?.ended !== true && after >= (log?.length ?? 0));
  if (bad) throw new GatewayError('BAD_USER_INPUT', 'after: must be -1, or the number of an event that has been');
}

/** Stored events, as they were when they were live. @throws GatewayError BAD_USER_INPUT, and EVENTS_EXPIRED where there are none. */
export function replay(events: readonly CompletionEvent[] | null, position: ReadPosition): CompletionEvents {
  if (events === null) throw eventsExpired();
  checkPosition(position.after, { ended: true, length: events.length });
  return readEnded(events, position);
}

/**
 * The events of what was just begun: the first `next()` launches it. Where nobody else has by then, whoever drops the iterator
 * unread ends it, so that it calls nobody.
 */
export function readFromBirth(birth: Birth, position: ReadPosition): CompletionEvents {
  const { completion } = birth;
  const { reader } = position;
  const events = completion.log.read(position);
  const drop = () => {
    if (!birth.isLaunched()) completion.end('cancelled');
  };
  reader?.addEventListener('abort', drop, { once: true });
  if (reader?.aborted) drop();
  return {
    next() {
      reader?.removeEventListener('abort', drop);
      birth.launch();
      return events.next();
    },
    async return() {
      reader?.removeEventListener('abort', drop);
      drop();
      await events.return?.();
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

export interface Birth {
  readonly completion: RunningCompletion;
  isLaunched(): boolean;
  /** Once; also whatever ends the completion launches it, so that it is settled. */
  launch(): void;
}

/** A refusal is a single `failed`, number 0. */
export function eventsOfRefusal(state: CompletionState, error: UserError, clock: Clock): CompletionEvents {
  const log = createEventLog({ completionId: state.record.id, clock });
  log.append({ type: 'failed', error, completion: state });
  return log.read({ after: -1 });
}

export function eventsExpired(): GatewayError {
  return new GatewayError('EVENTS_EXPIRED', 'The events of this completion are no longer kept.');
}

export function eventsElsewhere(): GatewayError {
  return new GatewayError('EVENTS_ELSEWHERE', 'Another replica runs this completion: try again, or read it with `completion`.', {
    retryAfterMs: 1_000,
  });
}
