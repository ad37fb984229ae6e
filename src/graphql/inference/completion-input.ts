import { ArgsType, Field, Float, ID, InputType, Int } from 'type-graphql';
import type { DisconnectPolicy, TaskKind } from '../../core/vocabulary.js';
import type { RawCompletionInput } from '../../inference/contract.js';
import { GraphQLDecimal } from '../scalars/index.js';
import { CallTermsInput } from './call-terms.js';
import { MessageInput, ReasoningInput, ResponseFormatInput, ToolChoiceInput, ToolInput } from './message-input.js';
import { DisconnectPolicyEnum, TaskKindEnum } from './words.js';

const OPTIONAL = { nullable: true } as const;

@InputType({ description: 'A conversation, and how it is to be answered.' })
export class CompletionInput extends CallTermsInput implements RawCompletionInput {
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

  @Field(() => GraphQLDecimal, {
    ...OPTIONAL,
    description:
      'Refuse, before any upstream call, what is predicted to cost more than this (USD): where `estimateCost` expects more, ' +
      'COST_LIMIT_EXCEEDED. A prediction, not a bound: `maxOutputTokens` bounds the answer. Without a price: UNPRICED_MODEL.',
  })
  readonly maxCost?: string | null;

  @Field(() => DisconnectPolicyEnum, {
    ...OPTIONAL,
    description:
      'What happens when the last reader leaves. Unset: CANCEL at once without an idempotencyKey; with one, CANCEL after 30 s. ' +
      'A socket that we closed for being slow does not count as leaving.',
  })
  readonly onDisconnect?: DisconnectPolicy | null;
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
