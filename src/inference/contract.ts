import type { CostForecast } from '../accounting/estimate.js';
import type { Result, UserError } from '../core/errors.js';
import type { AssistantMessage } from '../core/answer.js';
import type { Message } from '../core/completion.js';
import type { CompletionEvent } from '../core/events.js';
import type { CompletionState, InferenceRecord, RoutingRecord } from '../core/inference.js';
import type { InferenceId } from '../core/ids.js';
import type { OperationCall, OperationResult } from '../core/operations.js';
import type { Principal } from '../core/principal.js';
import type { RawCompletionInput } from './input/raw.js';

/** The use case behind `complete`, `embed`, `startCompletion`, `streamCompletion`, `completionStream`, `cancelCompletion`, `completion`, `estimateCost`. */
export interface Completions {
  /** Runs to the end. `reader` aborts when the caller is gone (its reason: see ReaderGone). A refusal is an outcome too: its state holds the error. */
  complete(request: CompletionRequest, reader: AbortSignal): Promise<CompletionOutcome>;
  /** As `complete`, for any other operation; its state has a result instead of a message. */
  operate(request: OperationRequest, reader: AbortSignal): Promise<CompletionOutcome>;
  /** Starts, and answers with the RUNNING state (or with the refusal). Goes on without a reader. */
  start(request: CompletionRequest): Promise<CompletionOutcome>;
  /**
   * Events after a position of what runs or ran under the key; where there is nothing yet, it is claimed, and
   * the first `next()` launches it: dropped before that it calls nobody. Throws GatewayError BAD_USER_INPUT, EVENTS_EXPIRED, EVENTS_ELSEWHERE, SERVICE_UNAVAILABLE.
   */
  stream(request: StreamRequest): Promise<AsyncIterableIterator<CompletionEvent>>;
  /** Reads the events of a completion the principal may see. Throws GatewayError NOT_FOUND, EVENTS_EXPIRED, EVENTS_ELSEWHERE, BAD_USER_INPUT. */
  read(principal: Principal, id: string, position: ReadPosition): Promise<AsyncIterableIterator<CompletionEvent>>;
  /** Null where there is none that the principal may end. An ended one is returned as it is. */
  cancel(principal: Principal, id: string): Promise<CompletionState | null>;
  /** Null where there is none that the principal may see; the words are null where they are not kept, or not for them. */
  find(principal: Principal, id: string): Promise<CompletionState | null>;
  /** By the texts that name them, all in one read, without words; absent where there is none that the principal may see. */
  records(principal: Principal, ids: readonly string[]): Promise<ReadonlyMap<string, InferenceRecord>>;
  /** The words of answers, all in one read; absent where there are none, they are not kept, or not for them. An Error is that one's alone. */
  messages(principal: Principal, records: readonly InferenceRecord[]): Promise<ReadonlyMap<InferenceId, AssistantMessage | Error>>;
  /** What other operations came to, likewise. */
  results(principal: Principal, records: readonly InferenceRecord[]): Promise<ReadonlyMap<InferenceId, OperationResult | Error>>;
  /** The stored prompts, likewise; absent also where the organization stores none. */
  prompts(principal: Principal, records: readonly InferenceRecord[]): Promise<ReadonlyMap<InferenceId, readonly Message[] | Error>>;
  /** Predicts what a completion would cost, and who would answer. Calls nobody, books nothing. */
  estimate(principal: Principal, input: RawCompletionInput): Result<Forecast>;
  /** As `estimate`, for any other operation. */
  estimateOperation(principal: Principal, call: Pick<OperationRequest, 'operation' | 'input'>): Result<Forecast>;
  /** Decides who would answer. Calls nobody, books nothing, takes nobody's turn. */
  simulate(principal: Principal, input: RawCompletionInput, trial: RouteTrial): Result<RoutingRecord>;
}

export interface RouteTrial {
  /** A tree in the shape of the contract's input, unchecked; in place of what `model` names. */
  readonly definition?: unknown;
  readonly seed?: string | null | undefined;
}

/** What a call would come to, without making it. */
export interface Forecast {
  readonly cost: CostForecast;
  readonly routing: RoutingRecord;
}

/** The process's own side of it. */
export interface CompletionsLifecycle {
  /** No new work from now on; what runs may end within the grace, then it is ended as INTERRUPTED, and settled. */
  shutdown(graceMs: number): Promise<void>;
  readonly running: number;
  /** Ends as INTERRUPTED what replicas that are gone left running; tells how many there were. */
  settleLost(): Promise<number>;
}

/** Who asks for an inference of any operation, and under which key. */
export interface InferenceRequest {
  readonly principal: Principal;
  readonly input: { readonly model: string };
  readonly idempotencyKey: string | null;
  readonly requestId: string | null;
}

export interface CompletionRequest extends InferenceRequest {
  /** As the contract's CompletionInput, unchecked beyond what GraphQL checks. */
  readonly input: RawCompletionInput;
}

export interface OperationRequest extends InferenceRequest {
  readonly operation: OperationCall['operation'];
}

export interface StreamRequest extends CompletionRequest, ReadPosition {
  readonly idempotencyKey: string;
}

export interface ReadPosition {
  /** Only events after this number; -1: all. */
  readonly after: number;
  /** Aborts when nobody reads any more (its reason: see ReaderGone). */
  readonly reader?: AbortSignal;
  /** Whether the reader takes its messages slower than they come; asked before each event. Absent: never. */
  readonly isBehind?: () => boolean;
}

/** A state, with the error where it was refused, failed or cancelled. */
export interface CompletionOutcome {
  readonly state: CompletionState;
  readonly error: UserError | null;
}

export type { RawCompletionInput };
