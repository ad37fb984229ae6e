import { ArgsType, Directive, Field, Int, ObjectType } from 'type-graphql';
import type { ClassType } from 'type-graphql';
import { GatewayError } from '../core/errors.js';

const DEFAULT_PAGE_SIZE = 50;
export const MAX_PAGE_SIZE = 100;

@ArgsType()
export class PageArgs {
  @Field(() => Int, { nullable: true, defaultValue: DEFAULT_PAGE_SIZE, description: 'How many to answer: 0 to 100; more is an error.' })
  readonly first!: number | null;

  @Field(() => String, { nullable: true, description: 'The cursor to go on after: an `endCursor` or an edge’s `cursor`.' })
  readonly after?: string | null;
}

@ObjectType({ description: 'Where a page stands in its list.' })
@Directive('@shareable')
export class PageInfo {
  @Field(() => Boolean, { description: 'Whether more follows this page.' })
  readonly hasNextPage!: boolean;

  @Field(() => Boolean, { description: 'Whether something precedes this page.' })
  readonly hasPreviousPage!: boolean;

  @Field(() => String, { nullable: true, description: 'The cursor of the first node; null where the page is empty.' })
  readonly startCursor!: string | null;

  @Field(() => String, { nullable: true, description: 'The cursor of the last node, for `after`; null where the page is empty.' })
  readonly endCursor!: string | null;
}

export interface Edge<Node> {
  readonly cursor: string;
  readonly node: Node;
}

export interface Connection<Node> {
  readonly edges: readonly Edge<Node>[];
  readonly nodes: readonly Node[];
  readonly pageInfo: PageInfo;
  readonly totalCount: number;
}

/** Declares `<Name>Edge` and `<Name>Connection` for a node type; `plural` is how descriptions call them. */
export function declareConnection<Node extends object>(
  name: string,
  plural: string,
  node: () => ClassType<Node>,
): ClassType<Connection<Node>> {
  @ObjectType(`${name}Edge`, { description: `One of a page of ${plural}, with its place in the list.` })
  class NodeEdge implements Edge<Node> {
    @Field(() => String, { description: 'The place in the list, for `after`; opaque.' })
    readonly cursor!: string;

    @Field(node, { description: 'What stands at this place.' })
    readonly node!: Node;
  }

  @ObjectType(`${name}Connection`, { description: `A page of ${plural}.` })
  class NodeConnection implements Connection<Node> {
    @Field(() => [NodeEdge], { description: 'The page, each with its cursor.' })
    readonly edges!: readonly Edge<Node>[];

    @Field(() => [node()], { description: 'The page, without cursors.' })
    readonly nodes!: readonly Node[];

    @Field(() => PageInfo, { description: 'Where the page stands in its list.' })
    readonly pageInfo!: PageInfo;

    @Field(() => Int, { description: `How many ${plural} there are in all, under the same filter.` })
    readonly totalCount!: number;
  }
  return NodeConnection;
}

/** A checked page request; `after` is the position (a slug, an id) that the cursor stood for. */
export interface PageRequest {
  readonly first: number;
  readonly after: string | null;
}

/** Throws BAD_USER_INPUT for a size below 0 or above 100, and for a cursor that this list never gave out. */
export function parsePage(list: string, { first, after }: PageArgs): PageRequest {
  const size = first ?? DEFAULT_PAGE_SIZE;
  if (size < 0 || size > MAX_PAGE_SIZE) throw new GatewayError('BAD_USER_INPUT', `"first" must be from 0 to ${MAX_PAGE_SIZE}.`);
  return { first: size, after: after == null ? null : decodeCursor(list, after) };
}

export function encodeCursor(list: string, position: string): string {
  return Buffer.from(`${list}:${position}`).toString('base64url');
}

function decodeCursor(list: string, cursor: string): string {
  const position = Buffer.from(cursor, 'base64url')
    .toString()
    .slice(list.length + 1);
  if (position === '' || encodeCursor(list, position) !== cursor)
    throw new GatewayError('BAD_USER_INPUT', '"after" is not a cursor of this list.');
  return position;
}

/** The page of a list that is in memory, sorted by slug. What was deleted since its cursor was given out is no obstacle. */
export function pageOf<Item extends { readonly slug: string }>(items: readonly Item[], { first, after }: PageRequest) {
  const start = after === null ? 0 : items.findIndex((item) => item.slug > after);
  const from = start === -1 ? items.length : start;
  const nodes = items.slice(from, from + first);
  return { nodes, hasPreviousPage: from > 0, hasNextPage: from + nodes.length < items.length, totalCount: items.length };
}

export interface LoadedPage<Item> {
  readonly nodes: readonly Item[];
  readonly hasNextPage: boolean;
  readonly hasPreviousPage: boolean;
  readonly totalCount: number;
}

export interface NodeShape<Item, Node> {
  readonly list: string;
  position(item: Item): string;
  toNode(item: Item): Node;
}

export function toConnection<Item, Node>(page: LoadedPage<Item>, shape: NodeShape<Item, Node>): Connection<Node> {
  const edges = page.nodes.map((item) => ({ cursor: encodeCursor(shape.list, shape.position(item)), node: shape.toNode(item) }));
  return {
    edges,
    nodes: edges.map((edge) => edge.node),
    pageInfo: {
      hasNextPage: page.hasNextPage,
      hasPreviousPage: page.hasPreviousPage,
      startCursor: edges.at(0)?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
    totalCount: page.totalCount,
  };
}

/** What a list under a foreign or malformed id holds. */
export const EMPTY_PAGE: Connection<never> = {
  edges: [],
  nodes: [],
  pageInfo: { hasNextPage: false, hasPreviousPage: false, startCursor: null, endCursor: null },
  totalCount: 0,
};
