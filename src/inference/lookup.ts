import type { LedgerReader, LedgerWriter } from '../accounting/contract.js';
import type { ContentReader } from '../cache/contract.js';
import type { AssistantMessage } from '../core/answer.js';
import type { Clock } from '../core/clock.js';
import type { Message } from '../core/completion.js';
import { GatewayError } from '../core/errors.js';
import { parseId } from '../core/ids.js';
import type { InferenceId } from '../core/ids.js';
import type { CompletionState, InferenceRecord } from '../core/inference.js';
import type { Principal } from '../core/principal.js';
import { mayEnd, mayReadPrompt, mayReadWords, maySee, viewFor } from './access.js';
import type { Completions, ReadPosition } from './contract.js';
import { checkPosition, eventsElsewhere, replay } from './reading.js';
import type { CompletionEvents } from './reading.js';
import { isRunning } from './registry.js';
import type { CompletionRegistry, KeptCompletion } from './registry.js';

export interface LookupDependencies {
  readonly registry: CompletionRegistry;
  readonly ledger: LedgerWriter;
  readonly books: LedgerReader;
  readonly contents: ContentReader;
  readonly clock: Clock;
}

interface Located {
  readonly state: CompletionState;
  /** Null where memory does not hold it. */
  readonly kept: KeptCompletion | null;
}

export interface Lookup extends Pick<Completions, 'find' | 'read' | 'cancel' | 'prompt'> {
  /** What came of a completion that has ended, for whoever holds its key. @throws GatewayError SERVICE_UNAVAILABLE. */
  outcome(principal: Principal, id: InferenceId): Promise<CompletionState>;
  /** Its events from the store. @throws GatewayError EVENTS_EXPIRED, BAD_USER_INPUT. */
  stored(principal: Principal, id: InferenceId, position: ReadPosition): Promise<CompletionEvents>;
}

/** Completions by their id, each as the principal may see it. */
export function createLookup(dependencies: LookupDependencies): Lookup {
  const { contents, clock } = dependencies;
  const stored: Lookup['stored'] = async ({ organizationId }, id, position) => replay(await contents.events(organizationId, id), position);
  return {
    stored,
    async find(principal, id) {
      const located = await locate(principal, id, dependencies);
      if (!located || !maySee(principal, located.state.record)) return null;
      return located.kept ? viewFor(principal, located.state) : withWords(principal, located.state.record, dependencies);
    },
    async outcome(principal, id) {
      const located = await locate(principal, id, dependencies);
      if (!located) throw new GatewayError('SERVICE_UNAVAILABLE', 'What came of this key can’t be read now.');
      return located.kept ? located.state : withWords(principal, located.state.record, dependencies);
    },
    async read(principal, id, position) {
      const located = await locate(principal, id, dependencies);
      if (!located || !mayReadWords(principal, located.state.record)) throw new GatewayError('NOT_FOUND', 'There is no such completion.');
      const { kept, state } = located;
      if (kept) checkPosition(position.after, kept.log);
      if (kept) return kept.log.read(position);
      if (state.record.status === 'RUNNING') throw eventsElsewhere();
      return stored(principal, state.record.id, position);
    },
    async cancel(principal, id) {
      const located = await locate(principal, id, dependencies);
      if (!located || !mayEnd(principal, located.state.record)) return null;
      const { kept, state } = located;
      if (!kept || !isRunning(kept)) return viewFor(principal, state);
      kept.end('cancelled');
      return viewFor(principal, (await kept.done).state);
    },
    async prompt(principal, record) {
      if (!mayReadPrompt(principal, record) || !isReadable(record, clock)) return null;
      return promptOf(record, contents);
    },
  };
}

async function promptOf({ organizationId, id }: InferenceRecord, contents: ContentReader): Promise<readonly Message[] | null> {
  return (await contents.payload(organizationId, id))?.prompt ?? null;
}

/** What is in memory, else what waits to be booked, else what is. */
async function locate(principal: Principal, text: string, dependencies: LookupDependencies): Promise<Located | null> {
  const { registry, ledger, books, clock } = dependencies;
  const id = parseId('completion', text);
  if (id === null) return null;
  const kept = registry.find(id);
  if (kept) return { state: kept.state, kept };
  const record = ledger.pending(id) ?? (await books.find(principal.organizationId, id));
  return record && { state: { record: aged(record, clock), message: null }, kept: null };
}

/** A row goes on saying AVAILABLE until the words are deleted, a moment after their time. */
function aged(record: InferenceRecord, clock: Clock): InferenceRecord {
  return record.contentState !== 'AVAILABLE' || isReadable(record, clock) ? record : { ...record, contentState: 'EXPIRED' };
}

function isReadable({ contentState, contentExpiresAt }: InferenceRecord, clock: Clock): boolean {
  return contentState === 'AVAILABLE' && contentExpiresAt !== null && contentExpiresAt > clock.now();
}

async function withWords(principal: Principal, record: InferenceRecord, { contents, clock }: LookupDependencies): Promise<CompletionState> {
  const readable = isReadable(record, clock) && mayReadWords(principal, record);
  return { record, message: readable ? await storedMessage(record, contents) : null };
}

/** As it was said, while the events are kept; then as the organization stores it. */
async function storedMessage({ organizationId, id }: InferenceRecord, contents: ContentReader): Promise<AssistantMessage | null> {
  const last = (await contents.events(organizationId, id))?.at(-1);
  if (last?.type === 'finished' || last?.type === 'failed') return last.completion.message;
  return (await contents.payload(organizationId, id))?.message ?? null;
}
