import type { EntityManager } from 'typeorm';
import { idFromUuid, inferenceIdFrom, uuidFromId } from '../core/ids.js';
import type { InferenceId, OrganizationId } from '../core/ids.js';
import type { InferenceRecord } from '../core/inference.js';
import type { Operation } from '../core/vocabulary.js';
import { lowestIdAt } from '../storage/partitions.js';
import { toInferenceRow } from './ledger-rows.js';
import { storableJson } from './storable-json.js';

/** Writes the rows that say RUNNING, so that every replica knows of the inferences; settlement replaces them. */
export async function insertStartRows(manager: EntityManager, starts: readonly InferenceRecord[]): Promise<void> {
  const rows = starts.map(toInferenceRow);
  const columns = Object.keys(rows[0] ?? {})
    .map((name) => `"${name}"`)
    .join(', ');
  await manager.query(
    `INSERT INTO inference (${columns}) SELECT ${columns} FROM json_populate_recordset(NULL::inference, $1::json) ON CONFLICT (id) DO NOTHING`,
    [`[${rows.map(storableJson).join(',')}]`],
  );
}

/** No call takes longer than ten minutes; a row that has said RUNNING for this long belongs to a replica that is lost. */
const STALE_MS = 15 * 60_000;

/** A partial index over what runs makes this cheap. What has a living key is left to its owner. */
const STALE = `
SELECT id, organization_id, operation FROM inference
WHERE status = 'RUNNING' AND id < $1
  AND NOT EXISTS (SELECT 1 FROM idempotency_key WHERE inference_id = inference.id AND ended_at IS NULL)
ORDER BY id LIMIT $2`;

export async function staleStartRows(
  manager: EntityManager,
  now: Date,
  limit: number,
): Promise<readonly { readonly organizationId: OrganizationId; readonly id: InferenceId }[]> {
  const before = lowestIdAt(new Date(now.getTime() - STALE_MS));
  const rows = await manager.query<{ id: string; organization_id: string; operation: Operation }[]>(STALE, [before, limit]);
  return rows.map((row) => ({
    organizationId: idFromUuid('organization', row.organization_id),
    id: inferenceIdFrom(row.operation, row.id),
  }));
}

/** Settled rows say from now on that their words can be read, until then. */
export async function markContentAvailable(
  manager: EntityManager,
  kept: readonly { readonly id: InferenceId; readonly until: Date }[],
): Promise<void> {
  const given = kept.map(({ id, until }) => ({ id: uuidFromId(id), until })).sort((left, right) => (left.id < right.id ? -1 : 1));
  await manager.query(
    `UPDATE inference SET content_state = 'AVAILABLE', content_expires_at = given.until
     FROM json_to_recordset($1::json) AS given (id uuid, until timestamptz)
     WHERE inference.id = given.id AND inference.id = ANY($2::uuid[]) AND inference.status <> 'RUNNING'`,
    [JSON.stringify(given), given.map(({ id }) => id)],
  );
}

/** `ids`: UUIDs. Rows whose words are promised for longer stay as they are. */
export async function markContentExpired(manager: EntityManager, ids: readonly string[], now: Date): Promise<void> {
  await manager.query(
    `UPDATE inference SET content_state = 'EXPIRED' WHERE id = ANY($1::uuid[]) AND content_state = 'AVAILABLE' AND content_expires_at <= $2`,
    [ids, now],
  );
}
