import type { FastifyReply, FastifyRequest } from 'fastify';
import { execute, type GraphQLFormattedError } from 'graphql';
import type { Admission, GraphqlApi } from '../api.js';
import { retryAfterSeconds, statusOf } from '../errors.js';
import type { Metrics } from '../metrics.js';
import type { AskedOperation } from './event-stream-door.js';
import { formatResult, outcomeOf } from './results.js';

/** What a plain request is answered with, as Apollo would. */
const PLAIN_TYPE = 'application/json; charset=utf-8';
const PLAIN_BODY = /^application\/json(?:; ?charset=utf-8)?$/i;
const PLAIN_ANSWERS: ReadonlySet<string | undefined> = new Set([undefined, '*/*', 'application/json']);

/**
 * JSON is sent, and JSON or anything is wanted: nothing is left for Apollo to negotiate, and no page can send that type to
 * another site unasked. Its pipeline would take longer than the whole execution.
 */
export function isPlain({ method, headers }: FastifyRequest): boolean {
  return method === 'POST' && PLAIN_ANSWERS.has(headers.accept) && PLAIN_BODY.test(headers['content-type'] ?? '');
}

export interface PlainRun {
  readonly asked: AskedOperation;
  readonly admission: Extract<Admission, { ok: true }>;
  readonly context: object;
  readonly reply: FastifyReply;
}

/** Executes an admitted operation, and answers as Apollo does. */
export async function answerPlain(
  { api, metrics }: { readonly api: GraphqlApi; readonly metrics: Metrics },
  { asked, admission, context, reply }: PlainRun,
): Promise<string> {
  const { operationName, variables: variableValues } = asked.request;
  const { document, operation } = admission;
  const result = await execute({ schema: api.schema, document, operationName, variableValues, contextValue: context });
  const formatted = formatResult(api.guard, result, asked.requestId);
  metrics.operationEnded({ door: 'http', operation, outcome: outcomeOf(formatted.errors) });
  if (formatted.errors && !formatted.data) setStatus(formatted.errors, reply);
  reply.type(PLAIN_TYPE);
  return JSON.stringify(formatted);
}

/** The status of an answer that holds no data. */
export function setStatus(errors: readonly GraphQLFormattedError[], reply: FastifyReply): void {
  const status = statusOf(errors);
  if (status === 503) reply.header('retry-after', retryAfterSeconds(errors[0]?.extensions?.['retryAfterMs']));
  reply.code(status);
}
