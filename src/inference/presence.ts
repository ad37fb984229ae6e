import type { Cancel, Clock } from '../core/clock.js';
import { ReaderGone } from '../core/reader.js';
import type { LeaveReason } from '../core/reader.js';
import type { DisconnectPolicy } from '../core/vocabulary.js';

/** How long a call with an idempotency key waits for its caller to come back. */
export const RESUME_GRACE_MS = 30_000;

/** Only who `left` of their own will can leave a completion abandoned; those whom we sent away may come back for it. */
export type Leave = (why: LeaveReason) => void;

/** Why a reader is gone. Where its signal says nothing else, it left. */
export function leaveReason(reader: AbortSignal | undefined): LeaveReason {
  return reader?.aborted === true && reader.reason instanceof ReaderGone ? reader.reason.reason : 'left';
}

/** Counts who is there for a completion, and tells when nobody has been for the whole grace. */
export interface Presence {
  /** Returns how to leave; leaving twice counts once. */
  join(): Leave;
  /** It has ended: whoever leaves now, nothing follows. */
  close(): void;
}

export interface PresenceOptions {
  readonly clock: Clock;
  /** Null: it goes on without anybody. */
  readonly graceMs: number | null;
  readonly onAbandoned: () => void;
}

export function createPresence({ clock, graceMs, onAbandoned }: PresenceOptions): Presence {
  let present = 0;
  let closed = false;
  let cancelTimer: Cancel | null = null;

  function stopTimer(): void {
    cancelTimer?.();
    cancelTimer = null;
  }

  function leaveOne(why: LeaveReason): void {
    present -= 1;
    if (present > 0 || why !== 'left' || graceMs === null || closed) return;
    if (graceMs === 0) onAbandoned();
    else cancelTimer = clock.after(graceMs, onAbandoned);
  }

  return {
    join() {
      present += 1;
      stopTimer();
      let here = true;
      return (why) => {
        if (!here) return;
        here = false;
        leaveOne(why);
      };
    },
    close() {
      closed = true;
      stopTimer();
    },
  };
}

export interface Attendance {
  readonly onDisconnect: DisconnectPolicy | null;
  readonly keyed: boolean;
  /** Started by `startCompletion`: nobody is expected to watch. */
  readonly detached: boolean;
}

/** Milliseconds from the last reader's leaving to the cancellation; null: never. */
export function disconnectGraceMs({ onDisconnect, keyed, detached }: Attendance): number | null {
  if (onDisconnect !== null) return onDisconnect === 'CANCEL' ? 0 : null;
  if (detached) return null;
  return keyed ? RESUME_GRACE_MS : 0;
}
