import { getNamedType, getNullableType, isCompositeType, isInterfaceType, isListType, isObjectType, Kind } from 'graphql';
import type {
  DocumentNode,
  FieldNode,
  FragmentDefinitionNode,
  GraphQLArgument,
  GraphQLCompositeType,
  GraphQLField,
  GraphQLNamedType,
  GraphQLSchema,
  OperationDefinitionNode,
  SelectionNode,
  SelectionSetNode,
} from 'graphql';
import { MAX_LIMIT } from '../../accounting/reports/plan.js';
import { MAX_PAGE_SIZE } from '../connection.js';
import { fragmentsOf, isIntrospection } from './shape.js';

/** What a list without pages is taken to hold. */
const PLAIN_LIST_SIZE = 5;
/** Arguments that say how much is answered, and how much that is at most. */
const SIZES: ReadonlyMap<string, number> = new Map([
  ['first', MAX_PAGE_SIZE],
  ['limit', MAX_LIMIT],
]);

type Variables = Readonly<Record<string, unknown>> | null;

export interface Cost {
  /** Objects that the answer may come to, at most. */
  readonly objects: number;
  /** A size came from a variable: another request with this document may cost something else. */
  readonly varies: boolean;
}

/** Estimates operations of one document: page sizes multiply, every object below them counts one. */
export function createCostMeter(schema: GraphQLSchema, document: DocumentNode) {
  const fragments = fragmentsOf(document);
  return (operation: OperationDefinitionNode, variables: Variables): Cost => {
    const root = schema.getRootType(operation.operation);
    const estimate = new CostEstimate({ schema, fragments, variables });
    return { objects: root ? estimate.ofSelections(operation.selectionSet, root) : 0, varies: estimate.varies };
  };
}

interface CostSources {
  readonly schema: GraphQLSchema;
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  readonly variables: Variables;
}

/** One walk over an operation. Each fragment is walked once, however often it is spread; cycles count as nothing. */
class CostEstimate {
  varies = false;
  private readonly known = new Map<string, number>();

  constructor(private readonly sources: CostSources) {}

  ofSelections({ selections }: SelectionSetNode, parent: GraphQLCompositeType): number {
    return selections.reduce((objects, selection) => objects + this.ofSelection(selection, parent), 0);
  }

  private ofSelection(selection: SelectionNode, parent: GraphQLCompositeType): number {
    if (selection.kind === Kind.FIELD) return this.ofField(selection, parent);
    if (selection.kind === Kind.FRAGMENT_SPREAD) return this.ofFragment(selection.name.value);
    return this.ofSelections(selection.selectionSet, this.condition(selection.typeCondition?.name.value) ?? parent);
  }

  private ofFragment(name: string): number {
    const fragment = this.sources.fragments.get(name);
    const type = this.condition(fragment?.typeCondition.name.value);
    if (this.known.has(name) || !fragment || !type) return this.known.get(name) ?? 0;
    this.known.set(name, 0);
    const objects = this.ofSelections(fragment.selectionSet, type);
    this.known.set(name, objects);
    return objects;
  }

  private ofField(node: FieldNode, parent: GraphQLCompositeType): number {
    const field = isIntrospection(node.name.value) ? undefined : fieldOf(parent, node.name.value);
    const type = field && getNamedType(field.type);
    if (!field || !node.selectionSet || !isCompositeType(type)) return 0;
    return this.sizeOf(field, node, parent) * (1 + this.ofSelections(node.selectionSet, type));
  }

  private sizeOf(field: GraphQLField<unknown, unknown>, node: FieldNode, parent: GraphQLCompositeType): number {
    const size = field.args.find((argument) => SIZES.has(argument.name));
    if (size && isPage(getNamedType(field.type))) return this.pageSize(node, size);
    if (field.name === '_entities') return this.representations(node);
    return !isPage(parent) && isListType(getNullableType(field.type)) ? PLAIN_LIST_SIZE : 1;
  }

  private pageSize(node: FieldNode, { name, defaultValue }: GraphQLArgument): number {
    const most = SIZES.get(name) ?? MAX_PAGE_SIZE;
    const value = node.arguments?.find((argument) => argument.name.value === name)?.value;
    if (value?.kind === Kind.INT) return clamp(Number(value.value), most);
    if (value?.kind !== Kind.VARIABLE) return typeof defaultValue === 'number' ? defaultValue : most;
    this.varies = true;
    const given = this.sources.variables?.[value.name.value];
    return typeof given === 'number' ? clamp(given, most) : most;
  }

  /** A router asks for as many entities as it names. */
  private representations(node: FieldNode): number {
    const value = node.arguments?.find((argument) => argument.name.value === 'representations')?.value;
    if (value?.kind === Kind.LIST) return value.values.length;
    if (value?.kind !== Kind.VARIABLE) return 1;
    this.varies = true;
    const given = this.sources.variables?.[value.name.value];
    return Array.isArray(given) ? given.length : 1;
  }

  private condition(name: string | undefined): GraphQLCompositeType | null {
    const type = name === undefined ? undefined : this.sources.schema.getType(name);
    return isCompositeType(type) ? type : null;
  }
}

/** A size that is out of range is the resolver's to refuse. */
function clamp(size: number, most: number): number {
  return Math.min(Math.max(size, 0), most);
}

/** What holds so many as were asked for: the nodes of a connection, the rows of a report. */
function isPage(type: GraphQLNamedType): boolean {
  return type.name.endsWith('Connection') || (isObjectType(type) && 'rows' in type.getFields());
}

function fieldOf(parent: GraphQLCompositeType, name: string): GraphQLField<unknown, unknown> | undefined {
  return isObjectType(parent) || isInterfaceType(parent) ? parent.getFields()[name] : undefined;
}
