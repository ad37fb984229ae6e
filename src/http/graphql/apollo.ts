import { ApolloServer, type ApolloServerPlugin, type GraphQLRequestContext } from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginInlineTraceDisabled,
  ApolloServerPluginLandingPageDisabled,
  ApolloServerPluginSchemaReportingDisabled,
  ApolloServerPluginUsageReportingDisabled,
} from '@apollo/server/plugin/disabled';
import type { DocumentNode, OperationTypeNode } from 'graphql';
import type { Logger } from '../../core/logger.js';
import type { GraphqlApi } from '../api.js';
import { retryAfterSeconds, statusOf } from '../errors.js';
import type { Metrics } from '../metrics.js';
import { outcomeOf } from './results.js';

const DOOR = Symbol('what the door knows of an operation');

/** What the door knows of an operation that the guard has admitted. */
export interface ApolloDoor {
  readonly document: DocumentNode;
  readonly operation: OperationTypeNode;
  readonly requestId: string;
}

/** Beside the operation's own context. Apollo's copy of the context keeps symbols. */
export interface ApolloContext {
  [DOOR]?: ApolloDoor;
}

export function apolloContext(context: object, door: ApolloDoor): ApolloContext {
  return Object.assign(context, { [DOOR]: door });
}

export interface ApolloParts {
  readonly api: GraphqlApi;
  readonly metrics: Metrics;
  readonly logger: Logger;
}

/**
 * Apollo's pipeline over the shared schema. It parses and validates nothing itself: the guard has admitted the document
 * before, and a plugin hands it over. What Apollo would add by itself (landing page, tracing, reporting) is off.
 */
export async function startApollo(parts: ApolloParts): Promise<ApolloServer<ApolloContext>> {
  const apollo = new ApolloServer<ApolloContext>({
    schema: parts.api.schema,
    introspection: true,
    documentStore: null,
    persistedQueries: false,
    csrfPrevention: true,
    allowBatchedHttpRequests: false,
    includeStacktraceInErrorResponses: false,
    stopOnTerminationSignals: false,
    nodeEnv: 'production',
    stringifyResult: (result) => JSON.stringify(result),
    logger: asApolloLogger(parts.logger),
    plugins: [
      admittedDocuments(),
      answers(parts),
      ApolloServerPluginCacheControlDisabled(),
      ApolloServerPluginInlineTraceDisabled(),
      ApolloServerPluginLandingPageDisabled(),
      ApolloServerPluginSchemaReportingDisabled(),
      ApolloServerPluginUsageReportingDisabled(),
    ],
  });
  await apollo.start();
  return apollo;
}

function admittedDocuments(): ApolloServerPlugin<ApolloContext> {
  const listener = {
    didResolveSource: (context: GraphQLRequestContext<ApolloContext>) => {
      const door = context.contextValue[DOOR];
      if (door !== undefined) Object.assign(context, { document: door.document });
      return Promise.resolve();
    },
  };
  return { requestDidStart: () => Promise.resolve(listener) };
}

/** Writes errors as the guard has them, and the status that belongs to an answer without data. */
function answers({ api, metrics }: ApolloParts): ApolloServerPlugin<ApolloContext> {
  const listener = {
    willSendResponse: ({ errors, response, contextValue }: GraphQLRequestContext<ApolloContext>) => {
      const door = contextValue[DOOR];
      if (door === undefined || response.body?.kind !== 'single') return Promise.resolve();
      const formatted = errors?.map((error) => api.guard.formatError(error, door.requestId));
      metrics.operationEnded({ door: 'http', operation: door.operation, outcome: outcomeOf(formatted) });
      if (formatted === undefined) return Promise.resolve();
      const { singleResult } = response.body;
      singleResult.errors = formatted;
      if (singleResult.data !== undefined && singleResult.data !== null) return Promise.resolve();
      response.http.status = statusOf(formatted);
      if (response.http.status === 503)
        response.http.headers.set('retry-after', retryAfterSeconds(formatted[0]?.extensions?.['retryAfterMs']));
      return Promise.resolve();
    },
  };
  return { requestDidStart: () => Promise.resolve(listener) };
}

function asApolloLogger(logger: Logger) {
  const fields = { part: 'apollo' };
  return {
    debug: (message: string) => {
      logger.debug(fields, message);
    },
    info: (message: string) => {
      logger.info(fields, message);
    },
    warn: (message: string) => {
      logger.warn(fields, message);
    },
    error: (message: string) => {
      logger.error(fields, message);
    },
  };
}
