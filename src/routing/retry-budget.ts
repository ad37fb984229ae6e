import type { Clock } from '../core/clock.js';
import type { DeploymentId } from '../core/ids.js';

/** At most this share of the last minute's first attempts may be retries … */
const SHARE = 0.2;
/** … but so many a minute and deployment are always allowed, so that a quiet product retries too. */
const ALWAYS_ALLOWED = 60;
const SLOT_MS = 5_000;
const SLOTS = 12;
/** So many deployments are counted; past that the one that was called longest ago is forgotten, and starts anew. */
const MAX_COUNTED = 5_000;

/** Keeps retries from multiplying the load on an upstream that is down. */
export interface RetryBudget {
  countAttempt(deployment: DeploymentId, isRetry: boolean): void;
  allowsRetry(deployment: DeploymentId): boolean;
  /** How many deployments it holds a count of. */
  readonly counted: number;
}

interface Slot {
  startMs: number;
  first: number;
  retries: number;
}

export function createRetryBudget({ clock }: { readonly clock: Pick<Clock, 'monotonicMs'> }): RetryBudget {
  /** A ring of five-second slots for each deployment; the map's order is that of the latest slot. */
  const rings = new Map<DeploymentId, Slot[]>();

  function slotNow(deployment: DeploymentId): Slot {
    const startMs = Math.floor(clock.monotonicMs() / SLOT_MS) * SLOT_MS;
    const ring = rings.get(deployment) ?? [];
    const last = ring.at(-1);
    if (last?.startMs === startMs) return last;
    const slot = { startMs, first: 0, retries: 0 };
    ring.push(slot);
    if (ring.length > SLOTS) ring.shift();
    rings.delete(deployment);
    rings.set(deployment, ring);
    dropOld(startMs - SLOT_MS * SLOTS);
    return slot;
  }

  /** Whose last slot says nothing any more is forgotten: deleted deployments would stay for good. */
  function dropOld(oldestMs: number): void {
    for (const [deployment, ring] of rings) {
      if (rings.size <= MAX_COUNTED && (ring.at(-1)?.startMs ?? 0) > oldestMs) return;
      rings.delete(deployment);
    }
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
    get counted() {
      return rings.size;
    },
  };
}
