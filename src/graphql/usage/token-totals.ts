import { Field, ObjectType } from 'type-graphql';
import { GraphQLSafeInt } from '../scalars/index.js';

@ObjectType({ description: 'Tokens in disjoint classes: the first six are the whole prompt, the last four the whole answer.' })
export class TokenTotals {
  @Field(() => GraphQLSafeInt, { description: 'Prompt tokens that are in no other class.' })
  readonly input!: number;

  @Field(() => GraphQLSafeInt, { description: 'Prompt tokens read from the provider’s cache.' })
  readonly cachedInput!: number;

  @Field(() => GraphQLSafeInt, { description: 'Prompt tokens written to the provider’s cache for five minutes.' })
  readonly cacheWrite5m!: number;

  @Field(() => GraphQLSafeInt, { description: 'Prompt tokens written to the provider’s cache for an hour.' })
  readonly cacheWrite1h!: number;

  @Field(() => GraphQLSafeInt, { description: 'Audio tokens of prompts.' })
  readonly audioInput!: number;

  @Field(() => GraphQLSafeInt, { description: 'Image tokens of prompts.' })
  readonly imageInput!: number;

  @Field(() => GraphQLSafeInt, { description: 'Answer tokens that are in no other class.' })
  readonly output!: number;

  @Field(() => GraphQLSafeInt, { description: 'Tokens the models thought with.' })
  readonly reasoning!: number;

  @Field(() => GraphQLSafeInt, { description: 'Audio tokens of answers.' })
  readonly audioOutput!: number;

  @Field(() => GraphQLSafeInt, { description: 'Image tokens of answers.' })
  readonly imageOutput!: number;

  @Field(() => GraphQLSafeInt, { description: 'All tokens of prompts.' })
  readonly totalInput!: number;

  @Field(() => GraphQLSafeInt, { description: 'All tokens of answers.' })
  readonly totalOutput!: number;
}
