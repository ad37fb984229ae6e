import type { Clock } from '../core/clock.js';
import type { DeploymentId } from '../core/ids.js';

/** At most this share of the last minute's first attempts may be retries … */
const SHARE = 0.2;
/** … but so many a minute and deployment are always allowed, so that a quiet product retries too. */
const ALWAYS_ALLOWED = 60;
const SLOT_MS = 5_000;
const SLOTS = 12;

/** Keeps retries from multiplying the load on an upstream that is down. */
export interface RetryBudget {
  countAttempt(deployment: DeploymentId, isRetry: boolean): void;
  allowsRetry(deployment: DeploymentId): boolean;
}

interface Slot {
  startMs: number;
  first: number;
  retries: number;
}

export function createRetryBudget({ clock }: { readonly clock: Clock }): RetryBudget {
  /** A ring of five-second slots for each deployment. */
  const rings = new Map<DeploymentId, Slot[]>();

  function slotNow(deployment: DeploymentId): Slot {
    const startMs = Math.floor(clock.monotonicMs() / SLOT_MS) * SLOT_MS;
    let ring = rings.get(deployment);
    if (!ring) rings.set(deployment, (ring = []));
    const last = ring.at(-1);
    if (last?.startMs === startMs) return last;
    const slot = { startMs, first: 0, retries: 0 };
    ring.push(slot);
    if (ring.length > SLOTS) ring.shift();
    return slot;
  }

  return {
    countAttempt(deployment, isRetry) {
      const slot = slotNow(deployment);
      if (isRetry) slot.retries += 1;
      else slot.first += 1;
    },
    allowsRetry(deployment) {
      const oldest = clock.monotonicMs() - SLOT_MS * SLOTS;
      const recent = (rings.get(deployment) ?? []).filter((slot) => slot.startMs > oldest);
      const first = recent.reduce((sum, slot) => sum + slot.first, 0);
      const retries = recent.reduce((sum, slot) => sum + slot.retries, 0);
      return retries < Math.max(ALWAYS_ALLOWED, first * SHARE);
    },
  };
}
