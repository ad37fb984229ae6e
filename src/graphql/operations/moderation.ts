import { Directive, Field, Float, ObjectType } from 'type-graphql';
import type * as core from '../../core/operations.js';
import type { GraphqlContext } from '../context.js';
import { Inference } from '../inference/inference.js';
import { OperationInference, WHILE_KEPT } from './operation-inference.js';

@ObjectType({ description: 'One thing that was looked for.' })
export class ModerationCategory {
  @Field(() => String, { description: 'In the provider’s words.' })
  readonly name!: string;

  @Field(() => Boolean, { description: 'Whether the provider finds it in the text.' })
  readonly flagged!: boolean;

  @Field(() => Float, { nullable: true, description: 'How sure it is: 0 to 1; null where it does not tell.' })
  readonly score!: number | null;
}

@ObjectType({ description: 'What was found in one text.' })
export class ModerationVerdict implements core.Verdict {
  @Field(() => Boolean, { description: 'Whether anything was.' })
  readonly flagged!: boolean;

  @Field(() => [ModerationCategory], { description: 'All that was looked for.' })
  readonly categories!: readonly ModerationCategory[];
}

@ObjectType({ implements: Inference, description: 'What texts hold that they should not, with what it took to tell.' })
@Directive('@key(fields: "id")')
export class Moderation extends OperationInference {
  @Field(() => [ModerationVerdict], { description: `One for each text, in their order. ${WHILE_KEPT} empty.` })
  async verdicts(_args: unknown, context: GraphqlContext): Promise<readonly ModerationVerdict[]> {
    return (await this.resultOf('MODERATION', context))?.verdicts ?? [];
  }

  @Field(() => [String], { description: 'What was left out or changed to suit the provider.' })
  get warnings(): readonly string[] {
    return this.record.warnings;
  }
}
