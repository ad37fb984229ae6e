import type { EntityManager } from 'typeorm';
import { uuidFromId } from '../core/ids.js';
import type { InferenceId, OrganizationId } from '../core/ids.js';
import type { AttemptRecord, InferenceRecord } from '../core/inference.js';
import type { Price } from '../core/pricing.js';
import { errorCode } from '../storage/error-code.js';
import type { UnitOfWork } from '../storage/unit-of-work.js';
import type { LedgerReader } from './contract.js';
import { priceFrom, priceIdFrom } from './ledger-amounts.js';
import type { StoredPrice, StoredTier } from './ledger-amounts.js';
import type { Booking } from './booking.js';
import { ATTEMPT_COLUMNS, INFERENCE_COLUMNS } from './ledger-columns.js';
import { attemptFrom, inferenceFrom } from './ledger-records.js';
import type { ReadAttemptRow, ReadInferenceRow } from './ledger-rows.js';

/** Where the writer puts its batches. */
export interface LedgerStore {
  /**
   * Books inferences and their attempts in one transaction. What is booked already stays as it is, with two exceptions: a
   * row that says RUNNING is replaced, and a provisional one is, once, by one that is not. No id may come twice.
   */
  insert(bookings: readonly Booking[]): Promise<void>;
  /** Whether an error of `insert` is some booking's own: trying again can't help, leaving that one out does. */
  isRecordFault(error: unknown): boolean;
}

/** Data exceptions, broken constraints, exceeded limits. All else (no connection, deadlocks, a missing column) isn't the record's. */
const RECORD_FAULT_STATES = /^(22|23|54)/;

export interface LedgerStoreOptions {
  /** Told within the transaction which rows it writes. */
  readonly onWritten?: (manager: EntityManager, ids: readonly InferenceId[]) => Promise<void>;
}

export function createLedgerStore(unitOfWork: UnitOfWork, { onWritten }: LedgerStoreOptions = {}): LedgerStore {
  return {
    async insert(bookings) {
      // Rows that two replicas settle are locked in one order by both.
      const ordered = bookings.toSorted((left, right) => (left.id < right.id ? -1 : 1));
      const attempts = ordered.flatMap((booking) => (booking.attempts === '' ? [] : [booking.attempts]));
      await unitOfWork.asWriter(async (manager) => {
        const written = await insertInferences(manager, jsonArray(ordered.map((booking) => booking.inference)));
        if (written.length === 0) return;
        if (attempts.length > 0) await insertAttempts(manager, jsonArray(attempts), written);
        const uuids = new Set(written);
        await onWritten?.(
          manager,
          ordered.flatMap(({ id }) => (uuids.has(uuidFromId(id)) ? id : [])),
        );
      });
    },
    isRecordFault: (error) => RECORD_FAULT_STATES.test(errorCode(error) ?? ''),
  };
}

function jsonArray(members: readonly string[]): string {
  return `[${members.join(',')}]`;
}

/**
 * What the database adds to a row. Reports tell where a call was served at the time: the record names the deployment,
 * whose region may change later.
 */
const SERVED_REGION = `(SELECT coalesce(deployment.region, provider.region) FROM deployment JOIN provider ON provider.id = deployment.provider_id
  WHERE deployment.id = given.served_deployment_id)`;

/** One parameter whatever the number of rows, so that the statements' texts stay the same. */
const INSERT_INFERENCES = `
INSERT INTO inference (${quoted(INFERENCE_COLUMNS)}, served_region)
SELECT ${quoted(INFERENCE_COLUMNS, 'given.')}, ${SERVED_REGION} FROM json_populate_recordset(NULL::inference, $1::json) AS given
ON CONFLICT (id) DO UPDATE SET (${quoted(INFERENCE_COLUMNS)}, served_region) = ROW (${quoted(INFERENCE_COLUMNS, 'excluded.')}, excluded.served_region)
WHERE inference.status = 'RUNNING' OR inference.provisional AND NOT excluded.provisional
RETURNING id`;

