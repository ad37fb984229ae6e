import type { LedgerWriter } from '../accounting/contract.js';
import { MAX_STALENESS_MS } from '../auth/key-cache.js';
import type { Clock } from '../core/clock.js';
import type { PartState, Readiness } from '../http/readiness.js';
import type { ConfigurationWatch } from '../storage/change-notices.js';

/** The configuration is confirmed twice a second: after so long without, the database is away. */
const CONFIRMED_WITHIN_MS = 5_000;

interface ReadinessSources {
  readonly watch: ConfigurationWatch;
  readonly ledger: LedgerWriter;
  readonly clock: Clock;
}

/** Ready is who can serve: also from memory while the database is away, up to the staleness that keys are served with. */
export function createReadiness({ watch, ledger, clock }: ReadinessSources): Readiness {
  const database = (): PartState => {
    const confirmedAt = watch.confirmedAt();
    const ageMs = confirmedAt === null ? Infinity : clock.now().getTime() - confirmedAt.getTime();
    if (ageMs <= CONFIRMED_WITHIN_MS) return { state: 'ok' };
    if (ageMs <= MAX_STALENESS_MS) return { state: 'degraded', detail: 'away; known keys and configuration are served from memory' };
    return { state: 'down', detail: 'away for too long' };
  };
  const books = (): PartState => (ledger.saturated ? { state: 'down', detail: 'too much waits to be booked' } : { state: 'ok' });
  return {
    check: () => {
      const parts = { database: database(), ledger: books() };
      return Promise.resolve({ ready: Object.values(parts).every((part) => part.state !== 'down'), parts });
    },
  };
}
