import type { UserError } from './errors.js';
import type { CompletionState, AttemptRecord } from './inference.js';
import type { InferenceId } from './ids.js';
import type { Cost } from './pricing.js';
import type { TokenUsage } from './usage.js';

interface Numbered {
  readonly completionId: InferenceId;
  /** 0, 1, 2 …: `started` is 0, and one `finished` or `failed` is last; a refusal is a single `failed`, number 0. */
  readonly sequence: number;
  /** Where adjacent deltas were joined for a reader that fell behind: the number of the first of them; `sequence` is the last one's. */
  readonly firstSequence?: number;
  readonly at: Date;
}

export type CompletionEventBody =
  | { readonly type: 'started'; readonly completion: CompletionState }
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'reasoning'; readonly text: string }
  | {
      readonly type: 'toolCall';
      readonly index: number;
      readonly id: string | null;
      readonly name: string | null;
      readonly argumentsDelta: string;
    }
  | { readonly type: 'rerouted'; readonly failed: AttemptRecord; readonly reason: string }
  | { readonly type: 'usage'; readonly usage: TokenUsage; readonly cost: Cost }
  | { readonly type: 'finished'; readonly completion: CompletionState }
  | { readonly type: 'failed'; readonly error: UserError; readonly completion: CompletionState };

export type CompletionEvent = Numbered & CompletionEventBody;

export function isTerminal(event: CompletionEventBody): boolean {
  return event.type === 'finished' || event.type === 'failed';
}
