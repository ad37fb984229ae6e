import type { LedgerReader, LedgerWriter } from '../accounting/contract.js';
import { GatewayError } from '../core/errors.js';
import { parseId } from '../core/ids.js';
import type { CompletionState } from '../core/inference.js';
import type { Principal } from '../core/principal.js';
import { mayEnd, mayReadWords, maySee, viewFor } from './access.js';
import type { Completions } from './contract.js';
import { checkPosition, eventsExpired } from './reading.js';
import { isRunning } from './registry.js';
import type { CompletionRegistry, KeptCompletion } from './registry.js';

export interface LookupDependencies {
  readonly registry: CompletionRegistry;
  readonly ledger: LedgerWriter;
  readonly books: LedgerReader;
}

interface Located {
  readonly state: CompletionState;
  /** Null where memory no longer holds it. */
  readonly kept: KeptCompletion | null;
}

/** Completions by their id, each as the principal may see it. */
export function createLookup(dependencies: LookupDependencies): Pick<Completions, 'find' | 'read' | 'cancel'> {
  return {
    async find(principal, id) {
      const located = await locate(principal, id, dependencies);
      return located && maySee(principal, located.state.record) ? viewFor(principal, located.state) : null;
    },
    async read(principal, id, { after, reader }) {
      const located = await locate(principal, id, dependencies);
      if (!located || !mayReadWords(principal, located.state.record)) throw new GatewayError('NOT_FOUND', 'There is no such completion.');
      if (!located.kept) throw eventsExpired();
      checkPosition(after, located.kept.log);
      return located.kept.log.read(after, reader);
    },
    async cancel(principal, id) {
      const located = await locate(principal, id, dependencies);
      if (!located || !mayEnd(principal, located.state.record)) return null;
      const { kept, state } = located;
      if (!kept || !isRunning(kept)) return viewFor(principal, state);
      kept.end('cancelled');
      return viewFor(principal, (await kept.done).state);
    },
  };
}

/** What is in memory, else what waits to be booked, else what is. */
async function locate(principal: Principal, text: string, { registry, ledger, books }: LookupDependencies): Promise<Located | null> {
  const id = parseId('completion', text);
  if (id === null) return null;
  const kept = registry.find(id);
  if (kept) return { state: kept.state, kept };
  const record = ledger.pending(id) ?? (await books.find(principal.organizationId, id));
  return record && { state: { record, message: null }, kept: null };
}
