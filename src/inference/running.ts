import type { Cancel, Clock } from '../core/clock.js';
import type { CompletionState } from '../core/inference.js';
import type { DispatchWatch, RoutePlan } from '../routing/contract.js';
import type { CompletionOutcome } from './contract.js';
import { createEventLog } from './event-log.js';
import type { EventLog } from './event-log.js';
import { createNarrator } from './narrator.js';
import type { Narrator } from './narrator.js';
import { createPresence, disconnectGraceMs } from './presence.js';
import type { Presence } from './presence.js';
import { runningState } from './records.js';
import type { CompletionStart, EndReason } from './start.js';

export const DEFAULT_TIMEOUT_MS = 600_000;
/** An answer whose events take more memory than this is ended: no model writes a library by intent. */
export const MAX_LOG_BYTES = 64 * 1024 * 1024;

/** A completion on its way: who watches it, how to end it, and its events so far. */
export interface RunningCompletion {
  readonly start: CompletionStart;
  readonly plan: RoutePlan;
  readonly state: CompletionState;
  readonly log: EventLog;
  readonly presence: Presence;
  /** What dispatch is to tell, and to heed. */
  readonly watch: DispatchWatch;
  /** Null for a unary call: its words come all at once. */
  readonly firstTokenMs: number | null;
  readonly endedBy: EndReason | null;
  /** Resolves with the settled outcome; never rejects. */
  readonly done: Promise<CompletionOutcome>;
  /** Ends the upstream call; what it came to is settled on its way out. Without effect once the call has ended. */
  end(reason: EndReason): void;
  /** Writes the last events and wakes whoever waits. Once. */
  conclude(state: CompletionState): void;
}

export function createRunning(start: CompletionStart, plan: RoutePlan, clock: Clock): RunningCompletion {
  const timeoutMs = start.call.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  const switchOff = createSwitch();
  const cancelDeadline = clock.after(timeoutMs, () => switchOff.end('deadline'));
  const presence = presenceFor(start, clock, () => switchOff.end('cancelled'));
  const log = createEventLog({ completionId: start.id, clock, onReader: presence.join });
  const narrator = createNarrator(start, log, clock);
  const { promise: done, resolve } = createDeferred<CompletionOutcome>();
  const state = runningState(start, plan);
  narrator.started(state);
  return {
    ...{ start, plan, state, log, presence, done },
    watch: watchFor({ start, log, narrator, switchOff, deadlineAtMs: start.startedMs + timeoutMs }),
    end: switchOff.end,
    conclude(last) {
      tidyUp(switchOff, presence, cancelDeadline);
      narrator.concluded(last);
      resolve({ state: last, error: last.record.error });
    },
    get firstTokenMs() {
      return start.form === 'complete' ? null : narrator.firstTokenMs;
    },
    get endedBy() {
      return switchOff.reason;
    },
  };
}

function tidyUp(switchOff: Switch, presence: Presence, cancelDeadline: Cancel): void {
  cancelDeadline();
  presence.close();
  switchOff.close();
}

function presenceFor({ call, keyed, form }: CompletionStart, clock: Clock, onAbandoned: () => void): Presence {
  const graceMs = disconnectGraceMs({ onDisconnect: call.onDisconnect, keyed, detached: form === 'start' });
  return createPresence({ clock, graceMs, onAbandoned });
}

interface Watched {
  readonly start: CompletionStart;
  readonly log: EventLog;
  readonly narrator: Narrator;
  readonly switchOff: Switch;
  readonly deadlineAtMs: number;
}

function watchFor({ start, log, narrator, switchOff, deadlineAtMs }: Watched): DispatchWatch {
  return {
    stream: start.form !== 'complete',
    signal: switchOff.signal,
    mayDrain: () => switchOff.reason === 'cancelled',
    deadlineAtMs,
    onAttemptFailed: narrator.attemptFailed,
    onDeltas(deltas) {
      narrator.deltas(deltas);
      if (log.bytes > MAX_LOG_BYTES) switchOff.end('oversized');
    },
  };
}

/** Aborts once, and remembers why. */
interface Switch {
  readonly signal: AbortSignal;
  readonly reason: EndReason | null;
  end(reason: EndReason): void;
  /** From now on nothing ends any more. */
  close(): void;
}

function createSwitch(): Switch {
  const controller = new AbortController();
  let reason: EndReason | null = null;
  let closed = false;
  return {
    signal: controller.signal,
    get reason() {
      return reason;
    },
    end(why) {
      if (reason !== null || closed) return;
      reason = why;
      controller.abort(why);
    },
    close() {
      closed = true;
    },
  };
}

function createDeferred<T>(): { readonly promise: Promise<T>; readonly resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
