import { Field, ObjectType } from 'type-graphql';
import type { JsonValue } from '../../core/json.js';
import { totalInput, totalOutput, type TokenUsage as CoreUsage } from '../../core/usage.js';
import { GraphQLJSON, GraphQLSafeInt } from '../scalars/index.js';
import { UsageSourceEnum } from './words.js';

@ObjectType({
  description: 'Tokens in disjoint classes: the first six are the whole prompt (totalInput), the last four the whole answer (totalOutput).',
})
export class TokenUsage {
  @Field(() => GraphQLSafeInt, { description: 'Prompt tokens that are in no other class.' })
  readonly input!: number;

  @Field(() => GraphQLSafeInt, { description: 'Prompt tokens read from the provider’s cache.' })
  readonly cachedInput!: number;

  @Field(() => GraphQLSafeInt, { description: 'Prompt tokens written to the provider’s cache for five minutes.' })
  readonly cacheWrite5m!: number;

  @Field(() => GraphQLSafeInt, { description: 'Prompt tokens written to the provider’s cache for an hour.' })
  readonly cacheWrite1h!: number;

  @Field(() => GraphQLSafeInt, { description: 'Audio tokens of the prompt.' })
  readonly audioInput!: number;

  @Field(() => GraphQLSafeInt, { description: 'Image tokens of the prompt.' })
  readonly imageInput!: number;

  @Field(() => GraphQLSafeInt, { description: 'Answer tokens that are in no other class.' })
  readonly output!: number;

  @Field(() => GraphQLSafeInt, { description: 'Tokens the model thought with.' })
  readonly reasoning!: number;

  @Field(() => GraphQLSafeInt, { description: 'Audio tokens of the answer.' })
  readonly audioOutput!: number;

  @Field(() => GraphQLSafeInt, { description: 'Image tokens of the answer.' })
  readonly imageOutput!: number;

  @Field(() => GraphQLSafeInt, { description: 'All tokens of the prompt.' })
  readonly totalInput!: number;

  @Field(() => GraphQLSafeInt, { description: 'All tokens of the answer.' })
  readonly totalOutput!: number;

  @Field(() => UsageSourceEnum, { description: 'REPORTED by the provider, ESTIMATED by the gateway, or NONE.' })
  readonly source!: string;

  @Field(() => GraphQLJSON, { nullable: true, description: 'The provider’s usage object as received.' })
  readonly raw!: JsonValue | null;
}

export function toUsage(usage: CoreUsage): TokenUsage {
  return { ...usage, totalInput: totalInput(usage), totalOutput: totalOutput(usage) };
}
