import { Field, ObjectType } from 'type-graphql';
import type { InferenceRecord } from '../../core/inference.js';
import { encodeCursor, PageInfo } from '../connection.js';
import { Inference } from '../inference/inference.js';
import { inferenceOf } from '../operations/to-inference.js';

/** What cursors of this list begin with. */
export const INFERENCE_LIST = 'inferences';

@ObjectType({ description: 'One of a page of inferences, with its place in the list.' })
export class InferenceEdge {
  @Field(() => String, { description: 'The place in the list, for `after`; opaque.' })
  readonly cursor!: string;

  @Field(() => Inference, { description: 'What stands at this place.' })
  readonly node!: Inference;
}

/** Without a count of all: that would read the whole ledger for each page. */
@ObjectType({ description: 'A page of inferences.' })
export class InferenceConnection {
  @Field(() => [InferenceEdge], { description: 'The page, each with its cursor.' })
  readonly edges!: readonly InferenceEdge[];

  @Field(() => [Inference], { description: 'The page, without cursors.' })
  readonly nodes!: readonly Inference[];

  @Field(() => PageInfo, { description: 'Where the page stands in its list.' })
  readonly pageInfo!: PageInfo;
}

export interface LoadedInferences {
  readonly records: readonly InferenceRecord[];
  readonly hasNextPage: boolean;
  readonly hasPreviousPage: boolean;
}

export function toInferences({ records, hasNextPage, hasPreviousPage }: LoadedInferences): InferenceConnection {
  const edges = records.map((record) => ({ cursor: encodeCursor(INFERENCE_LIST, record.id), node: inferenceOf(record) }));
  return {
    edges,
    nodes: edges.map(({ node }) => node),
    pageInfo: { hasNextPage, hasPreviousPage, startCursor: edges.at(0)?.cursor ?? null, endCursor: edges.at(-1)?.cursor ?? null },
  };
}
