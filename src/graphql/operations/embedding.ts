import { Directive, Field, Float, ObjectType } from 'type-graphql';
import type { CompletionState } from '../../core/inference.js';
import type { GraphqlContext } from '../context.js';
import { toUserError } from '../errors/to-user-error.js';
import type { UserError } from '../errors/user-error.js';
import { Inference } from '../inference/inference.js';
import { readsPayload } from '../permissions.js';

@ObjectType({ implements: Inference, description: 'Vectors for texts, with what they took.' })
@Directive('@key(fields: "id")')
export class Embedding extends Inference {
  constructor(
    state: CompletionState,
    private readonly hasResult = true,
  ) {
    super(state);
  }

  @Field(() => [[Float]], {
    description:
      'One for each text, in their order. Empty where there are none, they are no longer kept (24 h under a key), or may not be read.',
  })
  async vectors(_args: unknown, context: GraphqlContext): Promise<readonly (readonly number[])[]> {
    if (!readsPayload(context.caller(), this.record)) return [];
    const result = this.hasResult ? this.state.result : await context.loaders().result.load(this.record);
    return result?.vectors ?? [];
  }

  @Field(() => [String], { description: 'What was left out or changed to suit the provider.' })
  get warnings(): readonly string[] {
    return this.record.warnings;
  }

  protected override toError(): UserError | null {
    return this.record.error && toUserError(this.record.error, this);
  }
}
