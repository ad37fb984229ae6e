import type { IdempotencyStore } from '../cache/contract.js';
import type { Clock } from '../core/clock.js';
import type { IdempotencyClaim } from './idempotency.js';

const FIRST_POLL_MS = 50;
const LAST_POLL_MS = 500;

/** ended: look again. The others are the waiting caller's own end. */
export type WaitEnd = 'ended' | 'deadline' | 'left';

export interface WaitLimits {
  readonly deadlineMs: number;
  readonly reader: AbortSignal;
}

/** Waits for what another replica runs under a key. */
export interface ElsewhereWatch {
  /** Resolves when the key has ended, or is free, or its owner is lost. @throws GatewayError SERVICE_UNAVAILABLE. */
  wait(claim: IdempotencyClaim, limits: WaitLimits): Promise<WaitEnd>;
}

interface Poll {
  readonly ended: Promise<'ended'>;
  waiting: number;
}

/** However many wait for the same key here, one of them asks. */
export function createElsewhereWatch({ keys, clock }: { readonly keys: IdempotencyStore; readonly clock: Clock }): ElsewhereWatch {
  const polls = new Map<string, Poll>();

  async function untilEnded(claim: IdempotencyClaim): Promise<'ended'> {
    try {
      for (let pauseMs = FIRST_POLL_MS; ; pauseMs = Math.min(pauseMs * 2, LAST_POLL_MS)) {
        await new Promise<void>((resolve) => void clock.after(pauseMs, resolve));
        if (polls.get(claim.space)?.waiting === 0) return 'ended';
        const known = await keys.find(claim);
        if (known?.state !== 'RUNNING') return 'ended';
      }
    } finally {
      polls.delete(claim.space);
    }
  }

  function pollOf(claim: IdempotencyClaim): Poll {
    const known = polls.get(claim.space);
    if (known) return known;
    const poll: Poll = { ended: untilEnded(claim), waiting: 0 };
    poll.ended.catch(() => undefined);
    polls.set(claim.space, poll);
    return poll;
  }

  return {
    async wait(claim, { deadlineMs, reader }) {
      const poll = pollOf(claim);
      poll.waiting += 1;
      const limit = limited(clock, deadlineMs - clock.monotonicMs(), reader);
      try {
        return await Promise.race([poll.ended, limit.reached]);
      } finally {
        limit.forget();
        poll.waiting -= 1;
      }
    },
  };
}

function limited(clock: Clock, waitMs: number, reader: AbortSignal): { readonly reached: Promise<WaitEnd>; forget(): void } {
  let forget = (): void => undefined;
  const reached = new Promise<WaitEnd>((resolve) => {
    const left = () => resolve('left');
    const cancel = clock.after(Math.max(0, waitMs), () => resolve('deadline'));
    reader.addEventListener('abort', left, { once: true });
    if (reader.aborted) left();
    forget = () => {
      cancel();
      reader.removeEventListener('abort', left);
    };
  });
  return { reached, forget };
}
