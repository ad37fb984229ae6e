import { LRUCache } from 'lru-cache';
import type { AssistantMessage } from '../core/answer.js';
import type { Clock } from '../core/clock.js';
import type { InferenceId } from '../core/ids.js';
import type { CompletionState } from '../core/inference.js';
import { bytesOfResult } from '../core/operations.js';
import type { EventLog } from './event-log.js';
import { KEYED_MS, STORED_MS } from './retention.js';
import type { RunningCompletion } from './running.js';

/** Bounds of what is remembered of ended completions; past it the least recently used goes first. */
export const MAX_ENDED_BYTES = 256 * 1024 * 1024;
/** A record with its attempts, routing and cost, roughly. */
const BYTES_PER_STATE = 4 * 1024;
const PURGE_EVERY_MS = 10_000;

/** What stays of a completion after its end: its outcome and its events, but neither prompt nor plan. */
export interface EndedCompletion {
  readonly state: CompletionState;
  readonly log: EventLog;
}

export type KeptCompletion = RunningCompletion | EndedCompletion;

/** The completions of this process: those that run, and those that ended a while ago. */
export interface CompletionRegistry {
  find(id: InferenceId): KeptCompletion | null;
  begin(completion: RunningCompletion): void;
  /** Keeps what can still be read for so many milliseconds, as far as memory allows; what says NOT_STORED is gone, here as elsewhere. */
  end(id: InferenceId, ended: EndedCompletion, keptMs: number): void;
  /** It can be read by everybody now: memory keeps it a little longer, for those who are about to ask. */
  stored(id: InferenceId): void;
  readonly running: ReadonlyMap<InferenceId, RunningCompletion>;
  /** Ended for its caller, and not yet for the books. */
  readonly draining: Set<InferenceId>;
  readonly endedBytes: number;
}

export function createCompletionRegistry(options: { readonly clock: Clock; readonly maxBytes?: number | undefined }): CompletionRegistry {
  const { clock, maxBytes = MAX_ENDED_BYTES } = options;
  const running = new Map<InferenceId, RunningCompletion>();
  const aging = { perf: { now: () => clock.monotonicMs() }, ttlResolution: 0 } as const;
  const promised = new LRUCache<InferenceId, EndedCompletion>({ ...aging, maxSize: maxBytes, sizeCalculation: bytesOf, ttl: KEYED_MS });
  let purgedMs = clock.monotonicMs();

  return {
    running,
    draining: new Set(),
    find: (id) => running.get(id) ?? promised.get(id) ?? null,
    begin(completion) {
      running.set(completion.start.id, completion);
    },
    end(id, completion, keptMs) {
      running.delete(id);
      if (completion.state.record.contentState !== 'AVAILABLE') return;
      promised.set(id, completion, { ttl: keptMs });
      const nowMs = clock.monotonicMs();
      if (nowMs - purgedMs < PURGE_EVERY_MS) return;
      purgedMs = nowMs;
      promised.purgeStale();
    },
    stored(id) {
      const completion = promised.peek(id);
      if (completion && promised.getRemainingTTL(id) > STORED_MS) promised.set(id, completion, { ttl: STORED_MS });
    },
    get endedBytes() {
      return promised.calculatedSize;
    },
  };
}

function bytesOf({ state, log }: EndedCompletion): number {
  return BYTES_PER_STATE + log.bytes + 2 * lengthOf(state.message) + bytesOfResult(state.result);
}

function lengthOf(message: AssistantMessage | null): number {
  const lengths = message?.parts.map((part) => {
    if (part.kind === 'toolCall') return part.arguments.length;
    return part.kind === 'media' ? (part.base64?.length ?? 0) : (part.text?.length ?? 0);
  });
  return lengths?.reduce((sum, length) => sum + length, 0) ?? 0;
}

export function isRunning(completion: KeptCompletion): completion is RunningCompletion {
  return 'done' in completion;
}
