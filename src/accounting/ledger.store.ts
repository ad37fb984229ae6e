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
import { attemptFrom, inferenceFrom, toAttemptRows, toInferenceRow } from './ledger-rows.js';
import type { ReadAttemptRow, ReadInferenceRow } from './ledger-rows.js';
import { storableJson } from './storable-json.js';

/** Where the writer puts its batches. */
export interface LedgerStore {
  /** Books records and their attempts in one transaction. A record that is booked already is left as it is. */
  insert(records: readonly InferenceRecord[]): Promise<void>;
  /** Whether an error of `insert` is some record's own: trying again can't help, leaving that record out does. */
  isRecordFault(error: unknown): boolean;
}

/** Thrown where a record can't be made into rows. */
class UnstorableRecordError extends Error {
  override readonly name = 'UnstorableRecordError';
}

/** Data exceptions, broken constraints, exceeded limits. All else (no connection, deadlocks, a missing column) isn't the record's. */
const RECORD_FAULT_STATES = /^(22|23|54)/;

export function createLedgerStore(unitOfWork: UnitOfWork): LedgerStore {
  return {
    async insert(records) {
      const inferences = rowsOf(records, (record) => [toInferenceRow(record)]);
      const attempts = rowsOf(records, toAttemptRows);
      await unitOfWork.asWriter(async (manager) => {
        await insertRows(manager, 'inference', inferences);
        await insertRows(manager, 'attempt', attempts);
      });
    },
    isRecordFault: (error) => error instanceof UnstorableRecordError || RECORD_FAULT_STATES.test(errorCode(error) ?? ''),
  };
}

function rowsOf<Row>(records: readonly InferenceRecord[], rowsOfOne: (record: InferenceRecord) => Row[]): Row[] {
  try {
    return records.flatMap(rowsOfOne);
  } catch (cause) {
    throw new UnstorableRecordError('a record can’t be made into a ledger row', { cause });
  }
}

/**
 * What the database adds to a row. Reports tell where a call was served at the time: the record names the deployment,
 * whose region may change later.
 */
const COMPUTED = {
  inference: {
    served_region: `(SELECT coalesce(deployment.region, provider.region) FROM deployment JOIN provider ON provider.id = deployment.provider_id
      WHERE deployment.id = given.served_deployment_id)`,
  },
  attempt: {},
} as const;

/** One parameter whatever the number of rows, so that the statement's text stays the same. Rows of a table have the same keys. */
async function insertRows(manager: EntityManager, table: 'inference' | 'attempt', rows: readonly object[]): Promise<void> {
  const [first] = rows;
  if (!first) return;
  const given = Object.keys(first).map((name) => `"${name}"`);
  const columns = [...given, ...Object.keys(COMPUTED[table])].join(', ');
  const values = [...given.map((name) => `given.${name}`), ...Object.values(COMPUTED[table])].join(', ');
  await manager.query(
    `INSERT INTO ${table} (${columns}) SELECT ${values} FROM json_populate_recordset(NULL::${table}, $1::json) AS given ON CONFLICT (id) DO NOTHING`,
    [storableJson(rows)],
  );
}

export function createLedgerReader(unitOfWork: UnitOfWork): LedgerReader {
  return {
    find: (organizationId, id) => unitOfWork.asOrganization(organizationId, (manager) => findRecord(manager, organizationId, id)),
  };
}

async function findRecord(manager: EntityManager, organizationId: OrganizationId, id: InferenceId): Promise<InferenceRecord | null> {
  const key = [uuidFromId(organizationId), uuidFromId(id)];
  const rows = await manager.query<ReadInferenceRow[]>('SELECT * FROM inference WHERE organization_id = $1 AND id = $2', key);
  const [record] = await readRecords(manager, organizationId, rows);
  return record ?? null;
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
