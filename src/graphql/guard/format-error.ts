import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import { GatewayError, TOP_LEVEL_CODES, type TopLevelCode } from '../../core/errors.js';
import type { Logger } from '../../core/logger.js';
import { withoutSuggestions, withoutValues } from './redact.js';

/** Codes of libraries at the doors that mean one of ours. */
const FOREIGN_CODES: Readonly<Record<string, TopLevelCode>> = {
  GRAPHQL_PARSE_FAILED: 'GRAPHQL_VALIDATION_FAILED',
  OPERATION_RESOLUTION_FAILURE: 'BAD_USER_INPUT',
  BAD_REQUEST: 'BAD_USER_INPUT',
  PERSISTED_QUERY_NOT_FOUND: 'BAD_USER_INPUT',
  PERSISTED_QUERY_NOT_SUPPORTED: 'BAD_USER_INPUT',
};

const INTERNAL_MESSAGE = 'Something went wrong inside the gateway; its log tells more under this request id.';

export interface ErrorFormatter {
  /** An error as a caller may read it. What was not meant for callers is masked, and logged once with its cause. */
  formatError(error: unknown, requestId: string): GraphQLFormattedError;
}

export function createErrorFormatter({ logger, suggestions }: { readonly logger: Logger; readonly suggestions: boolean }): ErrorFormatter {
  const logged = new WeakSet();

  function logOnce(cause: unknown, fields: object): void {
    if (typeof cause === 'object' && cause !== null) {
      if (logged.has(cause)) return;
      logged.add(cause);
    }
    logger.error({ ...fields, error: describe(cause) }, 'operation failed');
  }

  function readable(message: string): string {
    const text = withoutValues(message);
    return suggestions ? text : withoutSuggestions(text);
  }

  return {
    formatError(error, requestId) {
      const located = error instanceof GraphQLError ? error : null;
      const raised = findGatewayError(error);
      if (raised) {
        if (raised.cause !== undefined) logOnce(raised, { requestId, path: located?.path, code: raised.code });
        const wait = raised.retryAfterMs === null ? {} : { retryAfterMs: raised.retryAfterMs };
        return { ...place(located), message: raised.message, extensions: { code: ours(raised.code), requestId, ...wait } };
      }
      const code = located && codeOf(located);
      if (located && code !== null && code !== 'INTERNAL')
        return { ...place(located), message: readable(located.message), extensions: { code, requestId } };
      logOnce(located?.originalError ?? error, { requestId, path: located?.path });
      return { ...place(located), message: INTERNAL_MESSAGE, extensions: { code: 'INTERNAL', requestId } };
    },
  };
}

/** Null where graphql-js reports what our own code threw. */
function codeOf(error: GraphQLError): TopLevelCode | null {
  const { code } = error.extensions;
  if (typeof code === 'string') return ours(code);
  if (error.path === undefined && (error.originalError === undefined || error.message.startsWith('Variable "$'))) return 'BAD_USER_INPUT';
  const isArgument = error.originalError instanceof GraphQLError && error.message.startsWith('Argument "');
  return isArgument ? 'BAD_USER_INPUT' : null;
}

function ours(code: string): TopLevelCode | null {
  return FOREIGN_CODES[code] ?? TOP_LEVEL_CODES.find((known) => known === code) ?? null;
}

/** A library may wrap an error several times. */
function findGatewayError(error: unknown): GatewayError | null {
  let current = error;
  for (let step = 0; step < 5 && current instanceof Error; step += 1) {
    if (current instanceof GatewayError) return current;
    current = current instanceof GraphQLError ? current.originalError : undefined;
  }
  return null;
}

function place(error: GraphQLError | null): Pick<GraphQLFormattedError, 'locations' | 'path'> {
  return {
    ...(error?.locations ? { locations: error.locations } : {}),
    ...(error?.path ? { path: error.path } : {}),
  };
}

/** Named fields only: errors of libraries carry parameters and connections that no log should hold. */
function describe(cause: unknown): object {
  if (!(cause instanceof Error)) return { message: String(cause) };
  return {
    name: cause.name,
    message: cause.message,
    stack: cause.stack,
    ...(cause.cause === undefined ? {} : { cause: describe(cause.cause) }),
  };
}
