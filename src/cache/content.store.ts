import type { EntityManager } from 'typeorm';
import { uuidFromId } from '../core/ids.js';
import type { InferenceId } from '../core/ids.js';
import type { Clock } from '../core/clock.js';
import type { Cipher } from '../storage/cipher.js';
import type { UnitOfWork } from '../storage/unit-of-work.js';
import { createContentPages } from './content-pages.store.js';
import type { ContentReader, EndedContent } from './contract.js';
import { openContent, sealContent } from './envelope.js';
import type { ContentKind } from './envelope.js';
import { eventsFrom, storedForm } from './stored-events.js';

/** Where the keeper puts its batches. */
export interface ContentStore {
  /** Stores the words, tells the ledger that they can be read, and that the keys' outcomes can: all or nothing. Idempotent. */
  insert(contents: readonly EndedContent[]): Promise<void>;
}

export interface KeptContent {
  readonly id: InferenceId;
  readonly until: Date;
}

export interface ContentStoreDependencies {
  readonly unitOfWork: UnitOfWork;
  /** Made for CONTENT_PURPOSE. */
  readonly cipher: Cipher;
  readonly clock: Clock;
  /** Accounting's: the rows of these say AVAILABLE until then. */
  readonly markAvailable: (manager: EntityManager, kept: readonly KeptContent[]) => Promise<void>;
}

interface ContentRow {
  readonly completion_id: string;
  readonly kind: ContentKind;
  readonly organization_id: string;
  readonly envelope: string;
  readonly created_at: Date;
  readonly expires_at: Date;
}

export function createContentStore({ unitOfWork, cipher, clock, markAvailable }: ContentStoreDependencies): ContentStore {
  return {
    async insert(contents) {
      const now = clock.now();
      const rows = (await Promise.all(contents.map((content) => rowsOf(content, cipher, now)))).flat();
      const kept = contents.flatMap(({ id, events, payload }) => {
        const until = Math.max(events?.until.getTime() ?? 0, payload?.until.getTime() ?? 0);
        return until === 0 ? [] : { id, until: new Date(until) };
      });
      const keys = contents.flatMap(({ id, keyUntil: until }) => (until ? { inference_id: uuidFromId(id), until } : []));
      await unitOfWork.asWriter(async (manager) => {
        if (rows.length > 0) await manager.query(INSERT, [JSON.stringify(rows)]);
        if (kept.length > 0) await markAvailable(manager, kept);
        if (keys.length > 0) await manager.query(END_KEYS, [JSON.stringify(keys)]);
      });
    },
  };
}

async function rowsOf(content: EndedContent, cipher: Cipher, now: Date): Promise<ContentRow[]> {
  const { organizationId, id, events, payload } = content;
  const row = async (kind: ContentKind, value: unknown, until: Date): Promise<ContentRow> => ({
    completion_id: uuidFromId(id),
    kind,
    organization_id: uuidFromId(organizationId),
    envelope: `\\x${(await sealContent(cipher, { organizationId, id, kind }, value)).toString('hex')}`,
    created_at: now,
    expires_at: until,
  });
  return Promise.all([
    ...(events ? [row('EVENTS', events.value.map(storedForm), events.until)] : []),
    ...(payload ? [row('PAYLOAD', payload.value, payload.until)] : []),
  ]);
}

const INSERT = `
INSERT INTO completion_content (completion_id, kind, organization_id, envelope, created_at, expires_at)
SELECT completion_id, kind, organization_id, envelope, created_at, expires_at FROM json_populate_recordset(NULL::completion_content, $1::json)
ON CONFLICT (completion_id, kind) DO NOTHING`;

/** In one order, so that two replicas can't wait for each other. */
const END_KEYS = `
UPDATE idempotency_key SET ended_at = clock_timestamp(), expires_at = given.until
FROM (
  SELECT idempotency_key.inference_id, until FROM json_to_recordset($1::json) AS ended (inference_id uuid, until timestamptz)
  JOIN idempotency_key USING (inference_id) ORDER BY inference_id FOR UPDATE OF idempotency_key
) AS given
WHERE idempotency_key.inference_id = given.inference_id`;

const FIND = `
SELECT envelope FROM completion_content
WHERE organization_id = $1 AND completion_id = $2 AND kind = 'EVENTS' AND expires_at > $3`;

export function createContentReader(dependencies: Pick<ContentStoreDependencies, 'unitOfWork' | 'cipher' | 'clock'>): ContentReader {
  const { unitOfWork, cipher, clock } = dependencies;
  return {
    async events(organizationId, id) {
      const [row] = await unitOfWork.asOrganization(organizationId, (manager) =>
        manager.query<{ envelope: Buffer }[]>(FIND, [uuidFromId(organizationId), uuidFromId(id), clock.now()]),
      );
      if (!row) return null;
      return eventsFrom(await openContent(cipher, { organizationId, id, kind: 'EVENTS' }, row.envelope), id);
    },
    ...createContentPages(dependencies),
  };
}
