import { EMPTY_ANSWER, hasContent, reduceAnswer } from '../core/answer.js';
import type { Answer } from '../core/answer.js';
import type { Clock } from '../core/clock.js';
import type { ChatCallOptions, ChatCallOutcome } from '../providers/contract.js';

/** A call that is read on after its caller left comes to two ends: what is told at once, and what it came to. */
export interface DrainableOutcome extends ChatCallOutcome {
  /** Present where it is read on. Its status is `cancelled`, like the first one's. */
  readonly rest?: Promise<ChatCallOutcome>;
}

export interface Drains {
  /** As `run`, but where the signal aborts and `mayDrain` says so, the upstream goes on being read. */
  chat(run: (options: ChatCallOptions) => Promise<ChatCallOutcome>, options: DrainableOptions): Promise<DrainableOutcome>;
  /** Ends what is read on; resolves when each has come to its end. */
  close(): Promise<void>;
}

export interface DrainableOptions extends ChatCallOptions {
  readonly mayDrain: () => boolean;
}

export interface DrainLimits {
  /** At once; a call past it is ended like any other. */
  readonly maxCalls: number;
  readonly maxMs: number;
}

export const DRAIN_LIMITS: DrainLimits = { maxCalls: 100, maxMs: 60_000 };

/**
 * Some providers make and bill the whole answer also when nobody listens any more. For a deployment that says DRAIN:
 *
 * 1. The caller leaves: it is told at once that the call is cancelled, with what had come by then.
 * 2. The upstream is read to its end in the background, for the usage it reports; what it says reaches nobody.
 * 3. That ends with the answer, after a minute, or when the process stops; then the inference is booked, once.
 */
export function createDrains({ clock, limits = DRAIN_LIMITS }: { readonly clock: Clock; readonly limits?: DrainLimits }): Drains {
  const open = new Map<Promise<ChatCallOutcome>, AbortController>();

  function keep(whole: Promise<ChatCallOutcome>, upstream: AbortController): Promise<ChatCallOutcome> {
    open.set(whole, upstream);
    const cancelLimit = clock.after(limits.maxMs, () => upstream.abort());
    return whole
      .then((outcome): ChatCallOutcome => ({ ...outcome, status: 'cancelled', failure: null }))
      .finally(() => {
        cancelLimit();
        open.delete(whole);
      });
  }

  return {
    async chat(run, { mayDrain, ...options }) {
      const upstream = new AbortController();
      const heard = createHearing(options, clock);
      const whole = run({ ...options, signal: upstream.signal, onDeltas: heard.onDeltas });
      const departure = watchSignal(options.signal, () => {
        if (mayDrain() && open.size < limits.maxCalls) return true;
        upstream.abort(options.signal.reason);
        return false;
      });
      const first = await Promise.race([whole, departure.left]);
      departure.stop();
      return first === 'left' ? { ...heard.leave(), rest: keep(whole, upstream) } : first;
    },
    async close() {
      for (const upstream of open.values()) upstream.abort();
      await Promise.allSettled([...open.keys()]);
    },
  };
}

/** Resolves when the signal has aborted and `onAbort` lets the caller go. */
function watchSignal(signal: AbortSignal, onAbort: () => boolean): { readonly left: Promise<'left'>; stop(): void } {
  let stop: () => void = () => undefined;
  const left = new Promise<'left'>((resolve) => {
    const aborted = (): void => {
      if (onAbort()) resolve('left');
    };
    stop = () => signal.removeEventListener('abort', aborted);
    if (signal.aborted) aborted();
    else signal.addEventListener('abort', aborted, { once: true });
  });
  return { left, stop: () => stop() };
}

/** What the caller has heard, for as long as there is one. */
function createHearing({ onDeltas, stream }: ChatCallOptions, clock: Clock) {
  const startedMs = clock.monotonicMs();
  let answer: Answer = EMPTY_ANSWER;
  let firstTokenMs: number | null = null;
  let gone = false;
  return {
    onDeltas: (deltas: Parameters<ChatCallOptions['onDeltas']>[0]): void => {
      if (gone) return;
      answer = deltas.reduce(reduceAnswer, answer);
      if (stream && hasContent(answer)) firstTokenMs ??= clock.monotonicMs() - startedMs;
      onDeltas(deltas);
    },
    /** Whether the provider has taken the request is known only in the end; until then it is taken to have. */
    leave(): ChatCallOutcome {
      gone = true;
      const durationMs = clock.monotonicMs() - startedMs;
      return { status: 'cancelled', answer, failure: null, accepted: true, firstTokenMs, durationMs, warnings: [] };
    },
  };
}
