import { LRUCache } from 'lru-cache';
import type { Clock } from '../core/clock.js';
import type { CompletionId } from '../core/ids.js';
import type { CompletionState } from '../core/inference.js';
import type { EventLog } from './event-log.js';
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
  find(id: CompletionId): KeptCompletion | null;
  begin(completion: RunningCompletion): void;
  /** Keeps what can still be read for so many milliseconds, as far as memory allows. */
  end(id: CompletionId, ended: EndedCompletion, keptMs: number): void;
  readonly running: ReadonlyMap<CompletionId, RunningCompletion>;
  readonly endedBytes: number;
}

export function createCompletionRegistry(options: { readonly clock: Clock; readonly maxBytes?: number | undefined }): CompletionRegistry {
  const { clock, maxBytes = MAX_ENDED_BYTES } = options;
  const running = new Map<CompletionId, RunningCompletion>();
  const ended = new LRUCache<CompletionId, EndedCompletion>({
    maxSize: maxBytes,
    perf: { now: () => clock.monotonicMs() },
    ttlResolution: 0,
    ttlAutopurge: false,
  });
  let purgedMs = clock.monotonicMs();

  return {
    running,
    find: (id) => running.get(id) ?? ended.get(id) ?? null,
    begin(completion) {
      running.set(completion.start.id, completion);
    },
    end(id, completion, keptMs) {
      running.delete(id);
      ended.set(id, completion, { ttl: keptMs, size: BYTES_PER_STATE + completion.log.bytes * 2 });
      const nowMs = clock.monotonicMs();
      if (nowMs - purgedMs < PURGE_EVERY_MS) return;
      purgedMs = nowMs;
      ended.purgeStale();
    },
    get endedBytes() {
      return ended.calculatedSize;
    },
  };
}

export function isRunning(completion: KeptCompletion): completion is RunningCompletion {
  return 'done' in completion;
}
