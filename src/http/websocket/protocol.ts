import type { ExecutionArgs, GraphQLError } from 'graphql';
import { makeServer, type Context, type Server, type ServerOptions, type SubscribePayload } from 'graphql-ws';
import { GatewayError } from '../../core/errors.js';
import { identify } from '../authentication.js';
import { keyFromConnectionParams } from '../credentials.js';
import type { Caller } from '../api.js';
import type { DoorParts } from '../door-parts.js';
import { stopping } from '../errors.js';
import { formatResult, outcomeOf, toGraphqlError } from '../graphql/results.js';
import { LIMITS } from '../limits.js';
import { newRequestId } from '../request-id.js';
import { SOCKET_CLOSE, type Operation, type Session } from './session.js';
import type { Sessions } from './sessions.js';

export interface SocketExtra {
  readonly session: Session;
}

type Params = Record<string, unknown>;
type Hooks = Required<Pick<ServerOptions<Params, SocketExtra>, 'onConnect' | 'onSubscribe' | 'onNext' | 'onError' | 'onComplete'>>;

/**
 * graphql-transport-ws (https://github.com/graphql/graphql-over-http/blob/main/rfcs/GraphQLOverWebSocket.md) with our rules:
 * 1. `connection_init` within 3 s (4408), once (4429); its key is proven there: a bad one 4403, database away 1013.
 * 2. Without a key the socket stays, and the guard lets through what is open to all.
 * 3. Each operation passes the guard, and has a context, a request id and an abort signal of its own.
 */
export function createProtocol(parts: DoorParts, sessions: Sessions): Server<SocketExtra> {
  const hooks: Hooks = {
    onConnect: (context) => connect(context, parts, sessions),
    onSubscribe: ({ extra }, id, payload) => subscribe({ session: extra.session, id, payload }, parts),
    // eslint-disable-next-line max-params -- the library's own signature
    onNext: ({ extra }, _id, payload, _args, result) => {
      if (result.errors === undefined) return;
      const operation = extra.session.of(payload);
      const formatted = formatResult(parts.api.guard, result, operation?.requestId ?? newRequestId());
      if (operation?.outcome === 'OK') operation.outcome = outcomeOf(formatted.errors);
      return formatted;
    },
    // eslint-disable-next-line max-params -- the library's own signature
    onError: ({ extra }, _id, payload, errors) => {
      const operation = extra.session.of(payload);
      const requestId = operation?.requestId ?? newRequestId();
      const formatted = errors.map((error) => parts.api.guard.formatError(error, requestId));
      if (operation !== undefined) operation.outcome = outcomeOf(formatted);
      if (operation === undefined || operation.kind === 'unknown') count(parts, operation, outcomeOf(formatted));
      return formatted;
    },
    onComplete: ({ extra }, _id, payload) => {
      const operation = extra.session.of(payload);
      extra.session.end(payload);
      count(parts, operation, operation?.outcome ?? 'OK');
    },
  };
  return makeServer<Params, SocketExtra>({ ...hooks, connectionInitWaitTimeout: LIMITS.connectionInitMs });
}

async function connect({ extra, connectionParams }: Context<Params, SocketExtra>, parts: DoorParts, sessions: Sessions): Promise<boolean> {
  const { session } = extra;
  try {
    const visitor = await identify(parts.authenticator, keyFromConnectionParams(connectionParams));
    session.principal = visitor.principal;
    if (sessions.admit(session, visitor)) return true;
    session.close({ code: SOCKET_CLOSE.tooMany, text: 'Too many sockets for this key', reason: 'left' });
  } catch (error) {
    const known = error instanceof GatewayError ? error.code : null;
    if (known === null) parts.logger.error({ err: error }, 'a socket could not be authenticated');
    if (known === 'UNAUTHENTICATED') session.close({ code: SOCKET_CLOSE.forbidden, text: 'Forbidden', reason: 'left' });
    else session.close({ code: SOCKET_CLOSE.tryAgainLater, text: 'Try again later', reason: 'left' });
  }
  return false;
}

interface Asked {
  readonly session: Session;
  readonly id: string;
  readonly payload: SubscribePayload;
}

/** Never throws: the library would close the socket. */
function subscribe(asked: Asked, parts: DoorParts): ExecutionArgs | readonly GraphQLError[] {
  const { session, id, payload } = asked;
  if (parts.activity.draining) return [toGraphqlError(stopping())];
  const operation = session.begin(id, payload);
  if (operation === null) return [toGraphqlError(tooMany())];
  const refused = (errors: readonly GraphQLError[]) => {
    session.end(payload);
    return errors;
  };
  try {
    const { api } = parts;
    const request = { query: payload.query, operationName: payload.operationName ?? null, variables: payload.variables ?? null };
    const admission = api.guard.admit(request, session.principal);
    if (!admission.ok) return refused(admission.errors);
    operation.kind = admission.operation;
    return {
      schema: api.schema,
      document: admission.document,
      operationName: request.operationName,
      variableValues: request.variables,
      contextValue: api.createContext(callerOf(session, operation)),
    };
  } catch (error) {
    return refused([toGraphqlError(error)]);
  }
}

function callerOf({ principal, isBehind }: Session, { requestId, signal }: Operation): Caller {
  return { principal, requestId, signal, isBehind };
}

function count(parts: DoorParts, operation: Operation | undefined, outcome: string): void {
  parts.metrics.operationEnded({ door: 'websocket', operation: operation?.kind ?? 'unknown', outcome });
}

function tooMany(): GatewayError {
  return new GatewayError('OPERATION_TOO_COSTLY', `A socket runs at most ${LIMITS.operationsPerSocket} operations at once.`);
}
