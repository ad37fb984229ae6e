import type { Socket } from 'node:net';
import Fastify, { type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { GatewayError, type TopLevelCode } from '../core/errors.js';
import type { DoorParts } from './door-parts.js';
import { errorBody, retryAfterSeconds, STATUS_OF_CODE } from './errors.js';
import { LIMITS } from './limits.js';
import { REQUEST_ID_HEADER, requestIdOf } from './request-id.js';

/** Time to send a whole request in: guards against clients that trickle. */
const REQUEST_TIMEOUT_MS = 60_000;
/** Longer than the 60 s that balancers usually keep connections for, so that they close first. */
const KEEP_ALIVE_TIMEOUT_MS = 72_000;

/** The web server without its routes: request ids, CORS, typed errors, one log line and one count a request. */
export function createApp(parts: Pick<DoorParts, 'logger' | 'metrics' | 'origins' | 'clock'>): FastifyInstance {
  const app = Fastify({
    logger: false,
    bodyLimit: LIMITS.bodyBytes,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    forceCloseConnections: true,
    genReqId: (request) => requestIdOf(request.headers[REQUEST_ID_HEADER]),
    clientErrorHandler,
  });
  app.removeContentTypeParser('text/plain');
  app.addHook('onRequest', (request, reply, done) => {
    reply.header(REQUEST_ID_HEADER, request.id);
    allowOrigin(request, reply, parts);
    done();
  });
  app.addHook('onResponse', (request, reply, done) => {
    report(request, reply, parts);
    done();
  });
  app.setErrorHandler((error: FastifyError, request, reply) => answerError(error, { request, reply, logger: parts.logger }));
  app.setNotFoundHandler((request, reply) => {
    reply.code(404).send(errorBody('NOT_FOUND', 'There is no such page.', request.id));
  });
  return app;
}

const CORS_HEADERS = {
  'access-control-allow-methods': 'GET, POST, OPTIONS',
  'access-control-allow-headers': 'accept, apollo-require-preflight, authorization, content-type, x-api-key, x-request-id',
  'access-control-max-age': '600',
};

/** Answers a browser's question whether its page may call; without our headers it will not. */
export function preflight(reply: FastifyReply): void {
  if (reply.hasHeader('access-control-allow-origin')) reply.headers(CORS_HEADERS);
  reply.code(204).send();
}

function allowOrigin(request: FastifyRequest, reply: FastifyReply, { origins }: Pick<DoorParts, 'origins'>): void {
  const { origin, host } = request.headers;
  if (origin === undefined) return;
  reply.header('vary', 'origin');
  if (!origins.allows(origin, host)) return;
  reply.header('access-control-allow-origin', origin);
  reply.header('access-control-expose-headers', `${REQUEST_ID_HEADER}, retry-after`);
}

function report(request: FastifyRequest, reply: FastifyReply, { metrics, logger }: Pick<DoorParts, 'metrics' | 'logger'>): void {
  const { method, routeOptions } = request;
  const route = routeOptions.url ?? 'unknown';
  const { statusCode: status } = reply;
  const durationMs = reply.elapsedTime;
  metrics.requestEnded({ route, method, status, durationMs });
  const fields = { requestId: request.id, method, route, status, durationMs: Math.round(durationMs * 10) / 10 };
  if (route === '/graphql') logger.info(fields, 'request answered');
  else logger.debug(fields, 'request answered');
}

interface Failed {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly logger: DoorParts['logger'];
}

function answerError(error: FastifyError | GatewayError, { request, reply, logger }: Failed): FastifyReply {
  const { code, message, status } = describe(error);
  // What was refused on purpose, and has no cause, is no fault: its status in the line of the request tells enough.
  const isMeant = status === 503 && error instanceof GatewayError && error.cause === undefined;
  if (status >= 500 && !isMeant) logger.error({ requestId: request.id, err: error }, 'a request failed');
  if (status === 503) reply.header('retry-after', retryAfterSeconds(error instanceof GatewayError ? error.retryAfterMs : null));
  // A handler that knows better than the table has set its status before it threw.
  if (reply.statusCode < 400) reply.code(status);
  return reply.send(errorBody(code, message, request.id));
}

interface Described {
  readonly code: TopLevelCode;
  readonly message: string;
  readonly status: number;
}

function describe(error: FastifyError | GatewayError): Described {
  if (error instanceof GatewayError) return { code: error.code, message: error.message, status: STATUS_OF_CODE[error.code] };
  const status = error.statusCode ?? 500;
  if (status === 413) return badInput(`The body is larger than ${LIMITS.bodyBytes} bytes.`, status);
  if (status === 415)
    return badInput('The body must be sent as application/json, or as multipart/form-data where a file comes with it.', status);
  if (status >= 400 && status < 500) return badInput('The body is not readable JSON.', 400);
  if (status === 503) return { code: 'SERVICE_UNAVAILABLE', message: 'The gateway is stopping.', status };
  return { code: 'INTERNAL', message: 'An internal error occurred.', status: 500 };
}

function badInput(message: string, status: number): Described {
  return { code: 'BAD_USER_INPUT', message, status };
}

/** What is no HTTP at all, or has headers beyond Node's limit, never reaches a route. */
function clientErrorHandler(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const tooLarge = error.code === 'HPE_HEADER_OVERFLOW';
  const timedOut = error.code === 'ERR_HTTP_REQUEST_TIMEOUT';
  const status = tooLarge ? '431 Request Header Fields Too Large' : timedOut ? '408 Request Timeout' : '400 Bad Request';
  const requestId = requestIdOf(undefined);
  const body = JSON.stringify(
    errorBody('BAD_USER_INPUT', tooLarge ? 'The request headers are too large.' : 'The request is not readable.', requestId),
  );
  socket.end(
    [
      `HTTP/1.1 ${status}`,
      'Connection: close',
      'Content-Type: application/json; charset=utf-8',
      `Content-Length: ${Buffer.byteLength(body)}`,
      `${REQUEST_ID_HEADER}: ${requestId}`,
      '',
      body,
    ].join('\r\n'),
  );
}
