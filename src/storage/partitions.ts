import type { DataSource, EntityManager } from 'typeorm';

/** What is partitioned by the month of its UUIDv7 id. */
export const PARTITIONED_TABLES = ['inference', 'attempt'] as const;

/** From the month before the current one to so many after it. */
const MONTHS_BEFORE = 1;
const MONTHS_AHEAD = 3;
const PARTITION_LOCK = '7452447363310838130';

export interface MonthPartition {
  /** `2026_11` */
  readonly suffix: string;
  readonly fromId: string;
  readonly toId: string;
}

/** The smallest UUIDv7 of an instant: 48 bits of milliseconds, then zeros (RFC 9562, section 5.7). */
export function lowestIdAt(instant: Date): string {
  const hex = instant.getTime().toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`;
}

/** The UTC months that have to exist at an instant. */
export function monthsAround(now: Date): readonly MonthPartition[] {
  const months: MonthPartition[] = [];
  for (let offset = -MONTHS_BEFORE; offset <= MONTHS_AHEAD; offset += 1) {
    const start = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + offset, 1));
    const end = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + offset + 1, 1));
    months.push({ suffix: start.toISOString().slice(0, 7).replace('-', '_'), fromId: lowestIdAt(start), toId: lowestIdAt(end) });
  }
  return months;
}

/**
 * Makes the partitions that are missing, as the tables' owner; idempotent, and safe on several replicas at once.
 *
 * 1. A partition is made as a table of its own and then attached: unlike PARTITION OF, that lets the ledger go on.
 * 2. Rows of its range that a skewed clock left in the default partition are moved first, else attaching would fail.
 * 3. Nobody but the owner gets rights on a partition: the parent's policies would not guard it.
 *
 * @returns the names of the partitions made.
 */
export async function ensurePartitions(dataSource: DataSource, now: Date): Promise<readonly string[]> {
  return dataSource.transaction(async (manager) => {
    await manager.query(`SET LOCAL lock_timeout = '10s'`);
    await manager.query('SELECT pg_advisory_xact_lock($1::bigint)', [PARTITION_LOCK]);
    const made: string[] = [];
    for (const table of PARTITIONED_TABLES) {
      for (const month of monthsAround(now)) if (await ensurePartition(manager, table, month)) made.push(`${table}_${month.suffix}`);
    }
    return made;
  });
}

async function ensurePartition(manager: EntityManager, table: string, { suffix, fromId, toId }: MonthPartition): Promise<boolean> {
  const partition = `${table}_${suffix}`;
  const [known] = await manager.query<unknown[]>('SELECT 1 WHERE to_regclass($1) IS NOT NULL', [partition]);
  if (known) return false;
  await manager.query(`CREATE TABLE ${partition} (LIKE ${table} INCLUDING ALL)`);
  await manager.query(`LOCK TABLE ${table}_default IN ACCESS EXCLUSIVE MODE`);
  await manager.query(`
    WITH moved AS (DELETE FROM ${table}_default WHERE id >= '${fromId}' AND id < '${toId}' RETURNING *)
    INSERT INTO ${partition} SELECT * FROM moved`);
  await manager.query(`ALTER TABLE ${table} ATTACH PARTITION ${partition} FOR VALUES FROM ('${fromId}') TO ('${toId}')`);
  return true;
}
