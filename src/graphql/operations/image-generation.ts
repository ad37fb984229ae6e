import { Directive, Field, ObjectType } from 'type-graphql';
import type * as core from '../../core/operations.js';
import type { GraphqlContext } from '../context.js';
import { Inference } from '../inference/inference.js';
import { OperationInference, WHILE_KEPT } from './operation-inference.js';

@ObjectType({ description: 'A picture, as its bytes or an address of the provider’s.' })
export class GeneratedImage implements core.GeneratedImage {
  @Field(() => String, { description: 'Its kind, as image/png.' })
  readonly mimeType!: string;

  @Field(() => String, { nullable: true, description: 'Its bytes; null where the provider gave an address.' })
  readonly base64!: string | null;

  @Field(() => String, { nullable: true, description: 'Where the provider keeps it for a while; null where it gave the bytes.' })
  readonly url!: string | null;

  @Field(() => String, { nullable: true, description: 'What the provider made of the prompt, where it tells.' })
  readonly revisedPrompt!: string | null;
}

@ObjectType({ implements: Inference, description: 'Pictures made of a prompt, with what they took.' })
@Directive('@key(fields: "id")')
export class ImageGeneration extends OperationInference {
  @Field(() => [GeneratedImage], { description: `The pictures. ${WHILE_KEPT} empty.` })
  async images(_args: unknown, context: GraphqlContext): Promise<readonly GeneratedImage[]> {
    return (await this.resultOf('IMAGE', context))?.images ?? [];
  }

  @Field(() => [String], { description: 'What was left out or changed to suit the provider.' })
  get warnings(): readonly string[] {
    return this.record.warnings;
  }
}
