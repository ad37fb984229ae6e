import { Kind } from 'graphql';
import type { DocumentNode, FragmentDefinitionNode, OperationDefinitionNode, SelectionNode, SelectionSetNode } from 'graphql';

/** How big an operation is, with its fragments spread out. */
export interface Shape {
  readonly depth: number;
  readonly aliases: number;
  readonly rootFields: number;
  readonly rootNames: ReadonlySet<string>;
}

const NOTHING: Shape = { depth: 0, aliases: 0, rootFields: 0, rootNames: new Set() };
const INTROSPECTION_FIELDS: ReadonlySet<string> = new Set(['__schema', '__type']);

/** Measures operations of one document. Each fragment is measured once, however often it is spread; cycles count as nothing. */
export function createShapeMeter(document: DocumentNode): (operation: OperationDefinitionNode) => Shape {
  const fragments = fragmentsOf(document);
  const measured = new Map<string, Shape>();

  function ofFragment(name: string): Shape {
    const known = measured.get(name);
    if (known) return known;
    measured.set(name, NOTHING);
    const fragment = fragments.get(name);
    const shape = fragment ? ofSelections(fragment.selectionSet) : NOTHING;
    measured.set(name, shape);
    return shape;
  }

  function ofSelection(selection: SelectionNode): Shape {
    if (selection.kind === Kind.FRAGMENT_SPREAD) return ofFragment(selection.name.value);
    if (selection.kind === Kind.INLINE_FRAGMENT) return ofSelections(selection.selectionSet);
    const name = selection.name.value;
    const inner = selection.selectionSet ? ofSelections(selection.selectionSet) : NOTHING;
    return {
      depth: 1 + (INTROSPECTION_FIELDS.has(name) ? 0 : inner.depth),
      aliases: inner.aliases + (selection.alias ? 1 : 0),
      rootFields: 1,
      rootNames: new Set([name]),
    };
  }

  function ofSelections({ selections }: SelectionSetNode): Shape {
    return selections.map(ofSelection).reduce(join, NOTHING);
  }

  return (operation) => ofSelections(operation.selectionSet);
}

export function fragmentsOf(document: DocumentNode): ReadonlyMap<string, FragmentDefinitionNode> {
  const fragments = document.definitions.filter((definition) => definition.kind === Kind.FRAGMENT_DEFINITION);
  return new Map(fragments.map((fragment) => [fragment.name.value, fragment]));
}

export function isIntrospection(name: string): boolean {
  return INTROSPECTION_FIELDS.has(name);
}

function join(left: Shape, right: Shape): Shape {
  return {
    depth: Math.max(left.depth, right.depth),
    aliases: left.aliases + right.aliases,
    rootFields: left.rootFields + right.rootFields,
    rootNames: new Set([...left.rootNames, ...right.rootNames]),
  };
}
