import type { EntityManager } from 'typeorm';
import type { UnitOfWork } from '../storage/unit-of-work.js';

/** Rows in one transaction, so that a purge holds no locks for long. */
const BATCH = 1_000;

export interface ExpiredPurge {
  /** Deletes keys that are past their time, and requests to cancel that nobody took; tells how many keys there were. */
  keys(now: Date): Promise<number>;
  /** Deletes words that are past their time; rows that have none left say EXPIRED. Tells how many there were. */
  contents(now: Date): Promise<number>;
}

/** A running call's key is never deleted, however old. */
const DELETE_KEYS = `
WITH gone AS (
  DELETE FROM idempotency_key WHERE ctid = ANY(ARRAY(
    SELECT ctid FROM idempotency_key WHERE expires_at < $1 AND ended_at IS NOT NULL LIMIT $2 FOR UPDATE SKIP LOCKED
  )) RETURNING 1
) SELECT count(*)::int AS count FROM gone`;

/** No call takes longer than ten minutes. */
const DELETE_REQUESTS = `DELETE FROM cancellation WHERE requested_at < $1::timestamptz - interval '1 hour'`;

const DELETE_CONTENTS = `
DELETE FROM completion_content WHERE ctid = ANY(ARRAY(
  SELECT ctid FROM completion_content WHERE expires_at < $1 ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED
)) RETURNING completion_id`;

export interface ExpiredPurgeDependencies {
  readonly unitOfWork: UnitOfWork;
  /** Accounting's: the rows of these say EXPIRED, where their time is over. */
  readonly markExpired: (manager: EntityManager, ids: readonly string[], now: Date) => Promise<void>;
}

export function createExpiredPurge({ unitOfWork, markExpired }: ExpiredPurgeDependencies): ExpiredPurge {
  return {
    async keys(now) {
      await unitOfWork.asWriter((manager) => manager.query(DELETE_REQUESTS, [now]));
      return inBatches(() =>
        unitOfWork.asWriter(async (manager) => {
          const [row] = await manager.query<{ count: number }[]>(DELETE_KEYS, [now, BATCH]);
          return row?.count ?? 0;
        }),
      );
    },
    contents: (now) =>
      inBatches(() =>
        unitOfWork.asWriter(async (manager) => {
          const [gone] = await manager.query<[{ completion_id: string }[], number]>(DELETE_CONTENTS, [now, BATCH]);
          const ids = gone.map((row) => row.completion_id);
          if (ids.length > 0) await markExpired(manager, ids, now);
          return ids.length;
        }),
      ),
  };
}

async function inBatches(run: () => Promise<number>): Promise<number> {
  let total = 0;
  for (let count = BATCH; count === BATCH; total += count) count = await run();
  return total;
}
