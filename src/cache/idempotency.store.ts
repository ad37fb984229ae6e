import { createHmac } from 'node:crypto';
import type { EntityManager } from 'typeorm';
import { idFromUuid, inferenceIdFrom, uuidFromId } from '../core/ids.js';
import type { InferenceId } from '../core/ids.js';
import type { InferenceRecord } from '../core/inference.js';
import type { Secret } from '../core/secret.js';
import type { Operation } from '../core/vocabulary.js';
import type { UnitOfWork } from '../storage/unit-of-work.js';
import type { IdempotencyStore, KeyClaim, KnownKey, LostInference } from './contract.js';

export const FINGERPRINT_PURPOSE = 'glidepath idempotency fingerprint';

/** A key is kept so long after it was taken, and as long after its end. */
const KEPT_MS = 24 * 60 * 60_000;
/** An owner that was not heard of for so long is taken for lost; the others ask three times within it. */
export const OWNER_LEASE_MS = 15_000;

export interface IdempotencyStoreDependencies {
  readonly unitOfWork: UnitOfWork;
  /** This replica, for as long as its process lives: a UUID. */
  readonly replicaId: string;
  /** Derived for FINGERPRINT_PURPOSE. */
  readonly fingerprintKey: Secret<Buffer>;
  /** Accounting's: writes the row that says RUNNING, in the given transaction. */
  readonly insertStart: (manager: EntityManager, start: InferenceRecord) => Promise<void>;
  /** Accounting's: rows without a key that have said RUNNING for longer than any call takes. */
  readonly staleStarts: (manager: EntityManager, limit: number) => Promise<readonly LostInference[]>;
  readonly ownerLeaseMs?: number;
}

interface KeyRow {
  readonly inference_id: string;
  readonly fingerprint: Buffer;
  readonly state: KnownKey['state'];
}

/**
 * 1. A claim is one INSERT; of replicas that claim the same key at once, one inserts, and the others wait for its commit and
 *    read what stands there. A key past its time counts as none.
 * 2. Leases are counted by the database's clock, so that replicas need not agree on the time.
 */
export function createIdempotencyStore(dependencies: IdempotencyStoreDependencies): IdempotencyStore {
  const { unitOfWork, fingerprintKey, insertStart, staleStarts } = dependencies;
  const hash = (fingerprint: string): Buffer => createHmac('sha256', fingerprintKey.reveal()).update(fingerprint).digest();
  const known = (row: KeyRow, claim: KeyClaim): KnownKey => ({
    id: inferenceIdFrom(claim.operation, row.inference_id),
    sameInput: row.fingerprint.equals(hash(claim.fingerprint)),
    state: row.state,
  });
  const find = async (manager: EntityManager, claim: KeyClaim): Promise<KnownKey | null> => {
    const [row] = await manager.query<KeyRow[]>(FIND, keyOf(claim));
    return row ? known(row, claim) : null;
  };
  return {
    claim: (claim, start) =>
      unitOfWork.asWriter(async (manager) => {
        for (;;) {
          if (await insertKey(manager, { ...dependencies, claim, start, fingerprint: hash(claim.fingerprint) })) {
            await insertStart(manager, start);
            return null;
          }
          const standing = await find(manager, claim);
          if (standing) return standing;
        }
      }),
    find: (claim) => unitOfWork.asWriter((manager) => find(manager, claim)),
    begin: (start) => unitOfWork.asWriter((manager) => insertStart(manager, start)),
    lost: (limit) =>
      unitOfWork.asWriter(async (manager) => {
        const rows = await manager.query<{ organization_id: string; operation: Operation; inference_id: string }[]>(LOST, [limit]);
        const keyed = rows.map((row) => ({
          organizationId: idFromUuid('organization', row.organization_id),
          id: inferenceIdFrom(row.operation, row.inference_id),
        }));
        return keyed.length > 0 ? keyed : staleStarts(manager, limit);
      }),
    ...createKeyChanges(dependencies),
  };
}

function createKeyChanges(dependencies: IdempotencyStoreDependencies): Pick<IdempotencyStore, 'release' | 'renew' | 'end'> {
  const { unitOfWork, replicaId, ownerLeaseMs = OWNER_LEASE_MS } = dependencies;
  const change = async (sql: string, ids: readonly InferenceId[], ...others: unknown[]): Promise<void> => {
    if (ids.length === 0) return;
    await unitOfWork.asWriter((manager) => manager.query(sql, [ids.map(uuidFromId), ...others]));
  };
  return {
    release: (ids) => change('DELETE FROM idempotency_key WHERE inference_id = ANY($1::uuid[])', ids),
    renew: (ids) => change(RENEW, ids, replicaId, ownerLeaseMs),
    end: (ids, keptUntil) => change(END, ids, keptUntil),
  };
}

interface Claiming extends IdempotencyStoreDependencies {
  readonly claim: KeyClaim;
  readonly start: InferenceRecord;
  readonly fingerprint: Buffer;
}

async function insertKey(manager: EntityManager, claiming: Claiming): Promise<boolean> {
  const { claim, start, fingerprint, replicaId, ownerLeaseMs = OWNER_LEASE_MS } = claiming;
  const values = [fingerprint, uuidFromId(start.id), replicaId, ownerLeaseMs, KEPT_MS];
  const inserted = await manager.query<unknown[]>(INSERT, [...keyOf(claim), ...values]);
  return inserted.length > 0;
}

function keyOf({ organizationId, apiKeyId, operation, key }: KeyClaim): unknown[] {
  return [uuidFromId(organizationId), uuidFromId(apiKeyId), operation, key];
}

const COLUMNS = ['fingerprint', 'inference_id', 'owner', 'owner_expires_at', 'created_at', 'ended_at', 'expires_at'];

const INSERT = `
INSERT INTO idempotency_key (organization_id, api_key_id, operation, key, ${COLUMNS.join(', ')})
VALUES ($1, $2, $3, $4, $5, $6, $7, clock_timestamp() + $8 * interval '1 ms', clock_timestamp(), NULL, clock_timestamp() + $9 * interval '1 ms')
ON CONFLICT (organization_id, api_key_id, operation, key) DO UPDATE SET ${COLUMNS.map((name) => `${name} = excluded.${name}`).join(', ')}
WHERE idempotency_key.expires_at <= clock_timestamp()
RETURNING inference_id`;

const FIND = `
SELECT inference_id, fingerprint,
  CASE WHEN ended_at IS NOT NULL THEN 'ENDED' WHEN owner_expires_at > clock_timestamp() THEN 'RUNNING' ELSE 'LOST' END AS state
FROM idempotency_key
WHERE organization_id = $1 AND api_key_id = $2 AND operation = $3 AND key = $4 AND expires_at > clock_timestamp()`;

const RENEW = `
UPDATE idempotency_key SET owner_expires_at = clock_timestamp() + $3 * interval '1 ms'
WHERE inference_id = ANY($1::uuid[]) AND owner = $2 AND ended_at IS NULL`;

const END = `
UPDATE idempotency_key SET ended_at = clock_timestamp(), expires_at = $2
WHERE inference_id = ANY($1::uuid[]) AND ended_at IS NULL`;

const LOST = `
SELECT organization_id, operation, inference_id FROM idempotency_key
WHERE ended_at IS NULL AND owner_expires_at <= clock_timestamp() ORDER BY owner_expires_at LIMIT $1`;
