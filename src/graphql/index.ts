import type { GraphQLSchema } from 'graphql';
import type { Logger } from '../core/logger.js';
import { createGraphqlContext, type Caller, type GraphqlContext, type GraphqlServices } from './context.js';
import { createGuard, type Guard, type IntrospectionMode } from './guard.js';
import { buildGlidepathSchema } from './schema.js';

export type { Caller, GraphqlContext, GraphqlServices } from './context.js';
export type { Admission, Guard, IntrospectionMode, OperationRequest } from './guard.js';

/** What the doors need: the bare schema, the guard that all of them share, and a context for each operation. */
export interface GraphqlApi {
  readonly schema: GraphQLSchema;
  readonly guard: Guard;
  /** The whole subgraph, sorted. */
  readonly sdl: string;
  createContext(caller: Caller): GraphqlContext;
}

export interface GraphqlApiOptions {
  readonly services: GraphqlServices;
  readonly introspection: IntrospectionMode;
  readonly logger: Logger;
}

export function createGraphqlApi({ services, introspection, logger }: GraphqlApiOptions): GraphqlApi {
  const { schema, sdl } = buildGlidepathSchema();
  return {
    schema,
    sdl,
    guard: createGuard({ schema, introspection, logger }),
    createContext: (caller) => createGraphqlContext(services, caller),
  };
}
