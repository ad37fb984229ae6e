import type { UnitOfWork } from '../storage/unit-of-work.js';

/** Deletes what opened a key until before this instant; tells how many there were. */
export async function deleteSecretsExpiredBefore(unitOfWork: UnitOfWork, instant: Date): Promise<number> {
  return unitOfWork.asWriter(async (manager) => {
    const [row] = await manager.query<{ count: number }[]>(
      `WITH gone AS (DELETE FROM api_key_secret WHERE expires_at < $1 RETURNING 1) SELECT count(*)::int AS count FROM gone`,
      [instant],
    );
    return row?.count ?? 0;
  });
}
