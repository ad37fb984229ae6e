import { Directive, Field, Float, ObjectType } from 'type-graphql';
import type { GraphqlContext } from '../context.js';
import { Inference } from '../inference/inference.js';
import { OperationInference, WHILE_KEPT } from './operation-inference.js';

@ObjectType({ implements: Inference, description: 'Vectors for texts, with what they took.' })
@Directive('@key(fields: "id")')
export class Embedding extends OperationInference {
  @Field(() => [[Float]], { description: `One for each text, in their order. ${WHILE_KEPT} empty.` })
  async vectors(_args: unknown, context: GraphqlContext): Promise<readonly (readonly number[])[]> {
    return (await this.resultOf('EMBEDDING', context))?.vectors ?? [];
  }

  @Field(() => [String], { description: 'What was left out or changed to suit the provider.' })
  get warnings(): readonly string[] {
    return this.record.warnings;
  }
}
