import { ArgsType, Field, ObjectType } from 'type-graphql';
import type { PicoUsd } from '../../core/money.js';
import type { Forecast, RawCompletionInput } from '../../inference/contract.js';
import { CompletionInput } from '../inference/completion-input.js';
import { RoutingDecision } from '../inference/routing.js';
import { Money, toMoney } from '../money.js';
import { GraphQLSafeInt } from '../scalars/index.js';

@ArgsType()
export class EstimateCostArgs {
  @Field(() => CompletionInput, { description: 'The completion as it would be asked for.' })
  readonly input!: RawCompletionInput;
}

const UNPRICED = 'Null where there is no price: unknown is never zero.';

@ObjectType({ description: 'What a call would come to. Nobody was called, and nothing booked.' })
export class CostEstimate {
  constructor(private readonly forecast: Forecast) {}

  @Field(() => Money, {
    nullable: true,
    description: `The prompt as estimated, answered with a single token; of other operations: what is expected (USD). ${UNPRICED}`,
  })
  get low(): Money | null {
    return orNull(this.forecast.cost.low);
  }

  @Field(() => Money, { nullable: true, description: `What is expected, and compared with \`maxCost\` (USD). ${UNPRICED}` })
  get expected(): Money | null {
    return orNull(this.forecast.cost.expected);
  }

  @Field(() => Money, {
    nullable: true,
    description:
      'The prompt at its bound (a token a byte, never beyond the context window), answered up to `maxOutputTokens`, or 4,096 tokens ' +
      'where none is given; of other operations: a token a byte, the dearest pictures, and a recording as long as its size allows (USD); ' +
      `one attempt. ${UNPRICED}`,
  })
  get high(): Money | null {
    return orNull(this.forecast.cost.high);
  }

  @Field(() => GraphQLSafeInt, { description: 'Estimated tokens of all that is sent: system, tools, schema and media included.' })
  get inputTokens(): number {
    return this.forecast.cost.inputTokens;
  }

  @Field(() => GraphQLSafeInt, { description: 'Tokens the answer is expected to have, thoughts included.' })
  get expectedOutputTokens(): number {
    return this.forecast.cost.expectedOutputTokens;
  }

  @Field(() => String, { description: 'How the numbers came about: what was counted and how, and which price.' })
  get basis(): string {
    return this.forecast.cost.basis;
  }

  @Field(() => RoutingDecision, { description: 'Who would answer, and why; without attempts.' })
  get decision(): RoutingDecision {
    return new RoutingDecision(this.forecast.routing, []);
  }
}

function orNull(amount: PicoUsd | null): Money | null {
  return amount === null ? null : toMoney(amount);
}
