import type { CompletionCall } from './completion.js';
import type { JsonObject } from './json.js';
import type { PicoUsd } from './money.js';
import type { Tag } from './principal.js';
import type { RoutingPreferences } from './routes.js';
import type { DisconnectPolicy, EmbeddingPurpose, Operation } from './vocabulary.js';

/** What every call says, whatever it asks for; a completion's fields of these names mean the same. */
export interface CallTerms {
  /** As the caller wrote it: a route's slug, a model's slug, or provider/model. */
  readonly model: string;
  readonly task: null;
  readonly routing: RoutingPreferences | null;
  /** What the call may be predicted to cost at most; null: anything. */
  readonly maxCost: PicoUsd | null;
  readonly timeoutMs: number | null;
  readonly onDisconnect: DisconnectPolicy | null;
  readonly user: string | null;
  readonly sessionId: string | null;
  readonly tags: readonly Tag[];
  /** Fields passed on as they are, by provider slug or wire format. */
  readonly providerOptions: JsonObject | null;
}

export interface EmbeddingCall extends CallTerms {
  readonly operation: 'EMBEDDING';
  /** At least one, none empty. */
  readonly texts: readonly string[];
  readonly dimensions: number | null;
  readonly purpose: EmbeddingPurpose | null;
}

/** A call of any operation but a completion: one request, one answer, nothing streamed. */
export type OperationCall = EmbeddingCall;
export type InferenceCall = CompletionCall | OperationCall;

/** What came of a call that is no completion. */
export type OperationResult = EmbeddingResult;

export interface EmbeddingResult {
  readonly operation: 'EMBEDDING';
  /** One for each text, in their order. */
  readonly vectors: readonly (readonly number[])[];
}

export function isOperation(call: InferenceCall): call is OperationCall {
  return 'operation' in call;
}

export function operationOf(call: InferenceCall): Operation {
  return isOperation(call) ? call.operation : 'COMPLETION';
}

const BYTES_PER_NUMBER = 8;

/** Roughly what a result takes in memory. */
export function bytesOfResult(result: OperationResult | undefined): number {
  return result === undefined ? 0 : result.vectors.reduce((bytes, vector) => bytes + BYTES_PER_NUMBER * vector.length, 0);
}
