import { createHmac } from 'node:crypto';
import type { EntityManager } from 'typeorm';
import { inferenceIdFrom, uuidFromId } from '../core/ids.js';
import type { InferenceRecord } from '../core/inference.js';
import type { Secret } from '../core/secret.js';
import type { KeyClaim, KnownKey } from './contract.js';

/** A key is kept so long after it was taken, and as long after its end. */
const KEPT_MS = 24 * 60 * 60_000;

/** A key to be taken for what is about to begin, or what begins without one. */
export interface Beginning {
  readonly claim: KeyClaim | null;
  readonly start: InferenceRecord;
}

export interface ClaimSettings {
  /** This replica, for as long as its process lives: a UUID. */
  readonly replicaId: string;
  readonly fingerprintKey: Secret<Buffer>;
  /** Accounting's: writes the rows that say RUNNING, in the given transaction. */
  readonly insertStarts: (manager: EntityManager, starts: readonly InferenceRecord[]) => Promise<void>;
  readonly ownerLeaseMs: number;
}

/** In the order of the beginnings: what stands under a key already, and false where it was begun. */
export type Standing = KnownKey | false;

type Claimed = Beginning & { readonly claim: KeyClaim };

/**
 * 1. All keys are claimed by one INSERT, in the order of the keys on every replica, so that no two wait for each other. Of replicas
 *    that claim the same key at once one inserts; the others wait for its commit.
 * 2. What could not be inserted is read as it stands.
 * 3. What neither could be inserted nor stands is past its time, or was freed in between: it is cleared away, and claimed again.
 * 4. Then the rows of all that has begun are written, in one statement.
 */
export async function beginAll(manager: EntityManager, beginnings: readonly Beginning[], settings: ClaimSettings): Promise<Standing[]> {
  const standing = new Map<Beginning, KnownKey>();
  let open = beginnings.filter(isClaimed);
  while (open.length > 0) {
    const taken = await insertKeys(manager, open, settings);
    const rest = open.filter(({ start }) => !taken.has(uuidFromId(start.id)));
    if (rest.length === 0) break;
    const known = await findKeys(manager, claimsOf(rest), settings.fingerprintKey);
    for (const [index, beginning] of rest.entries()) {
      const found = known[index];
      if (found) standing.set(beginning, found);
    }
    open = rest.filter((beginning) => !standing.has(beginning));
    if (open.length > 0) await manager.query(CLEAR, spacesOf(claimsOf(open)));
  }
  const begun = beginnings.filter((beginning) => !standing.has(beginning)).map(({ start }) => start);
  if (begun.length > 0) await settings.insertStarts(manager, begun);
  return beginnings.map((beginning) => standing.get(beginning) ?? false);
}

function isClaimed(beginning: Beginning): beginning is Claimed {
  return beginning.claim !== null;
}

function claimsOf(claimed: readonly Claimed[]): readonly KeyClaim[] {
  return claimed.map(({ claim }) => claim);
}

/** The inferences, as UUIDs, whose keys were free. */
async function insertKeys(manager: EntityManager, claimed: readonly Claimed[], settings: ClaimSettings): Promise<ReadonlySet<string>> {
  const { replicaId, fingerprintKey, ownerLeaseMs } = settings;
  const claims = claimsOf(claimed);
  const rows = await manager.query<{ inference_id: string }[]>(INSERT, [
    ...spacesOf(claims),
    claims.map(({ fingerprint }) => hmacOf(fingerprint, fingerprintKey)),
    claimed.map(({ start }) => uuidFromId(start.id)),
    ...[replicaId, ownerLeaseMs, KEPT_MS],
  ]);
  return new Set(rows.map((row) => row.inference_id));
}

interface KeyRow {
  readonly place: string;
  readonly inference_id: string;
  readonly fingerprint: Buffer;
  readonly state: KnownKey['state'];
}

/** In the order of the claims; null where nothing stands. */
export async function findKeys(
  manager: EntityManager,
  claims: readonly KeyClaim[],
  fingerprintKey: Secret<Buffer>,
): Promise<(KnownKey | null)[]> {
  const rows = await manager.query<KeyRow[]>(FIND, spacesOf(claims));
  const byPlace = new Map(rows.map((row) => [Number(row.place) - 1, row]));
  return claims.map(({ operation, fingerprint }, place) => {
    const row = byPlace.get(place);
    if (!row) return null;
    const sameInput = row.fingerprint.equals(hmacOf(fingerprint, fingerprintKey));
    return { id: inferenceIdFrom(operation, row.inference_id), sameInput, state: row.state };
  });
}

function hmacOf(fingerprint: string, key: Secret<Buffer>): Buffer {
  return createHmac('sha256', key.reveal()).update(fingerprint).digest();
}

/** The columns of the primary key, each as one array: a statement's text is the same for any number of keys. */
function spacesOf(claims: readonly KeyClaim[]): unknown[] {
  return [
    claims.map(({ organizationId }) => uuidFromId(organizationId)),
    claims.map(({ apiKeyId }) => uuidFromId(apiKeyId)),
    claims.map(({ operation }) => operation),
    claims.map(({ key }) => key),
  ];
}

const PRIMARY_KEY = 'organization_id, api_key_id, operation, key';

/** A conflict is left alone rather than updated, since an update would lock rows that others lock in another order. */
const INSERT = `
INSERT INTO idempotency_key (${PRIMARY_KEY}, fingerprint, inference_id, owner, owner_expires_at, created_at, ended_at, expires_at)
SELECT ${PRIMARY_KEY}, fingerprint, inference_id, $7, clock_timestamp() + $8 * interval '1 ms', clock_timestamp(), NULL,
  clock_timestamp() + $9 * interval '1 ms'
FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::bytea[], $6::uuid[]) AS given (${PRIMARY_KEY}, fingerprint, inference_id)
ORDER BY ${PRIMARY_KEY}
ON CONFLICT (${PRIMARY_KEY}) DO NOTHING
RETURNING inference_id`;

const FIND = `
SELECT place, inference_id, fingerprint,
  CASE WHEN ended_at IS NOT NULL THEN 'ENDED' WHEN owner_expires_at > clock_timestamp() THEN 'RUNNING' ELSE 'LOST' END AS state
FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[]) WITH ORDINALITY AS given (${PRIMARY_KEY}, place)
JOIN idempotency_key USING (${PRIMARY_KEY})
WHERE expires_at > clock_timestamp()`;

const CLEAR = `
WITH over AS (
  SELECT idempotency_key.ctid AS place FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[]) AS given (${PRIMARY_KEY})
  JOIN idempotency_key USING (${PRIMARY_KEY})
  WHERE expires_at <= clock_timestamp() ORDER BY ${PRIMARY_KEY} FOR UPDATE OF idempotency_key
)
DELETE FROM idempotency_key WHERE ctid IN (SELECT place FROM over) AND expires_at <= clock_timestamp()`;
