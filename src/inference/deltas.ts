import type { CompletionEvent, CompletionEventBody } from '../core/events.js';

/** An event that carries a piece of the answer, to be put behind the pieces so far. */
export type DeltaBody = Extract<CompletionEventBody, { type: 'text' | 'reasoning' | 'toolCall' }>;

/** A joined event stays far below what a socket may have unsent, so that a slow reader is given it in portions. */
export const MAX_JOINED_CHARACTERS = 16 * 1024;

export function wordsOf(delta: DeltaBody): string {
  return delta.type === 'toolCall' ? delta.argumentsDelta : delta.text;
}

export function isDelta(event: CompletionEventBody): event is DeltaBody {
  return event.type === 'text' || event.type === 'reasoning' || event.type === 'toolCall';
}

/** Two neighbours as one; null where they are not of one kind (and one tool call). */
export function joinDeltas(first: DeltaBody, next: DeltaBody): DeltaBody | null {
  if (first.type === 'toolCall') {
    if (next.type !== 'toolCall' || next.index !== first.index) return null;
    const { id, name } = next;
    return { ...first, id: first.id ?? id, name: first.name ?? name, argumentsDelta: first.argumentsDelta + next.argumentsDelta };
  }
  return next.type === first.type ? { ...first, text: first.text + next.text } : null;
}

/**
 * The event at a position of a log and the deltas behind it that can be joined with it, as one event. It has the number and the
 * time of its last, so that a reader goes on behind it by `after`, and tells the number of its first.
 */
export function joinedAt(events: readonly CompletionEvent[], position: number): CompletionEvent | undefined {
  const first = events[position];
  if (first === undefined || !isDelta(first)) return first;
  let joined: CompletionEvent & DeltaBody = first;
  for (let next = events[position + 1]; next && isDelta(next); next = events[next.sequence + 1]) {
    const body = joinDeltas(joined, next);
    if (body === null || wordsOf(body).length > MAX_JOINED_CHARACTERS) break;
    const { completionId, sequence, at } = next;
    joined = { ...body, completionId, sequence, at, firstSequence: first.sequence };
  }
  return joined;
}
