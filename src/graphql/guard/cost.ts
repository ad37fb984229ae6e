import { getNamedType, getNullableType, isCompositeType, isInterfaceType, isListType, isObjectType, Kind } from 'graphql';
import type {
  DocumentNode,
  FieldNode,
  GraphQLCompositeType,
  GraphQLField,
  GraphQLSchema,
  OperationDefinitionNode,
  SelectionSetNode,
} from 'graphql';
import { DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE } from '../connection.js';
import { fragmentsOf, isIntrospection } from './shape.js';

/** What a list without pages is taken to hold. */
const PLAIN_LIST_SIZE = 5;

type Variables = Readonly<Record<string, unknown>> | null;

export interface Cost {
  /** Objects that the answer may come to, at most. */
  readonly objects: number;
  /** A page size came from a variable: another request with this document may cost something else. */
  readonly varies: boolean;
}

/** Estimates an operation: page sizes multiply, every object below them counts one. Each fragment is walked once. */
export function createCostMeter(schema: GraphQLSchema, document: DocumentNode) {
  const fragments = fragmentsOf(document);

  return (operation: OperationDefinitionNode, variables: Variables): Cost => {
    const known = new Map<string, number>();
    let varies = false;

    function ofSelections({ selections }: SelectionSetNode, parent: GraphQLCompositeType): number {
      let objects = 0;
      for (const selection of selections) {
        if (selection.kind === Kind.FIELD) objects += ofField(selection, parent);
        else if (selection.kind === Kind.FRAGMENT_SPREAD) objects += ofFragment(selection.name.value);
        else objects += ofSelections(selection.selectionSet, conditionOf(schema, selection.typeCondition?.name.value) ?? parent);
      }
      return objects;
    }

    function ofFragment(name: string): number {
      const fragment = fragments.get(name);
      const type = conditionOf(schema, fragment?.typeCondition.name.value);
      if (known.has(name) || !fragment || !type) return known.get(name) ?? 0;
      known.set(name, 0);
      const objects = ofSelections(fragment.selectionSet, type);
      known.set(name, objects);
      return objects;
    }

    function ofField(node: FieldNode, parent: GraphQLCompositeType): number {
      const field = isIntrospection(node.name.value) ? undefined : fieldOf(parent, node.name.value);
      const type = field && getNamedType(field.type);
      if (!field || !node.selectionSet || !isCompositeType(type)) return 0;
      return sizeOf(field, node, parent) * (1 + ofSelections(node.selectionSet, type));
    }

    function sizeOf(field: GraphQLField<unknown, unknown>, node: FieldNode, parent: GraphQLCompositeType): number {
      if (field.args.some((argument) => argument.name === 'first')) return pageSize(node);
      const isPage = parent.name.endsWith('Connection');
      return !isPage && isListType(getNullableType(field.type)) ? PLAIN_LIST_SIZE : 1;
    }

    function pageSize(node: FieldNode): number {
      const value = node.arguments?.find((argument) => argument.name.value === 'first')?.value;
      if (value?.kind === Kind.INT) return clamp(Number(value.value));
      if (value?.kind !== Kind.VARIABLE) return DEFAULT_PAGE_SIZE;
      varies = true;
      const given = variables?.[value.name.value];
      return typeof given === 'number' ? clamp(given) : MAX_PAGE_SIZE;
    }

    const root = schema.getRootType(operation.operation);
    const objects = root ? ofSelections(operation.selectionSet, root) : 0;
    return { objects, varies };
  };
}

/** A size that is out of range is the resolver's to refuse. */
function clamp(size: number): number {
  return Math.min(Math.max(size, 0), MAX_PAGE_SIZE);
}

function conditionOf(schema: GraphQLSchema, name: string | undefined): GraphQLCompositeType | null {
  const type = name === undefined ? undefined : schema.getType(name);
  return isCompositeType(type) ? type : null;
}

function fieldOf(parent: GraphQLCompositeType, name: string): GraphQLField<unknown, unknown> | undefined {
  return isObjectType(parent) || isInterfaceType(parent) ? parent.getFields()[name] : undefined;
}
