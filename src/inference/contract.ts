import type { UserError } from '../core/errors.js';
import type { CompletionEvent } from '../core/events.js';
import type { CompletionId } from '../core/ids.js';
import type { CompletionState } from '../core/inference.js';
import type { Principal } from '../core/principal.js';

/** The use case behind `complete`, `startCompletion`, `streamCompletion`, `completionStream`, `cancelCompletion`, `completion`. */
export interface Completions {
  /** Runs to the end. A refusal is an outcome too: its state holds the error. */
  complete(request: CompletionRequest, reader: AbortSignal): Promise<CompletionOutcome>;
  /** Starts, and answers with the RUNNING state (or with the refusal). Goes on without a reader. */
  start(request: CompletionRequest): Promise<CompletionOutcome>;
  /** Starts, or attaches to what runs or ran under the same key, and reads its events after a position. */
  stream(request: StreamRequest): Promise<AsyncIterableIterator<CompletionEvent>>;
  /** Reads the events of a completion the principal may see. Throws GatewayError NOT_FOUND, EVENTS_EXPIRED, BAD_USER_INPUT. */
  read(principal: Principal, id: string, after: number): Promise<AsyncIterableIterator<CompletionEvent>>;
  /** Null where there is none that the principal may see. An ended one is returned as it is. */
  cancel(principal: Principal, id: string): Promise<CompletionState | null>;
  find(principal: Principal, id: string): Promise<CompletionState | null>;
}

export interface CompletionRequest {
  readonly principal: Principal;
  /** As the contract's CompletionInput, unchecked beyond what GraphQL checks. */
  readonly input: RawCompletionInput;
  readonly idempotencyKey: string | null;
  readonly requestId: string | null;
}

export interface StreamRequest extends CompletionRequest {
  readonly idempotencyKey: string;
  readonly after: number;
}

/** A state, with the error where it was refused, failed or cancelled; `record` is null where nothing was recorded. */
export interface CompletionOutcome {
  readonly state: CompletionState | null;
  readonly error: UserError | null;
}

/** What GraphQL hands over for a CompletionInput: names and types of the contract, absent or null where not given. */
export type RawCompletionInput = Readonly<Record<string, unknown>>;

export type { CompletionId };
