import type { Clock } from '../../core/clock.js';
import type { InferenceId } from '../../core/ids.js';
import type { LedgerWriter } from '../contract.js';

export interface WatchedLedger {
  readonly ledger: LedgerWriter;
  /** Whatever had ended in this process by then is booked: now, where nothing waits. */
  freshAsOf(): Date;
}

/** Remembers since when the oldest record waits that the writer has not booked yet. */
export function watchLedger(ledger: LedgerWriter, clock: Clock): WatchedLedger {
  const waiting: { readonly id: InferenceId; readonly at: Date }[] = [];
  const forgetBooked = (): void => {
    let booked = 0;
    for (const { id } of waiting) {
      if (ledger.pending(id) !== null) break;
      booked += 1;
    }
    waiting.splice(0, booked);
  };
  return {
    ledger: {
      append(record) {
        ledger.append(record);
        forgetBooked();
        waiting.push({ id: record.id, at: record.endedAt ?? clock.now() });
      },
      pending: (id) => ledger.pending(id),
      flush: () => ledger.flush(),
      close: (graceMs) => ledger.close(graceMs),
      get saturated() {
        return ledger.saturated;
      },
      get pendingCount() {
        return ledger.pendingCount;
      },
    },
    freshAsOf() {
      forgetBooked();
      return waiting[0]?.at ?? clock.now();
    },
  };
}
