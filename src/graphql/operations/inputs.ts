import { ArgsType, Field, InputType, Int } from 'type-graphql';
import type { JsonValue } from '../../core/json.js';
import type { EmbeddingPurpose } from '../../core/vocabulary.js';
import { RoutingPreferencesInput } from '../inference/completion-input.js';
import { GraphQLDecimal, GraphQLJSON } from '../scalars/index.js';
import { TagInput } from '../tag.js';
import { EmbeddingPurposeEnum } from './words.js';

const OPTIONAL = { nullable: true } as const;

/** The fields that inputs of every operation share; its own name is no type of the schema. */
@InputType({ description: 'What is asked of any operation.' })
abstract class OperationTermsInput {
  @Field(() => String, { description: 'A route’s slug, a model’s slug, or provider/model.' })
  readonly model!: string;

  @Field(() => RoutingPreferencesInput, { ...OPTIONAL, description: 'What this call asks of routing, within what its route allows.' })
  readonly routing?: RoutingPreferencesInput | null;

  @Field(() => GraphQLDecimal, {
    ...OPTIONAL,
    description: 'Refuse, before any upstream call, what is predicted to cost more than this (USD). Without a price: UNPRICED_MODEL.',
  })
  readonly maxCost?: string | null;

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

@InputType({ description: 'Texts to make vectors of.' })
export class EmbedInput extends OperationTermsInput {
  @Field(() => [String], { description: 'From 1 to 2,048 texts, none empty; each has the model’s window to itself.' })
  readonly texts!: readonly string[];

  @Field(() => Int, { ...OPTIONAL, description: 'How many numbers a vector is to have, where the model can shorten it.' })
  readonly dimensions?: number | null;

  @Field(() => EmbeddingPurposeEnum, {
    ...OPTIONAL,
    description: 'What the vectors are for; left out, and told, where the provider’s models take none.',
  })
  readonly purpose?: EmbeddingPurpose | null;
}

const KEY = {
  ...OPTIONAL,
  description: 'The same key (kept 24 h) and input: the same inference; with another input: IDEMPOTENCY_MISMATCH.',
};

@ArgsType()
export class EmbedArgs {
  @Field(() => EmbedInput, { description: 'What to embed.' })
  readonly input!: EmbedInput;

  @Field(() => String, KEY)
  readonly idempotencyKey?: string | null;
}
