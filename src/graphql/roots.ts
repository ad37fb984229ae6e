import type { GraphQLFieldResolver } from 'graphql';
import { getMetadataStorage, type ClassType } from 'type-graphql';
import type { Permission } from '../core/vocabulary.js';
import { PERMISSIONS } from '../core/vocabulary.js';
import type { GraphqlContext } from './context.js';
import { authorize } from './permissions.js';

export type RootResolver = GraphQLFieldResolver<unknown, GraphqlContext, unknown>;

export interface RootResolvers {
  readonly Query: Readonly<Record<string, RootResolver>>;
  readonly Mutation: Readonly<Record<string, RootResolver>>;
  readonly Subscription: Readonly<Record<string, { readonly subscribe: RootResolver; readonly resolve: RootResolver }>>;
}

interface Declared {
  readonly target: unknown;
  readonly methodName: string;
  readonly schemaName: string;
}

/**
 * The functions of the root fields, from what their classes declare. Each method is called as `(args, context)` with the
 * arguments as graphql-js coerced them: type-graphql's own wrappers would copy every input into class instances first,
 * which costs more than the rest of a call with a long conversation. The permission declared beside a method is checked here.
 */
export function createRootResolvers(classes: readonly ClassType[]): RootResolvers {
  const storage = getMetadataStorage();
  const instances = new Map<unknown, object>(classes.map((resolverClass) => [resolverClass, new resolverClass()]));
  const bound = (declared: readonly Declared[]) =>
    declared.flatMap(({ target, methodName, schemaName }) => {
      const instance = instances.get(target);
      return instance ? [[schemaName, guarded(methodOf(instance, methodName), permissionsOf(target, methodName))] as const] : [];
    });
  const permissionsOf = (target: unknown, methodName: string): readonly Permission[] => {
    const entry = storage.authorizedFields.find((field) => field.target === target && field.fieldName === methodName);
    if (!entry) throw new Error(`${methodName} declares no permission`);
    return entry.roles.map(toPermission);
  };
  const subscriptions = bound(storage.subscriptions).map(([name, subscribe]) => [name, { subscribe, resolve: passOn }] as const);
  return {
    Query: Object.fromEntries(bound(storage.queries)),
    Mutation: Object.fromEntries(bound(storage.mutations)),
    Subscription: Object.fromEntries(subscriptions),
  };
}

/** For `@Subscription`, which wants a source: here the decorated method itself is the source. */
export const BOUND_BY_ROOTS = (): never => {
  throw new Error('root fields are bound by createRootResolvers');
};

type Method = (args: unknown, context: GraphqlContext) => unknown;

function guarded(method: Method, wanted: readonly Permission[]): RootResolver {
  return (_source, args, context) => {
    authorize(context.principal, wanted);
    return method(args, context);
  };
}

/** Events are mapped where they are read; what comes here is the value of the field. */
const passOn: RootResolver = (event) => event;

function methodOf(instance: object, name: string): Method {
  const method: unknown = Reflect.get(instance, name);
  if (typeof method !== 'function') throw new Error(`${name} is no method`);
  return (args, context): unknown => Reflect.apply(method, instance, [args, context]);
}

function toPermission(word: unknown): Permission {
  const permission = PERMISSIONS.find((known) => known === word);
  if (permission === undefined) throw new Error(`${String(word)} is no permission`);
  return permission;
}
