import { Field, ObjectType } from 'type-graphql';
import type { JsonValue } from '../../core/json.js';
import { totalInput, totalOutput, type TokenUsage as CoreUsage } from '../../core/usage.js';
import { GraphQLJSON } from '../scalars/index.js';
import { TokenTotals } from '../usage/token-totals.js';
import { UsageSourceEnum } from './words.js';

@ObjectType({
  description: 'Tokens in disjoint classes: the first six are the whole prompt (totalInput), the last four the whole answer (totalOutput).',
})
export class TokenUsage extends TokenTotals {
  @Field(() => UsageSourceEnum, { description: 'REPORTED by the provider, ESTIMATED by the gateway, or NONE.' })
  readonly source!: string;

  @Field(() => GraphQLJSON, { nullable: true, description: 'The provider’s usage object as received.' })
  readonly raw!: JsonValue | null;
}

export function toUsage(usage: CoreUsage): TokenUsage {
  return {
    input: usage.input,
    cachedInput: usage.cachedInput,
    cacheWrite5m: usage.cacheWrite5m,
    cacheWrite1h: usage.cacheWrite1h,
    audioInput: usage.audioInput,
    imageInput: usage.imageInput,
    output: usage.output,
    reasoning: usage.reasoning,
    audioOutput: usage.audioOutput,
    imageOutput: usage.imageOutput,
    totalInput: totalInput(usage),
    totalOutput: totalOutput(usage),
    source: usage.source,
    raw: usage.raw,
  };
}
