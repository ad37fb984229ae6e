import type { LedgerReader } from '../accounting/contract.js';
import type { CancelRequests } from '../cache/contract.js';
import type { Clock } from '../core/clock.js';
import type { InferenceRecord } from '../core/inference.js';
import type { CompletionRegistry } from './registry.js';
import type { RunningCompletion } from './running.js';

const FIRST_POLL_MS = 25;
const LAST_POLL_MS = 400;
/** Longer than a beat of the one that runs it, which looks then, also where the notice was lost. */
const CANCEL_WAIT_MS = 10_000;

export interface CancellingDependencies {
  readonly requests: CancelRequests;
  readonly books: LedgerReader;
  readonly registry: CompletionRegistry;
  readonly clock: Clock;
}

/**
 * Ending what another replica runs:
 * 1. The asking one leaves a request and a notice, and waits until the books tell how it ended. Within its bound: a replica that is
 *    lost ends nothing, and its call is settled when its lease is over.
 * 2. The one that runs it ends it as soon as it hears the notice, or at its next beat, by the request.
 */
export interface Cancelling {
  /** Resolves with the record as it then stands. @throws GatewayError SERVICE_UNAVAILABLE. */
  endElsewhere(record: InferenceRecord): Promise<InferenceRecord>;
  /** Ends what others asked this replica to end; asks the database only while something runs that others can see. */
  heedRequests(): Promise<void>;
}

export function createCancelling({ requests, books, registry, clock }: CancellingDependencies): Cancelling {
  requests.onAsked((id) => registry.running.get(id)?.end('cancelled'));
  return {
    async endElsewhere({ organizationId, id, ...record }) {
      await requests.ask(organizationId, id);
      const endMs = clock.monotonicMs() + CANCEL_WAIT_MS;
      let last: InferenceRecord = { organizationId, id, ...record };
      for (let pauseMs = FIRST_POLL_MS; last.status === 'RUNNING' && clock.monotonicMs() < endMs; pauseMs = nextPause(pauseMs)) {
        await new Promise<void>((resolve) => void clock.after(pauseMs, resolve));
        last = (await books.find(organizationId, id)) ?? last;
      }
      return last;
    },
    async heedRequests() {
      const visible = [...registry.running.values()].filter(isVisible);
      const asked = await requests.take(visible.map(({ start }) => start.id));
      for (const id of asked) registry.running.get(id)?.end('cancelled');
    },
  };
}

function nextPause(pauseMs: number): number {
  return Math.min(2 * pauseMs, LAST_POLL_MS);
}

/** Its row says RUNNING, so that others can find it. */
export function isVisible({ start }: RunningCompletion): boolean {
  return start.keyed || start.form === 'start';
}
