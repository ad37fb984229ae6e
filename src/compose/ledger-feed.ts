import { randomUUID } from 'node:crypto';
import { createLedgerReader, createLedgerStore } from '../accounting/ledger.store.js';
import type { LedgerStore } from '../accounting/ledger.store.js';
import { createListingStore } from '../accounting/reports/listing.store.js';
import { followOthers } from '../accounting/reports/settled-elsewhere.js';
import { announceBooked, createSettledFeed } from '../accounting/reports/settled-feed.js';
import type { SettledFeed } from '../accounting/reports/settled-feed.js';
import { tellSettled } from '../accounting/reports/settled-notices.store.js';
import type { Clock } from '../core/clock.js';
import type { Logger } from '../core/logger.js';
import type { Database } from '../storage/database.js';

export interface LedgerFeedSources {
  readonly database: Pick<Database, 'unitOfWork' | 'notices'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The ledger's store, which tells of what it books: readers here, and other replicas. */
export function composeLedgerFeed({ database, clock, logger }: LedgerFeedSources): {
  readonly feed: SettledFeed;
  readonly store: LedgerStore;
} {
  const { unitOfWork, notices } = database;
  const replicaId = randomUUID();
  const feed = createSettledFeed();
  const [books, listing] = [createLedgerReader(unitOfWork), createListingStore(unitOfWork)];
  followOthers({ feed, books, listing, notices, replicaId, clock, logger });
  return { feed, store: announceBooked(createLedgerStore(unitOfWork, { onWritten: tellSettled(replicaId) }), feed) };
}
