import type { CompletionEvent, CompletionEventBody } from '../core/events.js';
import type { InferenceId } from '../core/ids.js';
import { isJsonObject } from '../core/json.js';

/** An event as it is stored: what all of a log have in common is known without being written a thousand times. */
type StoredEvent = CompletionEventBody & { readonly at: Date };

const EVENT_TYPES: ReadonlySet<unknown> = new Set(
  Object.keys({
    ...{ started: true, text: true, reasoning: true, toolCall: true },
    ...{ rerouted: true, usage: true, finished: true, failed: true },
  } satisfies Record<CompletionEventBody['type'], true>),
);

export function storedForm({ completionId: _completionId, sequence: _sequence, ...event }: CompletionEvent): object {
  return event;
}

/** The log as it was live. @throws Error where this is none: another version wrote it, which knew other events. */
export function eventsFrom(stored: unknown, completionId: InferenceId): readonly CompletionEvent[] {
  if (!Array.isArray(stored) || !stored.every(isStoredEvent)) throw new Error('what is stored is no event log that this version can read');
  return stored.map((event, sequence) => ({ completionId, sequence, ...event }));
}

/** The envelope vouches for the rest: nobody but us can have sealed it. */
function isStoredEvent(value: unknown): value is StoredEvent {
  return isJsonObject(value) && EVENT_TYPES.has(value['type']) && value['at'] instanceof Date;
}
