import { buildSchema, getOperationAST, GraphQLError, Kind, parse, validate, type DocumentNode, type GraphQLSchema } from 'graphql';
import { GatewayError } from '../../src/core/errors.js';
import type { ReaderGone } from '../../src/core/reader.js';
import type { Admission, Caller, GraphqlApi, Guard, OperationRequest } from '../../src/http/api.js';

const SDL = /* GraphQL */ `
  type Query {
    hello: String!
    echo(value: Int!): Int!
    requestId: String!
    fail: String
    away: String!
    forbidden: String!
    partly: String
    "Answers when its reader has gone."
    waiting: String
    blob(bytes: Int!): String!
  }
  type Mutation {
    touch: Int!
    waiting: String
  }
  type Subscription {
    ticks(count: Int!): Int!
    silent: Int!
    breaks: Int!
    refused: Int!
    flood(count: Int!, bytes: Int!): String!
  }
`;

/** A schema that does whatever a transport may meet, with a guard that parses, validates and asks for a key. */
export interface SampleApi extends GraphqlApi {
  /** How often the guard parsed. */
  readonly parsed: () => number;
  readonly touched: () => number;
  /** How many results floods have made. */
  readonly flooded: () => number;
  /** Silent streams: resolves as the next one is subscribed, with the promise of its end. */
  nextSilent(): Promise<{ readonly returned: Promise<void>; readonly signal: AbortSignal }>;
  /** Resolves as the next `waiting` field begins. */
  nextWaiting(): Promise<{ readonly signal: AbortSignal; readonly gone: Promise<ReaderGone> }>;
}

/** `own` takes the sample schema's place. */
export function createSampleApi(own?: GraphQLSchema): SampleApi {
  const state = { parsed: 0, touched: 0, flooded: 0 };
  const silents = createQueue<{ returned: Promise<void>; signal: AbortSignal }>();
  const waitings = createQueue<{ signal: AbortSignal; gone: Promise<ReaderGone> }>();
  const schema = buildSchema(SDL);
  const waiting = (_source: unknown, _args: unknown, { signal }: Caller) => {
    const gone = new Promise<ReaderGone>((resolve) => {
      signal.addEventListener('abort', () => {
        resolve(signal.reason as ReaderGone);
      });
    });
    waitings.push({ signal, gone });
    return gone.then(({ reason }) => reason);
  };
  resolveFields(schema, 'Query', {
    hello: () => 'world',
    echo: (_source, { value }) => value,
    requestId: (_source, _args, { requestId }) => requestId,
    fail: () => {
      throw new Error('secret detail of the database');
    },
    away: () => {
      throw new GatewayError('SERVICE_UNAVAILABLE', 'The database is away.', { retryAfterMs: 5_000 });
    },
    forbidden: () => {
      throw new GatewayError('FORBIDDEN', 'Needs CONFIG_WRITE.');
    },
    partly: () => {
      throw new GatewayError('FORBIDDEN', 'Needs USAGE_READ.');
    },
    waiting,
    blob: (_source, { bytes }) => 'x'.repeat(Number(bytes)),
  });
  resolveFields(schema, 'Mutation', { touch: () => (state.touched += 1), waiting });
  subscribeFields(schema, { pushSilent: silents.push, onFlooded: () => (state.flooded += 1) });
  const served = own ?? schema;
  return {
    schema: served,
    guard: createSampleGuard(served, () => (state.parsed += 1)),
    createContext: (caller) => ({ ...caller }),
    parsed: () => state.parsed,
    touched: () => state.touched,
    flooded: () => state.flooded,
    nextSilent: silents.next,
    nextWaiting: waitings.next,
  };
}

type Resolver = (source: unknown, args: Record<string, unknown>, context: Caller) => unknown;

function resolveFields(schema: GraphQLSchema, type: string, resolvers: Record<string, Resolver>): void {
  const fields = schema.getType(type);
  if (!fields || !('getFields' in fields)) throw new Error(`no type ${type}`);
  for (const [name, resolver] of Object.entries(resolvers)) Object.assign(fields.getFields()[name] ?? {}, { resolve: resolver });
}

interface StreamHooks {
  readonly pushSilent: (silent: { returned: Promise<void>; signal: AbortSignal }) => void;
  readonly onFlooded: () => void;
}

