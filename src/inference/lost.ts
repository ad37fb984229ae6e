import type { LedgerReader } from '../accounting/contract.js';
import { COST_OF_NOTHING } from '../accounting/price.js';
import type { IdempotencyStore, LostInference } from '../cache/contract.js';
import type { Clock } from '../core/clock.js';
import { userError } from '../core/errors.js';
import type { InferenceRecord } from '../core/inference.js';
import { NO_USAGE } from '../core/usage.js';
import type { CompletionRegistry } from './registry.js';
import { KEYED_MS } from './retention.js';

const BATCH = 100;

/** Ends what a lost replica left running. */
export interface LostCare {
  settle(lost: LostInference): Promise<void>;
  /** All there are; tells how many. */
  settleAll(): Promise<number>;
}

export interface LostCareDependencies {
  readonly keys: IdempotencyStore;
  readonly books: LedgerReader;
  readonly registry: CompletionRegistry;
  readonly clock: Clock;
  /** Books a settlement in another's place: what that one says, should it come back, replaces it. Resolves when it is committed. */
  readonly bookProvisional: (record: InferenceRecord) => Promise<void>;
}

/**
 * 1. What says RUNNING and has no living owner is booked as INTERRUPTED, provisionally: nobody is asked again, and nothing is
 *    charged for it here. The owner's journal tells what it used when that one starts again, and replaces the row.
 * 2. Then its key ends, with this outcome. Doing both twice, or on two replicas at once, comes to the same.
 */
export function createLostCare({ keys, books, registry, clock, bookProvisional }: LostCareDependencies): LostCare {
  const settle = async ({ organizationId, id }: LostInference): Promise<void> => {
    // Our own lease lapsed while the database was away: it lives, and settles itself.
    if (registry.find(id)) return;
    const record = await books.find(organizationId, id);
    if (record === null) return keys.release([id]);
    const now = clock.now();
    if (record.status === 'RUNNING') await bookProvisional(interrupted(record, now));
    await keys.end([id], new Date(now.getTime() + KEYED_MS));
  };
  return {
    settle,
    async settleAll() {
      const lost = await keys.lost(BATCH);
      for (const one of lost) await settle(one);
      return lost.length;
    },
  };
}

/** What can be said of a call whose replica is gone: that it did not end. Its usage is not known here, which its quality says. */
export function interrupted(record: InferenceRecord, at: Date): InferenceRecord {
  return {
    ...record,
    status: 'FAILED',
    usage: { ...NO_USAGE, source: 'ESTIMATED' },
    cost: { ...COST_OF_NOTHING, quality: 'ESTIMATED' },
    error: userError('INTERRUPTED'),
    warnings: [...record.warnings, 'provisional_settlement: the replica that ran this is lost; what it used is not known yet'],
    contentState: 'NOT_STORED',
    contentExpiresAt: null,
    timing: { ...record.timing, totalMs: at.getTime() - record.createdAt.getTime() },
    endedAt: at,
  };
}
