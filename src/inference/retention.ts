import type { ContentState } from '../core/vocabulary.js';
import type { CompletionStart } from './start.js';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
export const KEYED_MS = DAY_MS;
export const STREAMED_MS = 10 * MINUTE_MS;
/** A plain unary call whose prompt and answer are stored: in memory until they are, and a little longer. */
const UNARY_MS = MINUTE_MS;
/** In memory, beside the store: whoever resumes at once is served without it. */
export const STORED_MS = MINUTE_MS;

/** How long words and events stay readable after the end, and whether that is promised. Milliseconds. */
export interface Retention {
  /** In memory, as long as nothing else keeps it. */
  readonly keptMs: number;
  /** The numbered log; null: not promised. */
  readonly eventsMs: number | null;
  /** Prompt and answer, where the organization stores them. */
  readonly payloadMs: number | null;
  readonly contentState: ContentState;
}

export function retentionOf({ keyed, form, payloadStorage }: Pick<CompletionStart, 'keyed' | 'form' | 'payloadStorage'>): Retention {
  const eventsMs = keyed ? KEYED_MS : form === 'complete' ? null : STREAMED_MS;
  const payloadMs = payloadStorage.mode === 'NONE' ? null : payloadStorage.retentionDays * DAY_MS;
  const contentState = eventsMs === null && payloadMs === null ? 'NOT_STORED' : 'AVAILABLE';
  return { keptMs: eventsMs ?? UNARY_MS, eventsMs, payloadMs, contentState };
}

/** Until when anything of it can be read: the longest of its promises, counted from its end; null: none. */
export function contentExpiry({ eventsMs, payloadMs }: Retention, endedAt: Date): Date | null {
  const longestMs = Math.max(eventsMs ?? 0, payloadMs ?? 0);
  return longestMs === 0 ? null : new Date(endedAt.getTime() + longestMs);
}
