import type { LedgerReader, LedgerWriter } from '../accounting/contract.js';
import type { ContentKeeper, ContentReader, Opened } from '../cache/contract.js';
import type { Clock } from '../core/clock.js';
import type { Message } from '../core/completion.js';
import { parseInferenceId } from '../core/ids.js';
import type { InferenceId } from '../core/ids.js';
import type { CompletionState, InferenceRecord } from '../core/inference.js';
import type { Principal } from '../core/principal.js';
import { mayReadPrompt, mayReadWords, maySee } from './access.js';
import type { Completions } from './contract.js';
import type { CompletionRegistry } from './registry.js';

/** Where completions are: in memory, waiting to be booked, booked; and where their words are. */
export interface CompletionSources {
  readonly registry: CompletionRegistry;
  readonly ledger: LedgerWriter;
  readonly books: LedgerReader;
  readonly contents: ContentReader;
  /** What is on its way there. */
  readonly keeper: Pick<ContentKeeper, 'held'>;
  readonly clock: Clock;
}

/** What a page of a list asks, for all of it at once. */
export type CompletionPages = Pick<Completions, 'records' | 'messages' | 'results' | 'prompts'>;

/** Everything under the same rules as one by one: from memory, else from what waits to be booked, else from the books. */
export function createCompletionPages(sources: CompletionSources): CompletionPages {
  const { contents, keeper, clock } = sources;
  return {
    records: (principal, texts) => recordsNamed(principal, texts, sources),
    messages: (principal, records) =>
      keptOf(
        { principal, records, pick: ({ message }) => message, read: (ids) => contents.messages(principal.organizationId, ids) },
        sources,
      ),
    results: (principal, records) =>
      keptOf({ principal, records, pick: ({ result }) => result, read: (ids) => contents.results(principal.organizationId, ids) }, sources),
    async prompts(principal, records) {
      const readable = records.filter((record) => mayReadPrompt(principal, record) && isReadable(record, clock));
      const found = new Map<InferenceId, readonly Message[] | Error>();
      const stored: InferenceId[] = [];
      for (const { id } of readable) {
        const held = keeper.held(id);
        if (held) found.set(id, held.prompt);
        else stored.push(id);
      }
      if (stored.length === 0) return found;
      const payloads = await contents.payloads(principal.organizationId, stored);
      for (const [id, payload] of payloads) found.set(id, payload instanceof Error ? payload : payload.prompt);
      return found;
    },
  };
}

interface Asked<T> {
  readonly principal: Principal;
  readonly records: readonly InferenceRecord[];
  readonly pick: (state: CompletionState) => T | null | undefined;
  readonly read: (ids: readonly InferenceId[]) => Promise<Opened<T>>;
}

/** What each came to, for those who may read its words: from memory, else all that is kept in one read. */
async function keptOf<T>({ principal, records, pick, read }: Asked<T>, { registry, clock }: CompletionSources): Promise<Opened<T>> {
  const found = new Map<InferenceId, T | Error>();
  const stored: InferenceId[] = [];
  for (const record of records) {
    if (!mayReadWords(principal, record)) continue;
    const kept = registry.find(record.id);
    const known = kept && pick(kept.state);
    if (known) found.set(record.id, known);
    else if (!kept && isReadable(record, clock)) stored.push(record.id);
  }
  return stored.length === 0 ? found : new Map([...found, ...(await read(stored))]);
}

async function recordsNamed(principal: Principal, texts: readonly string[], sources: CompletionSources) {
  const named = new Map<string, InferenceId>();
  for (const text of texts) {
    const id = parseInferenceId(text);
    if (id !== null) named.set(text, id);
  }
  const found = await locateAll(principal, [...named.values()], sources);
  const seen = new Map<string, InferenceRecord>();
  for (const [text, id] of named) {
    const record = found.get(id);
    if (record && maySee(principal, record)) seen.set(text, record);
  }
  return seen;
}

async function locateAll(
  principal: Principal,
  ids: readonly InferenceId[],
  { registry, ledger, books, clock }: CompletionSources,
): Promise<ReadonlyMap<InferenceId, InferenceRecord>> {
  const found = new Map<InferenceId, InferenceRecord>();
  const others: InferenceId[] = [];
  for (const id of ids) {
    const kept = registry.find(id)?.state.record;
    const waiting = kept ? null : ledger.pending(id);
    if (kept) found.set(id, kept);
    else if (waiting) found.set(id, aged(waiting, clock));
    else others.push(id);
  }
  if (others.length === 0) return found;
  for (const [id, record] of await books.findMany(principal.organizationId, others)) found.set(id, aged(record, clock));
  return found;
}

/** A row goes on saying AVAILABLE until the words are deleted, a moment after their time. */
export function aged(record: InferenceRecord, clock: Clock): InferenceRecord {
  return record.contentState !== 'AVAILABLE' || isReadable(record, clock) ? record : { ...record, contentState: 'EXPIRED' };
}

function isReadable({ contentState, contentExpiresAt }: InferenceRecord, clock: Clock): boolean {
  return contentState === 'AVAILABLE' && contentExpiresAt !== null && contentExpiresAt > clock.now();
}
