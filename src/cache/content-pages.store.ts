import type { AssistantMessage } from '../core/answer.js';
import type { Clock } from '../core/clock.js';
import type { CompletionEvent } from '../core/events.js';
import { uuidFromId } from '../core/ids.js';
import type { InferenceId, OrganizationId } from '../core/ids.js';
import type { CompletionState } from '../core/inference.js';
import type { Cipher } from '../storage/cipher.js';
import type { UnitOfWork } from '../storage/unit-of-work.js';
import type { ContentReader, Opened, Payload } from './contract.js';
import { openContent } from './envelope.js';
import type { ContentKind } from './envelope.js';

export interface ContentPageSources {
  readonly unitOfWork: UnitOfWork;
  /** Made for CONTENT_PURPOSE. */
  readonly cipher: Cipher;
  readonly clock: Clock;
  /** Bytes of envelopes in one answer of the database; however many are asked for, no more are in memory at once. */
  readonly maxBytes?: number;
}

const MAX_BYTES = 16 * 1024 * 1024;

/** Of several kinds of one completion the first by name. The first row always comes, however large. */
const FIND = `
SELECT completion_id, kind, envelope, total > sum(octet_length(envelope)) OVER () AS cut FROM (
  SELECT *, sum(octet_length(envelope)) OVER (ORDER BY completion_id) - octet_length(envelope) AS before, sum(octet_length(envelope)) OVER () AS total
  FROM (
    SELECT DISTINCT ON (completion_id) completion_id, kind, envelope FROM completion_content
    WHERE organization_id = $1 AND completion_id = ANY($2::uuid[]) AND kind = ANY($3::text[]) AND expires_at > $4
    ORDER BY completion_id, kind
  ) AS kept
) AS sized WHERE before < $5 ORDER BY completion_id`;

interface Row {
  readonly completion_id: string;
  readonly kind: ContentKind;
  readonly envelope: Buffer;
  /** There are more than these. */
  readonly cut: boolean;
}

interface Wanted {
  readonly organizationId: OrganizationId;
  readonly ids: readonly InferenceId[];
  readonly kinds: readonly ContentKind[];
}

interface Content {
  readonly kind: ContentKind;
  readonly value: unknown;
}

/** What was kept of a whole page of completions: one statement, and further ones only where it is too much for one. */
export function createContentPages(sources: ContentPageSources): Pick<ContentReader, 'messages' | 'results' | 'payloads'> {
  return {
    messages: (organizationId, ids) => read(sources, { organizationId, ids, kinds: ['EVENTS', 'PAYLOAD'] }, messageOf),
    results: (organizationId, ids) =>
      read(sources, { organizationId, ids, kinds: ['EVENTS'] }, ({ value }) => endingOf(value)?.result ?? null),
    payloads: (organizationId, ids) => read(sources, { organizationId, ids, kinds: ['PAYLOAD'] }, ({ value }) => value as Payload),
  };
}

async function read<T>(sources: ContentPageSources, wanted: Wanted, pick: (content: Content) => T | null): Promise<Opened<T>> {
  const { unitOfWork, cipher, clock, maxBytes = MAX_BYTES } = sources;
  const { organizationId, ids, kinds } = wanted;
  const found = new Map<InferenceId, T | Error>();
  const named = new Map(ids.map((id) => [uuidFromId(id), id]));
  for (let left = [...named.keys()]; left.length > 0;) {
    const rows = await unitOfWork.asOrganization(organizationId, (manager) =>
      manager.query<Row[]>(FIND, [uuidFromId(organizationId), left, kinds, clock.now(), maxBytes]),
    );
    // One after another, so that beside what is picked no more than one stands open in memory.
    for (const { completion_id: uuid, kind, envelope } of rows) {
      const id = named.get(uuid);
      if (id === undefined) continue;
      const value = await openContent(cipher, { organizationId, id, kind }, envelope).catch(asError);
      const picked = value instanceof Error ? value : pick({ kind, value });
      if (picked !== null) found.set(id, picked);
    }
    const last = rows.at(-1);
    left = last?.cut ? left.filter((uuid) => uuid > last.completion_id) : [];
  }
  return found;
}

function messageOf({ kind, value }: Content): AssistantMessage | null {
  return kind === 'PAYLOAD' ? (value as Payload).message : (endingOf(value)?.message ?? null);
}

/** What a log says of its end. */
function endingOf(events: unknown): CompletionState | null {
  const last = (events as readonly CompletionEvent[]).at(-1);
  return last?.type === 'finished' || last?.type === 'failed' ? last.completion : null;
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}
