import type { OpenJournal } from '../accounting/journal/open.js';
import type { Recovered, RecoveryDependencies } from '../accounting/journal/recovery.js';
import type { IdempotencyStore } from '../cache/contract.js';
import type { Clock } from '../core/clock.js';
import type { InferenceId } from '../core/ids.js';
import type { Logger } from '../core/logger.js';
import { KEYED_MS } from '../inference/retention.js';

export interface RecoverySources {
  readonly journal: Pick<OpenJournal, 'recover'>;
  readonly ledger: RecoveryDependencies['ledger'];
  readonly keys: Pick<IdempotencyStore, 'end'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Books what an earlier process left, and ends the keys of it, before new work: whoever repeats a call that the process died of gets
 * its outcome at once, and doesn't wait until the dead one's lease is over. The journal forgets a call only after its key has ended.
 */
export function recoverJournal({ journal, ledger, keys, clock, logger }: RecoverySources): Promise<Recovered> {
  const booked: InferenceId[] = [];
  const endKeys = async (): Promise<void> => {
    try {
      await keys.end(booked.splice(0), new Date(clock.now().getTime() + KEYED_MS));
    } catch (error) {
      logger.warn({ err: error }, 'keys of interrupted calls could not be ended; they end with their lease');
    }
  };
  return journal.recover({
    restore(booking) {
      ledger.restore(booking);
      booked.push(booking.id);
    },
    async flush() {
      await ledger.flush();
      await endKeys();
    },
  });
}
