import { Directive, Field, Float, Int, ObjectType } from 'type-graphql';
import type { GraphqlContext } from '../context.js';
import { Inference } from '../inference/inference.js';
import { OperationInference, WHILE_KEPT } from './operation-inference.js';

@ObjectType({ description: 'How well a document answers the query.' })
export class DocumentRanking {
  @Field(() => Int, { description: 'Which document of the input: 0, 1, 2 …' })
  readonly index!: number;

  @Field(() => Float, { description: 'The higher the better, on the provider’s own scale.' })
  readonly score!: number;
}

@ObjectType({ implements: Inference, description: 'Documents in the order of what they say to a query, with what it took to tell.' })
@Directive('@key(fields: "id")')
export class Reranking extends OperationInference {
  @Field(() => [DocumentRanking], { description: `The best first. ${WHILE_KEPT} empty.` })
  async rankings(_args: unknown, context: GraphqlContext): Promise<readonly DocumentRanking[]> {
    return (await this.resultOf('RERANK', context))?.rankings ?? [];
  }

  @Field(() => [String], { description: 'What was left out or changed to suit the provider.' })
  get warnings(): readonly string[] {
    return this.record.warnings;
  }
}
