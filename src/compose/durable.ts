import { randomBytes, randomUUID } from 'node:crypto';
import { bookingOf } from '../accounting/booking.js';
import type { LedgerWriter } from '../accounting/contract.js';
import type { LedgerStore } from '../accounting/ledger.store.js';
import { insertStartRows, markContentAvailable, markContentExpired, staleStartRows } from '../accounting/open-rows.store.js';
import { createCancelRequests } from '../cache/cancellations.store.js';
import { createContentKeeper } from '../cache/content-keeper.js';
import { createContentReader, createContentStore } from '../cache/content.store.js';
import { CONTENT_PURPOSE } from '../cache/envelope.js';
import { createExpiredPurge } from '../cache/expired.store.js';
import type { ExpiredPurge } from '../cache/expired.store.js';
import { createIdempotencyStore, FINGERPRINT_PURPOSE } from '../cache/idempotency.store.js';
import type { Clock } from '../core/clock.js';
import type { InferenceRecord } from '../core/inference.js';
import type { Logger } from '../core/logger.js';
import { Secret } from '../core/secret.js';
import { createCipher, deriveKey } from '../storage/cipher.js';
import type { Database } from '../storage/database.js';

export interface DurableSources {
  readonly database: Pick<Database, 'unitOfWork' | 'swiftWork' | 'notices' | 'masterKey'>;
  readonly ledger: LedgerWriter;
  readonly store: LedgerStore;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What outlives the process of a call: its key, its events, its words. */
export function composeDurable({ database, ledger, store, clock, logger }: DurableSources) {
  const { unitOfWork, swiftWork, notices, masterKey } = database;
  const cipher = createCipher({ masterKey, purpose: CONTENT_PURPOSE, randomBytes });
  const contentStore = createContentStore({ unitOfWork, cipher, clock, markAvailable: markContentAvailable });
  return {
    keys: createIdempotencyStore({
      unitOfWork: swiftWork,
      replicaId: randomUUID(),
      fingerprintKey: new Secret(deriveKey(masterKey, FINGERPRINT_PURPOSE)),
      insertStarts: insertStartRows,
      staleStarts: (manager, limit) => staleStartRows(manager, clock.now(), limit),
    }),
    cancelRequests: createCancelRequests({ unitOfWork: swiftWork, notices }),
    keeper: createContentKeeper({ store: contentStore, booked: () => ledger.flush(), clock, logger }),
    contents: createContentReader({ unitOfWork: swiftWork, cipher, clock }),
    bookProvisional: (record: InferenceRecord) => store.insert([bookingOf(record, { provisional: true })]),
  };
}

export function composePurge({ unitOfWork }: Pick<Database, 'unitOfWork'>): ExpiredPurge {
  return createExpiredPurge({ unitOfWork, markExpired: markContentExpired });
}
