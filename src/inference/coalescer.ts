import type { AnswerDelta } from '../core/answer.js';
import type { Cancel, Clock } from '../core/clock.js';
import { joinDeltas, wordsOf } from './deltas.js';
import type { DeltaBody } from './deltas.js';

/** Per-event work is the largest cost of a streamed answer: words that come faster than this are joined. */
export const COALESCING = { delayMs: 15, maxCharacters: 64 } as const;

/**
 * Turns the answer's deltas into events. After a pause a delta goes out at once; those that follow within `delayMs` are
 * joined, up to `maxCharacters`. Only neighbours of one kind (and one tool call) join, so order and concatenation stay.
 */
export interface DeltaCoalescer {
  push(delta: AnswerDelta): void;
  /** Emits what is held back. */
  flush(): void;
}

export interface DeltaCoalescerOptions {
  readonly clock: Clock;
  readonly emit: (event: DeltaBody) => void;
  readonly delayMs?: number;
  readonly maxCharacters?: number;
}

export function createDeltaCoalescer(options: DeltaCoalescerOptions): DeltaCoalescer {
  const { clock, emit, delayMs = COALESCING.delayMs, maxCharacters = COALESCING.maxCharacters } = options;
  let held: DeltaBody | null = null;
  let lastEmittedMs = -Infinity;
  let cancelTimer: Cancel | null = null;

  function flush(): void {
    cancelTimer?.();
    cancelTimer = null;
    if (held === null) return;
    const event = held;
    held = null;
    lastEmittedMs = clock.monotonicMs();
    emit(event);
  }

  function hold(event: DeltaBody): void {
    const joined = held && joinDeltas(held, event);
    if (joined === null) flush();
    held = joined ?? event;
    const waitMs = lastEmittedMs + delayMs - clock.monotonicMs();
    if (waitMs <= 0 || wordsOf(held).length >= maxCharacters) flush();
    else cancelTimer ??= clock.after(waitMs, flush);
  }

  return {
    push(delta) {
      const event = toEvent(delta);
      if (event) hold(event);
    },
    flush,
  };
}

/** Signatures, redacted blocks, media and refusals have no event of their own: they come with the finished completion. */
function toEvent(delta: AnswerDelta): DeltaBody | null {
  switch (delta.type) {
    case 'text':
      return delta.text === '' ? null : { type: 'text', text: delta.text };
    case 'reasoning':
      return delta.text ? { type: 'reasoning', text: delta.text } : null;
    case 'toolCall':
      return { type: 'toolCall', index: delta.index, id: delta.id ?? null, name: delta.name ?? null, argumentsDelta: delta.argumentsDelta };
    default:
      return null;
  }
}
