import { GatewayError } from '../core/errors.js';
import { parseId, parseInferenceId } from '../core/ids.js';
import type { InferenceId } from '../core/ids.js';
import type { CompletionState, InferenceRecord } from '../core/inference.js';
import type { Principal } from '../core/principal.js';
import { mayEnd, mayReadWords, maySee, viewFor } from './access.js';
import type { Completions, ReadPosition } from './contract.js';
import { aged, createCompletionPages } from './pages.js';
import type { CompletionPages, CompletionSources } from './pages.js';
import { checkPosition, eventsElsewhere, replay } from './reading.js';
import type { CompletionEvents } from './reading.js';
import type { Cancelling } from './cancelling.js';
import { isRunning } from './registry.js';
import type { KeptCompletion } from './registry.js';

interface Located {
  readonly state: CompletionState;
  /** Null where memory does not hold it. */
  readonly kept: KeptCompletion | null;
}

export interface Lookup extends Pick<Completions, 'find' | 'read' | 'cancel'>, CompletionPages {
  /** What came of a completion that has ended, for whoever holds its key. @throws GatewayError SERVICE_UNAVAILABLE. */
  outcome(principal: Principal, id: InferenceId): Promise<CompletionState>;
  /** Its events from the store. @throws GatewayError EVENTS_EXPIRED, BAD_USER_INPUT. */
  stored(principal: Principal, id: InferenceId, position: ReadPosition): Promise<CompletionEvents>;
}

/** Completions by their id, each as the principal may see it. */
export function createLookup(dependencies: CompletionSources & { readonly cancelling: Pick<Cancelling, 'endElsewhere'> }): Lookup {
  const { contents } = dependencies;
  const pages = createCompletionPages(dependencies);
  const stored: Lookup['stored'] = async ({ organizationId }, id, position) => replay(await contents.events(organizationId, id), position);
  return {
    ...pages,
    stored,
    async find(principal, id) {
      const located = await locate(principal, id, dependencies);
      if (!located || !maySee(principal, located.state.record)) return null;
      return located.kept ? viewFor(principal, located.state) : withWords(principal, located.state.record, pages);
    },
    async outcome(principal, id) {
      const located = await locate(principal, id, dependencies);
      if (!located) throw new GatewayError('SERVICE_UNAVAILABLE', 'What came of this key can’t be read now.');
      return located.kept ? located.state : withWords(principal, located.state.record, pages);
    },
    async read(principal, id, position) {
      const located = await locateCompletion(principal, id, dependencies);
      if (!located || !mayReadWords(principal, located.state.record)) throw new GatewayError('NOT_FOUND', 'There is no such completion.');
      const { kept, state } = located;
      if (kept) checkPosition(position.after, kept.log);
      if (kept) return kept.log.read(position);
      if (state.record.status === 'RUNNING') throw eventsElsewhere();
      return stored(principal, state.record.id, position);
    },
    async cancel(principal, id) {
      const located = await locateCompletion(principal, id, dependencies);
      if (!located || !mayEnd(principal, located.state.record)) return null;
      const { kept, state } = located;
      if (!kept) {
        const { record } = state;
        return withWords(principal, record.status === 'RUNNING' ? await dependencies.cancelling.endElsewhere(record) : record, pages);
      }
      if (!isRunning(kept)) return viewFor(principal, state);
      kept.end('cancelled');
      return viewFor(principal, (await kept.done).state);
    },
  };
}

/** Only completions have events, and are ended by their id. */
async function locateCompletion(principal: Principal, text: string, dependencies: CompletionSources): Promise<Located | null> {
  return parseId('completion', text) && locate(principal, text, dependencies);
}

/** What is in memory, else what waits to be booked, else what is. */
async function locate(principal: Principal, text: string, dependencies: CompletionSources): Promise<Located | null> {
  const { registry, ledger, books, clock } = dependencies;
  const id = parseInferenceId(text);
  if (id === null) return null;
  const kept = registry.find(id);
  if (kept) return { state: kept.state, kept };
  const record = ledger.pending(id) ?? (await books.find(principal.organizationId, id));
  return record && { state: { record: aged(record, clock), message: null }, kept: null };
}

async function withWords(principal: Principal, record: InferenceRecord, pages: CompletionPages): Promise<CompletionState> {
  if (record.operation !== 'COMPLETION') {
    const result = orThrow((await pages.results(principal, [record])).get(record.id));
    return result ? { record, message: null, result } : { record, message: null };
  }
  return { record, message: orThrow((await pages.messages(principal, [record])).get(record.id)) ?? null };
}

function orThrow<T>(value: T | Error): T {
  if (value instanceof Error) throw value;
  return value;
}
