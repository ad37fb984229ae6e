import 'reflect-metadata';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { printSchemaWithDirectives } from '@graphql-tools/utils';
import { isAbstractType, isScalarType, isSpecifiedScalarType, lexicographicSortSchema, parse } from 'graphql';
import type { GraphQLField, GraphQLFieldMap, GraphQLScalarType, GraphQLSchema } from 'graphql';
import { buildSchemaSync, getMetadataStorage } from 'type-graphql';
import { AccessResolver } from './access/resolver.js';
import { CatalogueChangesResolver } from './catalogue/changes.js';
import { CatalogueResolver } from './catalogue/resolver.js';
import type { GraphqlContext } from './context.js';
import { resolveEntities } from './entities.js';
import { Conflict, NotFound } from './errors/types.js';
import { EVENT_TYPES } from './inference/events.js';
import { InferenceResolver } from './inference/resolver.js';
import { BOUND_BY_ROOTS, createRootResolvers, type RootResolvers } from './roots.js';

const RESOLVERS = [InferenceResolver, CatalogueResolver, CatalogueChangesResolver, AccessResolver] as const;
const ORPHANED_TYPES = [...EVENT_TYPES, Conflict, NotFound];

const HEADER = `
extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@shareable"])

directive @oneOf on INPUT_OBJECT
`;

export interface GlidepathSchema {
  readonly schema: GraphQLSchema;
  /** The whole subgraph, sorted: what `schema/` holds and a router composes. */
  readonly sdl: string;
}

/** Builds the subgraph from what the classes declare. Holds no services: those come with each operation's context. */
export function buildGlidepathSchema(): GlidepathSchema {
  const declared = buildSchemaSync({
    resolvers: RESOLVERS,
    orphanedTypes: ORPHANED_TYPES,
    validate: false,
    skipCheck: true,
    // Root fields are bound by `createRootResolvers`, which checks what @Authorized declares and needs no topics.
    authChecker: () => false,
    pubSub: { publish: () => undefined, subscribe: BOUND_BY_ROOTS },
  });
  const sdl = HEADER + printSchemaWithDirectives(lexicographicSortSchema(declared));
  const schema = buildSubgraphSchema([{ typeDefs: parse(sdl), resolvers: customScalars(declared) }]);
  attach(schema, createRootResolvers(RESOLVERS));
  return { schema, sdl };
}

function customScalars(declared: GraphQLSchema): Record<string, GraphQLScalarType> {
  const custom = Object.values(declared.getTypeMap()).filter((type) => isScalarType(type) && !isSpecifiedScalarType(type));
  return Object.fromEntries(custom.filter(isScalarType).map((type) => [type.name, type]));
}

/** Object types need nothing: their values are classes whose members graphql-js reads and calls by itself. */
function attach(schema: GraphQLSchema, roots: RootResolvers): void {
  const query = schema.getQueryType()?.getFields() ?? {};
  const mutation = schema.getMutationType()?.getFields() ?? {};
  const subscription = schema.getSubscriptionType()?.getFields() ?? {};
  for (const [name, resolve] of Object.entries(roots.Query)) fieldOf(query, name).resolve = resolve;
  for (const [name, resolve] of Object.entries(roots.Mutation)) fieldOf(mutation, name).resolve = resolve;
  for (const [name, resolvers] of Object.entries(roots.Subscription)) Object.assign(fieldOf(subscription, name), resolvers);
  fieldOf(query, '_entities').resolve = resolveEntities;
  const resolveType = createTypeResolver();
  for (const type of Object.values(schema.getTypeMap())) if (isAbstractType(type)) type.resolveType = resolveType;
}

function fieldOf(fields: GraphQLFieldMap<unknown, unknown>, name: string): GraphQLField<unknown, GraphqlContext> {
  const field = fields[name];
  if (field === undefined) throw new Error(`the schema has no root field ${name}`);
  return field;
}

/** The GraphQL name that a value's class was declared under. */
function createTypeResolver(): (value: object) => string {
  const names = new Map<unknown, string>(getMetadataStorage().objectTypes.map(({ target, name }) => [target, name]));
  return (value) => {
    const name = names.get(value.constructor);
    if (name === undefined) throw new Error(`${value.constructor.name} is no declared object type`);
    return name;
  };
}
