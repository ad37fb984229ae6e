import { ArgsType, Field, Float, ID, InputType, Int } from 'type-graphql';
import type { JsonValue } from '../../core/json.js';
import type { DisconnectPolicy, RoutingGoal, TaskKind } from '../../core/vocabulary.js';
import type { RawCompletionInput } from '../../inference/contract.js';
import { RoutingGoalEnum } from '../routing/words.js';
import { GraphQLDecimal, GraphQLJSON } from '../scalars/index.js';
import { TagInput } from '../tag.js';
import { MessageInput, ReasoningInput, ResponseFormatInput, ToolChoiceInput, ToolInput } from './message-input.js';
import { DisconnectPolicyEnum, TaskKindEnum } from './words.js';

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

@InputType({ description: 'A conversation, and how it is to be answered.' })
export class CompletionInput implements RawCompletionInput {
  @Field(() => String, { description: 'A route’s slug, a model’s slug, or provider/model.' })
  readonly model!: string;

  @Field(() => [MessageInput], { description: 'The conversation so far, the oldest first.' })
  readonly messages!: readonly MessageInput[];

  @Field(() => [ToolInput], { ...OPTIONAL, description: 'What the model may call.' })
  readonly tools?: readonly ToolInput[] | null;

  @Field(() => ToolChoiceInput, { ...OPTIONAL, description: 'Whether it may or must call them.' })
  readonly toolChoice?: ToolChoiceInput | null;

  @Field(() => Boolean, { ...OPTIONAL, description: 'Whether it may call several in one turn.' })
  readonly parallelToolCalls?: boolean | null;

  @Field(() => ResponseFormatInput, { ...OPTIONAL, description: 'The form of the answer; plain text where none is given.' })
  readonly responseFormat?: ResponseFormatInput | null;

  @Field(() => ReasoningInput, { ...OPTIONAL, description: 'How the model should think before it answers.' })
  readonly reasoning?: ReasoningInput | null;

  @Field(() => Int, { ...OPTIONAL, description: 'The longest answer, in tokens, thoughts included.' })
  readonly maxOutputTokens?: number | null;

  @Field(() => Float, { ...OPTIONAL, description: 'How freely it chooses its words: 0 to 2.' })
  readonly temperature?: number | null;

  @Field(() => Float, { ...OPTIONAL, description: 'Choose among the likeliest words up to this share: above 0, at most 1.' })
  readonly topP?: number | null;

  @Field(() => [String], { ...OPTIONAL, description: 'Texts at which the answer ends.' })
  readonly stop?: readonly string[] | null;

  @Field(() => Int, { ...OPTIONAL, description: 'Makes answers repeatable where the provider can.' })
  readonly seed?: number | null;

  @Field(() => Float, { ...OPTIONAL, description: 'Against words already used often: -2 to 2.' })
  readonly frequencyPenalty?: number | null;

  @Field(() => Float, { ...OPTIONAL, description: 'Against words already used at all: -2 to 2.' })
  readonly presencePenalty?: number | null;

  @Field(() => TaskKindEnum, { ...OPTIONAL, description: 'What the call is for; routes may branch on it.' })
  readonly task?: TaskKind | null;

  @Field(() => RoutingPreferencesInput, { ...OPTIONAL, description: 'What this call asks of routing, within what its route allows.' })
  readonly routing?: RoutingPreferencesInput | null;

  @Field(() => GraphQLDecimal, {
    ...OPTIONAL,
    description:
      'Refuse, before any upstream call, what is predicted to cost more than this (USD): where `estimateCost` expects more, ' +
      'COST_LIMIT_EXCEEDED. A prediction, not a bound: `maxOutputTokens` bounds the answer. Without a price: UNPRICED_MODEL.',
  })
  readonly maxCost?: string | null;

  @Field(() => Int, { ...OPTIONAL, description: 'The whole call’s time, in ms; may only shorten the default of 600,000.' })
  readonly timeoutMs?: number | null;

  @Field(() => DisconnectPolicyEnum, {
    ...OPTIONAL,
    description:
      'What happens when the last reader leaves. Unset: CANCEL at once without an idempotencyKey; with one, CANCEL after 30 s. ' +
      'A socket that we closed for being slow does not count as leaving.',
  })
  readonly onDisconnect?: DisconnectPolicy | null;

  @Field(() => String, { ...OPTIONAL, description: 'The caller’s own id of the person or account this is for.' })
  readonly user?: string | null;

  @Field(() => String, { ...OPTIONAL, description: 'The caller’s own id of the conversation.' })
  readonly sessionId?: string | null;

  @Field(() => [TagInput], { ...OPTIONAL, description: 'Labels of the caller’s own, for reports.' })
  readonly tags?: readonly TagInput[] | null;

  @Field(() => GraphQLJSON, { ...OPTIONAL, description: 'Fields passed on to the provider as they are, by provider slug or wire format.' })
  readonly providerOptions?: JsonValue;
}

@ArgsType()
export class CompleteArgs {
  @Field(() => CompletionInput, { description: 'What to answer.' })
  readonly input!: RawCompletionInput;

  @Field(() => String, {
    ...OPTIONAL,
    description: 'The same key (kept 24 h) and input: the same completion; with another input: IDEMPOTENCY_MISMATCH.',
  })
  readonly idempotencyKey?: string | null;
}

@ArgsType()
export class StreamCompletionArgs {
  @Field(() => CompletionInput, { description: 'What to answer.' })
  readonly input!: RawCompletionInput;

  @Field(() => String, { description: 'The same key: attaches to the running or finished completion, and pays once.' })
  readonly idempotencyKey!: string;

  @Field(() => Int, { ...OPTIONAL, defaultValue: -1, description: 'Only events after this number; -1: all.' })
  readonly after!: number | null;
}

@ArgsType()
export class CompletionStreamArgs {
  @Field(() => ID, { description: 'Which completion.' })
  readonly id!: string;

  @Field(() => Int, { ...OPTIONAL, defaultValue: -1, description: 'Only events after this number; -1: all.' })
  readonly after!: number | null;
}

@InputType({ description: 'Which completion to cancel.' })
export class CancelCompletionInput {
  @Field(() => ID, { description: 'Its id.' })
  readonly id!: string;
}
