import type { FastifyReply } from 'fastify';
import { execute, OperationTypeNode, subscribe, type ExecutionArgs, type ExecutionResult } from 'graphql';
import type { Random } from '../../core/clock.js';
import { GatewayError } from '../../core/errors.js';
import type { LeaveReason } from '../../core/reader.js';
import type { Admission, GraphqlApi, OperationRequest } from '../api.js';
import type { Visitor } from '../authentication.js';
import type { DoorParts } from '../door-parts.js';
import { stopping } from '../errors.js';
import { createTurns, windowFor } from '../turns.js';
import { methodProblem } from './operation-request.js';
import { openEventStream, type EventStream } from './event-stream.js';
import { formatResult, isIterable, OK, outcomeOf, toGraphqlError } from './results.js';

/** An operation that a visitor asks for over HTTP. */
export interface AskedOperation {
  readonly request: OperationRequest;
  readonly visitor: Visitor;
  readonly requestId: string;
  readonly method: string;
}

/** Answers by server-sent events, whatever the operation; what the guard refuses is told as a result too, as the protocol has it. */
export interface EventStreamDoor {
  serve(asked: AskedOperation, reply: FastifyReply): Promise<void>;
  /** Ends what still streams, spread over a window within the grace, so that clients don't come back all at once; resolves when all were told. */
  leave(graceMs: number): Promise<void>;
  /** Ends it at once. */
  close(): void;
}

type End = (reason: LeaveReason) => void;

export function createEventStreamDoor(parts: DoorParts & { readonly random: Random }): EventStreamDoor {
  const open = new Set<End>();
  const turns = createTurns<End>(parts, (end) => {
    end('shutdown');
  });
  return {
    serve: async (asked, reply) => {
      const stream = startStream(reply, parts);
      const end: End = (reason) => {
        stream.end(reason, formatResult(parts.api.guard, { errors: [toGraphqlError(endError(reason))] }, asked.requestId));
      };
      open.add(end);
      const release = holdKey(asked.visitor, parts, end);
      try {
        await answer(stream, asked, parts);
      } finally {
        release();
        open.delete(end);
        turns.gone(end);
      }
    },
    leave: async (graceMs) => {
      const windowMs = windowFor(open.size, graceMs);
      await Promise.all([...open].map((end) => turns.take(end, windowMs)));
    },
    close: () => {
      for (const end of open) end('shutdown');
    },
  };
}

function startStream(reply: FastifyReply, { clock }: DoorParts): EventStream {
  reply.hijack();
  for (const [name, value] of Object.entries(reply.getHeaders())) if (value !== undefined) reply.raw.setHeader(name, value);
  reply.raw.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-cache, no-transform',
    'x-accel-buffering': 'no',
  });
  return openEventStream(reply.raw, clock);
}

function holdKey(visitor: Visitor, parts: DoorParts, end: End): () => void {
  if (visitor.principal === null) return () => undefined;
  const revoke = () => {
    end('revoked');
  };
  return parts.keyHolders.add({ principal: visitor.principal, key: visitor.key, revoke });
}

async function answer(stream: EventStream, asked: AskedOperation, parts: DoorParts): Promise<void> {
  const { guard } = parts.api;
  let operation = 'unknown';
  let outcome = OK;
  const tell = (result: ExecutionResult) => {
    const formatted = formatResult(guard, result, asked.requestId);
    if (outcome === OK) outcome = outcomeOf(formatted.errors);
    return stream.next(formatted);
  };
  try {
    const admission = guard.admit(asked.request, asked.visitor.principal);
    if (admission.ok) {
      operation = admission.operation;
      const problem = methodProblem(asked.method, admission.operation);
      if (problem !== null) throw problem;
      await run(stream, { asked, admitted: admission, api: parts.api }, tell);
    } else await tell({ errors: admission.errors });
  } catch (thrown) {
    await tell({ errors: [toGraphqlError(thrown)] });
  }
  if (!stream.signal.aborted) stream.complete();
  parts.metrics.operationEnded({ door: 'sse', operation, outcome });
}

interface Admitted {
  readonly asked: AskedOperation;
  readonly admitted: Extract<Admission, { ok: true }>;
  readonly api: GraphqlApi;
}

async function run(
  stream: EventStream,
  { asked, admitted, api }: Admitted,
  tell: (result: ExecutionResult) => Promise<void>,
): Promise<void> {
  const { signal, isBehind } = stream;
  const args: ExecutionArgs = {
    schema: api.schema,
    document: admitted.document,
    operationName: asked.request.operationName,
    variableValues: asked.request.variables,
    contextValue: api.createContext({ principal: asked.visitor.principal, requestId: asked.requestId, signal, isBehind }),
  };
  if (admitted.operation !== OperationTypeNode.SUBSCRIPTION) {
    await tell(await execute(args));
    return;
  }
  const results = await subscribe(args);
  if (isIterable(results)) await follow(results, signal, tell);
  else await tell(results);
}

/** `return()` is called the moment the reader is gone, not when the next result comes. */
async function follow(
  results: AsyncIterableIterator<ExecutionResult>,
  signal: AbortSignal,
  tell: (result: ExecutionResult) => Promise<void>,
): Promise<void> {
  const stop = () => void results.return?.();
  if (signal.aborted) {
    stop();
    return;
  }
  signal.addEventListener('abort', stop, { once: true });
  for await (const result of results) await tell(result);
}

function endError(reason: LeaveReason): GatewayError {
  return reason === 'revoked' ? new GatewayError('UNAUTHENTICATED', 'The API key was revoked or has expired.') : stopping();
}
