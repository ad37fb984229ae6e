import type { FastifyRequest } from 'fastify';
import { OperationTypeNode } from 'graphql';
import { GatewayError } from '../../core/errors.js';
import { isJsonObject } from '../../core/json.js';
import type { OperationRequest } from '../api.js';

/**
 * The operation an HTTP request asks for, in the shape of GraphQL over HTTP (https://graphql.github.io/graphql-over-http/draft/).
 * Throws GatewayError BAD_USER_INPUT that names what is wrong.
 */
export function operationRequestOf(request: Pick<FastifyRequest, 'method' | 'url' | 'body'>): OperationRequest {
  return request.method === 'GET' ? toOperation(fieldsOfUrl(request.url)) : operationOfBody(request.body);
}

export function operationOfBody(body: unknown): OperationRequest {
  return toOperation(fieldsOfBody(body));
}

function toOperation(fields: Fields): OperationRequest {
  const { query, operationName = null, variables = null, extensions = null } = fields;
  if (!isAbsentOr(extensions, isJsonObject)) throw badInput('`extensions` must be an object.');
  if (query === undefined || query === null || query === '') throw missingQuery(extensions);
  if (typeof query !== 'string') throw badInput('`query` must be a string.');
  if (!isAbsentOr(operationName, isString)) throw badInput('`operationName` must be a string.');
  if (!isAbsentOr(variables, isJsonObject)) throw badInput('`variables` must be an object.');
  return { query, operationName, variables };
}

/** GET may be sent by any link or prefetch, so it changes nothing and starts nothing. Null where the method is fine. */
export function methodProblem(method: string, operation: OperationTypeNode): GatewayError | null {
  return method !== 'GET' || operation === OperationTypeNode.QUERY ? null : badInput(`GET runs queries only: send a ${operation} by POST.`);
}

interface Fields {
  readonly query?: unknown;
  readonly operationName?: unknown;
  readonly variables?: unknown;
  readonly extensions?: unknown;
}

function fieldsOfBody(body: unknown): Fields {
  if (Array.isArray(body)) throw badInput('Batches are not supported: send one operation a request.');
  if (!isJsonObject(body)) throw badInput('The body must be a JSON object with a `query`, sent as application/json.');
  return body;
}

function fieldsOfUrl(url: string): Fields {
  const start = url.indexOf('?');
  const search = new URLSearchParams(start === -1 ? '' : url.slice(start + 1));
  return {
    query: once(search, 'query'),
    operationName: once(search, 'operationName'),
    variables: jsonOnce(search, 'variables'),
    extensions: jsonOnce(search, 'extensions'),
  };
}

function once(search: URLSearchParams, name: string): string | undefined {
  const values = search.getAll(name);
  if (values.length > 1) throw badInput(`\`${name}\` may be given once.`);
  return values[0];
}

function jsonOnce(search: URLSearchParams, name: string): unknown {
  const text = once(search, name);
  if (text === undefined || text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    throw badInput(`\`${name}\` is not JSON.`);
  }
}

/** Clients that try persisted queries first know this message and send the whole query next. */
function missingQuery(extensions: unknown): GatewayError {
  const persisted = isJsonObject(extensions) && extensions['persistedQuery'] !== undefined;
  return badInput(persisted ? 'PersistedQueryNotSupported' : 'The request has no `query`.');
}

function isAbsentOr<T>(value: unknown, isWanted: (value: unknown) => value is T): value is T | null {
  return value === null || isWanted(value);
}

function isString(value: unknown): value is string {
  return typeof value === 'string';
}

function badInput(message: string): GatewayError {
  return new GatewayError('BAD_USER_INPUT', message);
}
