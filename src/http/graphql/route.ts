import { HeaderMap, type ApolloServer, type HTTPGraphQLRequest, type HTTPGraphQLResponse } from '@apollo/server';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { OperationTypeNode } from 'graphql';
import { GatewayError } from '../../core/errors.js';
import { isJsonObject } from '../../core/json.js';
import { ReaderGone } from '../../core/reader.js';
import { preflight } from '../app.js';
import { identify, type Visitor } from '../authentication.js';
import { keyFromHeaders } from '../credentials.js';
import type { DoorParts } from '../door-parts.js';
import { errorBody, retryAfterSeconds, statusOf, stopping } from '../errors.js';
import { apolloContext, type ApolloContext } from './apollo.js';
import type { AskedOperation, EventStreamDoor } from './event-stream-door.js';
import { methodProblem, operationRequestOf } from './operation-request.js';
import { outcomeOf } from './results.js';
import { createUploadDoor } from './uploads.js';

export const GRAPHQL_PATH = '/graphql';

/**
 * `/graphql` over HTTP.
 * 1. Before the body is read: is the gateway stopping, and who asks?
 * 2. The request's shape, then the guard; a form's file is read in between.
 * 3. By `Accept`: an event stream, else one JSON answer through Apollo's pipeline.
 */
export function graphqlRoute(
  app: FastifyInstance,
  parts: DoorParts & { readonly apollo: ApolloServer<ApolloContext>; readonly eventStreams: EventStreamDoor },
): void {
  app.options(GRAPHQL_PATH, (_request, reply) => {
    preflight(reply);
  });
  app.route({
    method: ['PUT', 'PATCH', 'DELETE'],
    url: GRAPHQL_PATH,
    handler: (_request, reply) => {
      reply.code(405).header('allow', 'GET, POST, OPTIONS');
      throw new GatewayError('BAD_USER_INPUT', 'GraphQL is asked by POST, or by GET for queries.');
    },
  });
  const visitors = new WeakMap<FastifyRequest, Visitor>();
  const answerJson = createJsonDoor(parts);
  const uploads = createUploadDoor(app, parts);
  app.route({
    method: ['GET', 'POST'],
    url: GRAPHQL_PATH,
    onRequest: async (request, reply) => {
      if (parts.activity.draining) throw stopping();
      reply.raw.once('close', parts.activity.begin());
      visitors.set(request, await identify(parts.authenticator, keyFromHeaders(request.headers)));
    },
    handler: async (request, reply) => {
      if (isBrowserVisit(request)) return reply.redirect('/graphiql', 303);
      const visitor = visitors.get(request);
      if (visitor === undefined) throw new Error('a request came to its handler without having been identified');
      const { method, url } = request;
      const body = await uploads.bodyOf(request, reply, visitor);
      const asked: AskedOperation = { request: operationRequestOf({ method, url, body }), visitor, requestId: request.id, method };
      if (wantsEventStream(request)) return parts.eventStreams.serve(asked, reply);
      return answerJson(asked, { request, body, reply });
    },
  });
}

interface Exchange {
  readonly request: FastifyRequest;
  /** As JSON, however it was sent. */
  readonly body: unknown;
  readonly reply: FastifyReply;
}

function createJsonDoor({ api, apollo, metrics }: DoorParts & { readonly apollo: ApolloServer<ApolloContext> }) {
  return async (asked: AskedOperation, exchange: Exchange): Promise<string | object> => {
    const { reply } = exchange;
    const admission = api.guard.admit(asked.request, asked.visitor.principal);
    if (!admission.ok) {
      const errors = admission.errors.map((error) => api.guard.formatError(error, asked.requestId));
      metrics.operationEnded({ door: 'http', operation: 'unknown', outcome: outcomeOf(errors) });
      const status = statusOf(errors);
      if (status === 503) reply.header('retry-after', retryAfterSeconds(errors[0]?.extensions?.['retryAfterMs']));
      reply.code(status);
      return { errors };
    }
    refuseMethod(admission.operation, exchange);
    const onRefusal = (retryAfterMs: number) => void reply.header('retry-after', retryAfterSeconds(retryAfterMs));
    const { requestId, visitor } = asked;
    const context = api.createContext({ principal: visitor.principal, requestId, signal: readerSignal(reply), onRefusal });
    const door = { document: admission.document, operation: admission.operation, requestId };
    const answer = await apollo.executeHTTPGraphQLRequest({
      httpGraphQLRequest: toApolloRequest(exchange),
      context: () => Promise.resolve(apolloContext(context, door)),
    });
    return sendAnswer(answer, asked, reply);
  };
}

function toApolloRequest({ request, body }: Exchange): HTTPGraphQLRequest {
  const headers = new HeaderMap();
  for (const [name, value] of Object.entries(request.headers))
    if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(', ') : value);
  const start = request.url.indexOf('?');
  return { method: request.method, headers, body, search: start === -1 ? '' : request.url.slice(start) };
}

function sendAnswer({ status, headers, body }: HTTPGraphQLResponse, asked: AskedOperation, reply: FastifyReply): string | object {
  for (const [name, value] of headers) reply.header(name, value);
  reply.code(status ?? 200);
  if (body.kind !== 'complete') throw new Error('incremental delivery is not part of the schema');
  // What Apollo refuses before its plugins run (cross-site requests, unacceptable types) has our codes and id too.
  return body.string.includes('"requestId"') || reply.statusCode < 400 ? body.string : refusedByApollo(body.string, asked.requestId);
}

function refusedByApollo(text: string, requestId: string): object {
  const parsed: unknown = JSON.parse(text);
  const errors = isJsonObject(parsed) && Array.isArray(parsed['errors']) ? parsed['errors'] : [];
  const first: unknown = errors[0];
  const message = isJsonObject(first) && typeof first['message'] === 'string' ? first['message'].trim() : 'The request was refused.';
  return errorBody('BAD_USER_INPUT', message, requestId);
}

function refuseMethod(operation: OperationTypeNode, { request, reply }: Exchange): void {
  const problem = methodProblem(request.method, operation);
  if (problem !== null) {
    reply.code(405).header('allow', 'POST');
    throw problem;
  }
  if (operation === OperationTypeNode.SUBSCRIPTION)
    throw new GatewayError('BAD_USER_INPUT', 'Subscriptions are read over WebSocket, or with `Accept: text/event-stream`.');
}

/** Aborts when the caller closes the connection before the answer is out. */
function readerSignal(reply: FastifyReply): AbortSignal {
  const controller = new AbortController();
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) controller.abort(new ReaderGone('left'));
  });
  return controller.signal;
}

function wantsEventStream(request: FastifyRequest): boolean {
  return request.headers.accept?.includes('text/event-stream') ?? false;
}

/** Someone opened the endpoint in a browser. */
function isBrowserVisit(request: FastifyRequest): boolean {
  return request.method === 'GET' && !request.url.includes('?') && (request.headers.accept?.includes('text/html') ?? false);
}
