import type { ExecutionResult, FormattedExecutionResult, GraphQLFormattedError } from 'graphql';
import { GraphQLError } from 'graphql';
import type { Guard } from '../api.js';

/** A result of graphql-js, as the libraries between us type it. */
interface AnyResult {
  readonly errors?: readonly GraphQLError[] | undefined;
  readonly data?: Record<string, unknown> | null | undefined;
  readonly extensions?: Record<string, unknown> | undefined;
}

/** A result as it goes to the caller: errors through the guard, the rest as it is. */
export function formatResult(guard: Guard, result: AnyResult, requestId: string): FormattedExecutionResult {
  const { errors, data, extensions } = result;
  if (errors === undefined && extensions === undefined && data !== undefined) return { data };
  return {
    ...(errors === undefined ? {} : { errors: errors.map((error) => guard.formatError(error, requestId)) }),
    ...(data === undefined ? {} : { data }),
    ...(extensions === undefined ? {} : { extensions }),
  };
}

/** Any thrown value as a GraphQL error, so that the guard can mask it. */
export function toGraphqlError(thrown: unknown): GraphQLError {
  if (thrown instanceof GraphQLError) return thrown;
  const originalError = thrown instanceof Error ? thrown : new Error(String(thrown));
  return new GraphQLError(originalError.message, { originalError });
}

/** What the metrics call an operation without errors. */
export const OK = 'OK';

/** What the metrics call the outcome: the first error's code, or OK. */
export function outcomeOf(errors: readonly GraphQLFormattedError[] | undefined): string {
  const code = errors?.[0]?.extensions?.['code'];
  return typeof code === 'string' ? code : OK;
}

export function isIterable(
  value: AsyncIterableIterator<ExecutionResult> | ExecutionResult,
): value is AsyncIterableIterator<ExecutionResult> {
  return Symbol.asyncIterator in value;
}