/** Attempts belong to the row that was written: where that one stood already, so did they. */
const INSERT_ATTEMPTS = `
INSERT INTO attempt (${quoted(ATTEMPT_COLUMNS)})
SELECT ${quoted(ATTEMPT_COLUMNS)} FROM json_populate_recordset(NULL::attempt, $1::json) WHERE inference_id = ANY($2::uuid[])
ON CONFLICT (id) DO NOTHING`;

function quoted(columns: readonly string[], prefix = ''): string {
  return columns.map((name) => `${prefix}"${name}"`).join(', ');
}

/** The ids of the rows that were inserted or replaced. */
async function insertInferences(manager: EntityManager, json: string): Promise<string[]> {
  const written = await manager.query<{ id: string }[]>(INSERT_INFERENCES, [json]);
  return written.map((row) => row.id);
}

async function insertAttempts(manager: EntityManager, json: string, inferenceIds: readonly string[]): Promise<void> {
  await manager.query(INSERT_ATTEMPTS, [json, inferenceIds]);
}

export function createLedgerReader(unitOfWork: UnitOfWork): LedgerReader {
  const findMany: LedgerReader['findMany'] = async (organizationId, ids) => {
    if (ids.length === 0) return new Map();
    const records = await unitOfWork.asOrganization(organizationId, (manager) => findRecords(manager, organizationId, ids));
    return new Map(records.map((record) => [record.id, record]));
  };
  return {
    findMany,
    find: async (organizationId, id) => (await findMany(organizationId, [id])).get(id) ?? null,
  };
}

async function findRecords(
  manager: EntityManager,
  organizationId: OrganizationId,
  ids: readonly InferenceId[],
): Promise<readonly InferenceRecord[]> {
  const rows = await manager.query<ReadInferenceRow[]>('SELECT * FROM inference WHERE organization_id = $1 AND id = ANY($2::uuid[])', [
    uuidFromId(organizationId),
    ids.map(uuidFromId),
  ]);
  return readRecords(manager, organizationId, rows);
}

/** The records of one organization's rows, in their order. Two statements at most, however many rows there are. */
export async function readRecords(
  manager: EntityManager,
  organizationId: OrganizationId,
  rows: readonly ReadInferenceRow[],
): Promise<InferenceRecord[]> {
  if (rows.length === 0) return [];
  const attempts = await manager.query<ReadAttemptRow[]>(
    'SELECT * FROM attempt WHERE organization_id = $1 AND inference_id = ANY($2::uuid[]) ORDER BY inference_id, index',
    [uuidFromId(organizationId), rows.map((row) => row.id)],
  );
  const prices = await pricesOf(manager, rows, attempts);
  const attemptsOf = new Map<string, AttemptRecord[]>(rows.map((row) => [row.id, []]));
  for (const attempt of attempts) attemptsOf.get(attempt.inference_id)?.push(attemptFrom(attempt, prices));
  return rows.map((row) => inferenceFrom(row, attemptsOf.get(row.id) ?? []));
}

/** Attempts name their price; it is nearly always the one an inference's row holds a copy of, and prices are never deleted. */
async function pricesOf(
  manager: EntityManager,
  rows: readonly ReadInferenceRow[],
  attempts: readonly ReadAttemptRow[],
): Promise<Map<string, Price>> {
  const prices = new Map<string, Price>();
  for (const row of rows) if (row.price && row.price_id !== null) prices.set(row.price_id, priceFrom(row.price));
  const others = attempts.flatMap(({ price_id: id }) => (id === null || prices.has(id) ? [] : [id]));
  if (others.length === 0) return prices;
  const found = await manager.query<PriceRow[]>('SELECT * FROM price WHERE id = ANY($1::uuid[])', [others]);
  for (const price of found) prices.set(price.id, priceFrom(storedFrom(price)));
  return prices;
}

interface PriceRow {
  readonly id: string;
  readonly effective_from: Date;
  readonly currency: 'USD';
  readonly source: string;
  readonly service_tier: string | null;
  readonly batch: boolean;
  readonly tiers: readonly StoredTier[];
}

function storedFrom(row: PriceRow): StoredPrice {
  return {
    id: priceIdFrom(row.id),
    effectiveFrom: row.effective_from.toISOString(),
    currency: row.currency,
    source: row.source,
    serviceTier: row.service_tier,
    batch: row.batch,
    tiers: row.tiers,
  };
}