function subscribeFields(schema: GraphQLSchema, { pushSilent, onFlooded }: StreamHooks): void {
  const fields = schema.getSubscriptionType()?.getFields() ?? {};
  const streams: Record<string, Resolver> = {
    async *ticks(_source, { count }) {
      for (let index = 0; index < Number(count); index += 1) yield await Promise.resolve(index);
    },
    silent: (_source, _args, { signal }) => silentIterator(signal, pushSilent),
    async *breaks() {
      yield await Promise.resolve(1);
      throw new GatewayError('EVENTS_EXPIRED', 'The events are gone.');
    },
    refused: () => {
      throw new GatewayError('NOT_FOUND', 'There is no such completion.');
    },
    async *flood(_source, { count, bytes }) {
      for (let index = 0; index < Number(count); index += 1) {
        onFlooded();
        yield await Promise.resolve('x'.repeat(Number(bytes)));
      }
    },
  };
  for (const [name, subscribe] of Object.entries(streams))
    Object.assign(fields[name] ?? {}, { subscribe, resolve: (value: unknown) => value });
}

/** Never yields; ends only by `return()`. */
function silentIterator(
  signal: AbortSignal,
  push: (silent: { returned: Promise<void>; signal: AbortSignal }) => void,
): AsyncIterableIterator<number> {
  let end: (result: IteratorReturnResult<undefined>) => void = () => undefined;
  let tellReturned: () => void = () => undefined;
  const returned = new Promise<void>((done) => {
    tellReturned = done;
  });
  push({ returned, signal });
  return {
    next: () =>
      new Promise((done) => {
        end = done;
      }),
    return: () => {
      tellReturned();
      end({ done: true, value: undefined });
      return Promise.resolve({ done: true, value: undefined });
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

function createSampleGuard(schema: GraphQLSchema, onParse: () => void): Guard {
  const known = new Map<string, DocumentNode>();
  const admit = ({ query, operationName }: OperationRequest, isKnown: boolean): Admission => {
    let document = known.get(query);
    if (document === undefined) {
      onParse();
      try {
        document = parse(query);
      } catch (error) {
        return { ok: false, errors: [coded(error, 'GRAPHQL_VALIDATION_FAILED')] };
      }
      const errors = validate(schema, document);
      if (errors.length > 0) return { ok: false, errors: errors.map((error) => coded(error, 'GRAPHQL_VALIDATION_FAILED')) };
      known.set(query, document);
    }
    const operation = getOperationAST(document, operationName);
    if (!operation) return { ok: false, errors: [coded(new Error('Which operation?'), 'BAD_USER_INPUT')] };
    const isOpen = operation.selectionSet.selections.every(
      (selection) => selection.kind === Kind.FIELD && selection.name.value.startsWith('__'),
    );
    if (!isKnown && !isOpen) return { ok: false, errors: [coded(new Error('An API key is needed.'), 'UNAUTHENTICATED')] };
    return { ok: true, document, operation: operation.operation };
  };
  return {
    admit: (request, principal) => admit(request, principal !== null),
    formatError: (error, requestId) => {
      const code = codeOf(error);
      const wait = error.originalError instanceof GatewayError ? { retryAfterMs: error.originalError.retryAfterMs } : {};
      return { message: code === 'INTERNAL' ? 'An internal error occurred.' : error.message, extensions: { code, requestId, ...wait } };
    },
  };
}

function coded(error: unknown, code: string): GraphQLError {
  return new GraphQLError(error instanceof Error ? error.message : String(error), { extensions: { code } });
}

function codeOf(error: GraphQLError): string {
  if (error.originalError instanceof GatewayError) return error.originalError.code;
  const { code } = error.extensions;
  if (typeof code === 'string') return code;
  const isVariable = error.path === undefined && (error.originalError === undefined || error.message.startsWith('Variable "$'));
  return isVariable ? 'BAD_USER_INPUT' : 'INTERNAL';
}

function createQueue<T>(): { push(item: T): void; next(): Promise<T> } {
  const items: T[] = [];
  const waiting: ((item: T) => void)[] = [];
  return {
    push: (item) => {
      const waiter = waiting.shift();
      if (waiter) waiter(item);
      else items.push(item);
    },
    next: () => {
      const item = items.shift();
      return item === undefined ? new Promise((done) => waiting.push(done)) : Promise.resolve(item);
    },
  };
}
