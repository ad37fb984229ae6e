import {
  getOperationAST,
  GraphQLError,
  Kind,
  NoSchemaIntrospectionCustomRule,
  OperationTypeNode,
  parse,
  specifiedRules,
  validate,
} from 'graphql';
import type { DocumentNode, GraphQLSchema, OperationDefinitionNode } from 'graphql';
import { LRUCache } from 'lru-cache';
import type { TopLevelCode } from '../core/errors.js';
import type { Logger } from '../core/logger.js';
import type { Principal } from '../core/principal.js';
import { createCostMeter, type Cost } from './guard/cost.js';
import { createErrorFormatter, type ErrorFormatter } from './guard/format-error.js';
import { GUARD_LIMITS, isDeeperThan, type GuardLimits } from './guard/limits.js';
import { createShapeMeter, isIntrospection, type Shape } from './guard/shape.js';

/** Who may read the schema: everybody, whoever has a key, or nobody. */
export type IntrospectionMode = 'public' | 'authenticated' | 'off';

export interface OperationRequest {
  readonly query: string;
  readonly operationName: string | null;
  readonly variables: Readonly<Record<string, unknown>> | null;
}

export type Admission =
  | { readonly ok: true; readonly document: DocumentNode; readonly operation: OperationTypeNode }
  | { readonly ok: false; readonly errors: readonly GraphQLError[] };

/**
 * The one guard of all doors:
 * 1. parse, up to a number of tokens; 2. validate; 3. measure depth, aliases and root fields;
 * these three once a document, then from a bounded cache. And for each request:
 * 4. find the operation; 5. authorize documents without a key, and introspection; 6. bound the variables; 7. bound the cost.
 */
export interface Guard extends ErrorFormatter {
  admit(request: OperationRequest, principal: Principal | null): Admission;
  /** How often a document was known already. */
  cacheStatistics(): { readonly hits: number; readonly misses: number };
}

export interface GuardOptions {
  readonly schema: GraphQLSchema;
  readonly introspection: IntrospectionMode;
  readonly logger: Logger;
  readonly limits?: GuardLimits;
}

interface KnownDocument {
  readonly document: DocumentNode;
  readonly shapeOf: (operation: OperationDefinitionNode) => Shape;
  readonly costOf: (operation: OperationDefinitionNode, variables: OperationRequest['variables']) => Cost;
}

export function createGuard({ schema, introspection, logger, limits = GUARD_LIMITS }: GuardOptions): Guard {
  const open = createDocumentOpener({ schema, introspection, limits });
  const documents = new LRUCache<string, KnownDocument>({
    max: limits.cachedDocuments,
    maxSize: limits.cachedCharacters,
    sizeCalculation: (_document, query) => query.length + 1,
  });
  const statistics = { hits: 0, misses: 0 };

  function lookUp(query: string): KnownDocument | readonly GraphQLError[] {
    const cached = documents.get(query);
    statistics[cached ? 'hits' : 'misses'] += 1;
    if (cached) return cached;
    const opened = open(query);
    if (isKnown(opened)) documents.set(query, opened);
    return opened;
  }

  return {
    admit({ query, operationName, variables }, principal) {
      const known = lookUp(query);
      // What is wrong with a document tells of the schema: only to those who may read it.
      if (!isKnown(known)) return refused(principal === null && introspection !== 'public' ? [noKey()] : known);
      const operation = getOperationAST(known.document, operationName);
      if (!operation) return refused([unknownOperation(operationName)]);
      if (principal === null && !isOpenToAll(operation, known.shapeOf(operation), introspection)) return refused([noKey()]);
      if (isDeeperThan(variables, limits.variableDepth + 1)) return refused([tooDeep(limits.variableDepth)]);
      const { objects } = known.costOf(operation, variables);
      if (objects > limits.cost) return refused([tooCostly(objects, limits.cost)]);
      return { ok: true, document: known.document, operation: operation.operation };
    },
    cacheStatistics: () => ({ ...statistics }),
    ...createErrorFormatter({ logger, suggestions: introspection === 'public' }),
  };
}

type Opening = Pick<Required<GuardOptions>, 'schema' | 'introspection' | 'limits'>;

