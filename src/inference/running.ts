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
  return new Running(start, plan, clock);
}

/** Classes here and below: every call makes one of each, and a literal with getters is a slow dictionary to V8. */
class Running implements RunningCompletion {
  readonly state: CompletionState;
  readonly log: EventLog;
  readonly presence: Presence;
  readonly watch: DispatchWatch;
  readonly done: Promise<CompletionOutcome>;
  private readonly switchOff = new Switch();
  private readonly narrator: Narrator;
  private readonly cancelDeadline: Cancel;
  private resolve: (outcome: CompletionOutcome) => void = () => undefined;

  constructor(
    readonly start: CompletionStart,
    readonly plan: RoutePlan,
    clock: Clock,
  ) {
    const { switchOff } = this;
    const timeoutMs = start.call.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    this.cancelDeadline = clock.after(timeoutMs, () => switchOff.end('deadline'));
    this.presence = presenceFor(start, clock, () => switchOff.end('cancelled'));
    this.log = createEventLog({ completionId: start.id, clock, onReader: this.presence.join });
    this.narrator = createNarrator(start, this.log, clock);
    this.done = new Promise((resolve) => {
      this.resolve = resolve;
    });
    this.state = runningState(start, plan);
    this.watch = watchFor({ start, log: this.log, narrator: this.narrator, switchOff, deadlineAtMs: start.startedMs + timeoutMs });
    this.narrator.started(this.state);
  }

  get firstTokenMs(): number | null {
    return this.start.form === 'complete' ? null : this.narrator.firstTokenMs;
  }

  get endedBy(): EndReason | null {
    return this.switchOff.reason;
  }

  end(reason: EndReason): void {
    this.switchOff.end(reason);
  }

  conclude(last: CompletionState): void {
    this.cancelDeadline();
    this.presence.close();
    this.switchOff.close();
    this.narrator.concluded(last);
    this.resolve({ state: last, error: last.record.error });
  }
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

/** For names that others put functions of their own to: a name that comes after a spread is slow. */
const NOTHING = (): void => undefined;

function watchFor({ start, log, narrator, switchOff, deadlineAtMs }: Watched): DispatchWatch {
  return {
    stream: start.form !== 'complete',
    signal: switchOff.signal,
    mayDrain: () => switchOff.reason === 'cancelled',
    deadlineAtMs,
    onAttemptStarted: NOTHING,
    onAttemptFailed: (attempt, reason) => narrator.attemptFailed(attempt, reason),
    onAttemptOutrun: NOTHING,
    onDeltas(deltas) {
      narrator.deltas(deltas);
      if (log.bytes > MAX_LOG_BYTES) switchOff.end('oversized');
    },
  };
}

/** Aborts once, and remembers why. */
class Switch {
  reason: EndReason | null = null;
  private readonly controller = new AbortController();
  private closed = false;

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  end(why: EndReason): void {
    if (this.reason !== null || this.closed) return;
    this.reason = why;
    this.controller.abort(why);
  }

  /** From now on nothing ends any more. */
  close(): void {
    this.closed = true;
  }
}
