import type { EntityManager } from 'typeorm';
import { idFromUuid, inferenceIdFrom, uuidFromId } from '../core/ids.js';
import type { InferenceId } from '../core/ids.js';
import type { Operation } from '../core/vocabulary.js';
import type { UnitOfWork } from '../storage/unit-of-work.js';
import { beginAll, findKeys } from './claims.store.js';
import type { Beginning, ClaimSettings, Standing } from './claims.store.js';
import type { IdempotencyStore, KeyClaim, KnownKey, LostInference } from './contract.js';
import { createGathered } from './gathered.js';

export const FINGERPRINT_PURPOSE = 'glidepath idempotency fingerprint';

/** An owner that was not heard of for so long is taken for lost; the others ask three times within it. */
export const OWNER_LEASE_MS = 15_000;
/** A burst takes a few transactions, and leaves most connections to others. */
const GATHERING = { most: 200, lanes: 3 } as const;

export interface IdempotencyStoreDependencies extends Omit<ClaimSettings, 'ownerLeaseMs'> {
  readonly unitOfWork: UnitOfWork;
  /** Accounting's: rows without a key that have said RUNNING for longer than any call takes. */
  readonly staleStarts: (manager: EntityManager, limit: number) => Promise<readonly LostInference[]>;
  readonly ownerLeaseMs?: number;
}

/** Nothing stands: not an answer that could be taken for a missing one. */
type Found = KnownKey | false;

/**
 * 1. What begins at the same time is claimed together, and what is looked up is found together.
 * 2. Leases are counted by the database's clock, so that replicas need not agree on the time.
 */
export function createIdempotencyStore(dependencies: IdempotencyStoreDependencies): IdempotencyStore {
  const { unitOfWork, fingerprintKey, staleStarts } = dependencies;
  const settings = { ...dependencies, ownerLeaseMs: dependencies.ownerLeaseMs ?? OWNER_LEASE_MS };
  const begin = createGathered<Beginning, Standing>({
    ...GATHERING,
    ask: (beginnings) => unitOfWork.asWriter((manager) => beginAll(manager, beginnings, settings)),
  });
  const find = createGathered<KeyClaim, Found>({
    ...GATHERING,
    ask: (claims) =>
      unitOfWork.asWriter(async (manager) => (await findKeys(manager, claims, fingerprintKey)).map((known) => known ?? false)),
  });
  return {
    claim: async (claim, start) => (await begin({ claim, start })) || null,
    find: async (claim) => (await find(claim)) || null,
    async begin(start) {
      await begin({ claim: null, start });
    },
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

const RENEW = `
UPDATE idempotency_key SET owner_expires_at = clock_timestamp() + $3 * interval '1 ms'
WHERE inference_id = ANY($1::uuid[]) AND owner = $2 AND ended_at IS NULL`;

const END = `
UPDATE idempotency_key SET ended_at = clock_timestamp(), expires_at = $2
WHERE inference_id = ANY($1::uuid[]) AND ended_at IS NULL`;

const LOST = `
SELECT organization_id, operation, inference_id FROM idempotency_key
WHERE ended_at IS NULL AND owner_expires_at <= clock_timestamp() ORDER BY owner_expires_at LIMIT $1`;