/** What depends on the document alone: its syntax, its sense, its size. */
function createDocumentOpener({ schema, introspection, limits }: Opening): (query: string) => KnownDocument | readonly GraphQLError[] {
  const rules = introspection === 'off' ? [...specifiedRules, NoSchemaIntrospectionCustomRule] : specifiedRules;
  return (query) => {
    const document = parseWithin(query, limits.tokens);
    if (document instanceof GraphQLError) return [document];
    const errors = validate(schema, document, rules, { hideSuggestions: introspection !== 'public' });
    if (errors.length > 0) return errors.map((error) => refusal('GRAPHQL_VALIDATION_FAILED', error.message, error));
    const shapeOf = remember(createShapeMeter(document));
    const operations = document.definitions.filter((node) => node.kind === Kind.OPERATION_DEFINITION);
    const oversize = operations.flatMap((operation) => sizeProblems(shapeOf(operation), limits));
    return oversize.length > 0 ? oversize : { document, shapeOf, costOf: rememberCost(createCostMeter(schema, document)) };
  };
}

function parseWithin(query: string, maxTokens: number): DocumentNode | GraphQLError {
  try {
    return parse(query, { maxTokens });
  } catch (error) {
    if (error instanceof GraphQLError) return refusal('GRAPHQL_VALIDATION_FAILED', error.message, error);
    throw error;
  }
}

function sizeProblems(shape: Shape, limits: GuardLimits): readonly GraphQLError[] {
  const measures = [
    { what: 'levels of fields', is: shape.depth, limit: limits.depth },
    { what: 'aliases', is: shape.aliases, limit: limits.aliases },
    { what: 'root fields', is: shape.rootFields, limit: limits.rootFields },
  ];
  return measures
    .filter(({ is, limit }) => is > limit)
    .map(({ what, is, limit }) => refusal('GRAPHQL_VALIDATION_FAILED', `The operation has ${is} ${what}; at most ${limit} are answered.`));
}

/** Without a key: `__typename`, and where the schema is public also what describes it. */
function isOpenToAll(operation: OperationDefinitionNode, { rootNames }: Shape, introspection: IntrospectionMode): boolean {
  if (operation.operation !== OperationTypeNode.QUERY) return false;
  const describesSchema = (name: string) => introspection === 'public' && (name === '_service' || isIntrospection(name));
  return [...rootNames].every((name) => name === '__typename' || describesSchema(name));
}

function isKnown(opened: KnownDocument | readonly GraphQLError[]): opened is KnownDocument {
  return 'document' in opened;
}

function refused(errors: readonly GraphQLError[]): Admission {
  return { ok: false, errors };
}

function refusal(code: TopLevelCode, message: string, at?: GraphQLError): GraphQLError {
  return new GraphQLError(message, {
    nodes: at?.nodes ?? null,
    source: at?.source ?? null,
    positions: at?.positions ?? null,
    extensions: { code },
  });
}

function noKey(): GraphQLError {
  return refusal('UNAUTHENTICATED', 'An API key is needed: send it as "Authorization: Bearer <key>".');
}

function unknownOperation(name: string | null): GraphQLError {
  return refusal(
    'BAD_USER_INPUT',
    name === null ? 'The document holds several operations: name one.' : 'The document holds no operation of that name.',
  );
}

function tooDeep(limit: number): GraphQLError {
  return refusal('BAD_USER_INPUT', `Variables are nested more than ${limit} levels deep.`);
}

function tooCostly(objects: number, limit: number): GraphQLError {
  return refusal(
    'OPERATION_TOO_COSTLY',
    `The operation may come to ${objects} objects; at most ${limit} are answered. Ask for smaller pages.`,
  );
}

function remember(measure: KnownDocument['shapeOf']): KnownDocument['shapeOf'] {
  const known = new Map<OperationDefinitionNode, Shape>();
  return (operation) => {
    const shape = known.get(operation) ?? measure(operation);
    known.set(operation, shape);
    return shape;
  };
}

/** Only what depends on variables is estimated again. */
function rememberCost(measure: KnownDocument['costOf']): KnownDocument['costOf'] {
  const known = new Map<OperationDefinitionNode, Cost>();
  return (operation, variables) => {
    const cost = known.get(operation) ?? measure(operation, variables);
    if (!cost.varies) known.set(operation, cost);
    return cost;
  };
}
