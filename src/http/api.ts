import type { DocumentNode, GraphQLError, GraphQLFormattedError, GraphQLSchema, OperationTypeNode } from 'graphql';
import type { Principal } from '../core/principal.js';

/** What the doors need of the GraphQL side: the bare schema, the guard that all three share, and a context for each operation. */
export interface GraphqlApi {
  readonly schema: GraphQLSchema;
  readonly guard: Guard;
  createContext(caller: Caller): object;
}

/** Who asks, under which request id, and until when: `signal` aborts when the reader is gone (its reason: see ReaderGone). */
export interface Caller {
  readonly principal: Principal | null;
  readonly requestId: string;
  readonly signal: AbortSignal;
  /** Whether the last message had to wait for its reader. Absent where there is but one message. */
  readonly isBehind?: () => boolean;
  /** Told how many ms a refusal asks to wait, where there is a header to say it in. */
  readonly onRefusal?: (retryAfterMs: number) => void;
}

export interface Guard {
  /** Parses with limits, validates, measures, and authorizes; a document that was admitted once is not parsed again. */
  admit(request: OperationRequest, principal: Principal | null): Admission;
  /** An error as a caller may read it: masked where it was not meant for callers, with `code` and `requestId`. */
  formatError(error: GraphQLError, requestId: string): GraphQLFormattedError;
}

export interface OperationRequest {
  readonly query: string;
  readonly operationName: string | null;
  readonly variables: Readonly<Record<string, unknown>> | null;
}

export type Admission =
  | { readonly ok: true; readonly document: DocumentNode; readonly operation: OperationTypeNode }
  | { readonly ok: false; readonly errors: readonly GraphQLError[] };
