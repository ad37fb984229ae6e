import { Field, InputType, Int } from 'type-graphql';
import type { JsonValue } from '../../core/json.js';
import type { RoutingGoal } from '../../core/vocabulary.js';
import { RoutingGoalEnum } from '../routing/words.js';
import { GraphQLJSON } from '../scalars/index.js';
import { TagInput } from '../tag.js';

const OPTIONAL = { nullable: true } as const;

@InputType({ description: 'Preferences of one call; an empty list asks for nothing.' })
export class RoutingPreferencesInput {
  @Field(() => [String], { ...OPTIONAL, description: 'Only deployments in one of these regions.' })
  readonly regions?: readonly string[] | null;

  @Field(() => [String], { ...OPTIONAL, description: 'Only these providers, by slug.' })
  readonly providers?: readonly string[] | null;

  @Field(() => [String], { ...OPTIONAL, description: 'None of these providers, by slug.' })
  readonly excludeProviders?: readonly string[] | null;

  @Field(() => Boolean, { ...OPTIONAL, description: 'Only the first target: nobody stands in for it.' })
  readonly disableFallbacks?: boolean | null;

  @Field(() => RoutingGoalEnum, { ...OPTIONAL, description: 'What balances go by, instead of their own strategy.' })
  readonly optimizeFor?: RoutingGoal | null;

  @Field(() => Int, { ...OPTIONAL, description: 'Targets whose first token usually takes longer, in ms, are tried last.' })
  readonly maxFirstTokenMs?: number | null;
}

/** The fields that inputs of every call share; its own name is no type of the schema. */
@InputType({ description: 'What any call may say of itself.' })
export abstract class CallTermsInput {
  @Field(() => String, { description: 'A route’s slug, a model’s slug, or provider/model.' })
  readonly model!: string;

  @Field(() => RoutingPreferencesInput, { ...OPTIONAL, description: 'What this call asks of routing, within what its route allows.' })
  readonly routing?: RoutingPreferencesInput | null;

  @Field(() => Int, { ...OPTIONAL, description: 'The whole call’s time, in ms; may only shorten the default of 600,000.' })
  readonly timeoutMs?: number | null;

  @Field(() => String, { ...OPTIONAL, description: 'The caller’s own id of the person or account this is for.' })
  readonly user?: string | null;

  @Field(() => String, { ...OPTIONAL, description: 'The caller’s own id of the conversation.' })
  readonly sessionId?: string | null;

  @Field(() => [TagInput], { ...OPTIONAL, description: 'Labels of the caller’s own, for reports.' })
  readonly tags?: readonly TagInput[] | null;

  @Field(() => GraphQLJSON, { ...OPTIONAL, description: 'Fields passed on to the provider as they are, by provider slug or wire format.' })
  readonly providerOptions?: JsonValue;
}
