import type { ContentState } from '../core/vocabulary.js';
import type { CompletionStart } from './start.js';

const MINUTE_MS = 60_000;
export const KEYED_MS = 24 * 60 * MINUTE_MS;
export const STREAMED_MS = 10 * MINUTE_MS;
/** A plain unary call has handed its words over; a late look at them is a courtesy, and not promised. */
export const UNARY_MS = MINUTE_MS;

/** How long words and events stay readable after the end, and whether that is promised. */
export interface Retention {
  readonly keptMs: number;
  readonly contentState: ContentState;
}

export function retentionOf({ keyed, form }: Pick<CompletionStart, 'keyed' | 'form'>): Retention {
  if (keyed) return { keptMs: KEYED_MS, contentState: 'AVAILABLE' };
  if (form !== 'complete') return { keptMs: STREAMED_MS, contentState: 'AVAILABLE' };
  return { keptMs: UNARY_MS, contentState: 'NOT_STORED' };
}
