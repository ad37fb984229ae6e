import { Args, ArgsType, Field, Float, InputType, Int, type ClassType } from 'type-graphql';
import type { UploadedFile } from '../../core/files.js';
import type { AudioFormat, EmbeddingPurpose, ImageFormat, ImageQuality } from '../../core/vocabulary.js';
import { CallTermsInput } from '../inference/call-terms.js';
import { MediaInput } from '../inference/message-input.js';
import { GraphQLDecimal, GraphQLUpload } from '../scalars/index.js';
import { AudioFormatEnum, EmbeddingPurposeEnum, ImageFormatEnum, ImageQualityEnum } from './words.js';

const OPTIONAL = { nullable: true } as const;

/** What a call of an operation other than a completion may say beside its terms; its own name is no type of the schema. */
@InputType({ description: 'What is asked of any operation.' })
abstract class OperationTermsInput extends CallTermsInput {
  @Field(() => GraphQLDecimal, {
    ...OPTIONAL,
    description: 'Refuse, before any upstream call, what is predicted to cost more than this (USD). Without a price: UNPRICED_MODEL.',
  })
  readonly maxCost?: string | null;
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

@InputType({ description: 'Pictures to be made.' })
export class GenerateImageInput extends OperationTermsInput {
  @Field(() => String, { description: 'What they are to show.' })
  readonly prompt!: string;

  @Field(() => Int, { ...OPTIONAL, defaultValue: 1, description: 'How many: 1 to 10.' })
  readonly count?: number | null;

  @Field(() => String, { ...OPTIONAL, description: 'Width and height in pixels, as 1024x1536; the model’s own where none is given.' })
  readonly size?: string | null;

  @Field(() => ImageQualityEnum, { ...OPTIONAL, description: 'How much care they get; the model’s own where none is given.' })
  readonly quality?: ImageQuality | null;

  @Field(() => ImageFormatEnum, { ...OPTIONAL, description: 'The kind of file; the model’s own where none is given.' })
  readonly format?: ImageFormat | null;
}

@InputType({ description: 'A text to be read aloud.' })
export class SynthesizeSpeechInput extends OperationTermsInput {
  @Field(() => String, { description: 'What is to be said: at most 100,000 characters, and as many as the model takes.' })
  readonly text!: string;

  @Field(() => String, { description: 'Whose voice, by the provider’s name for it.' })
  readonly voice!: string;

  @Field(() => AudioFormatEnum, { ...OPTIONAL, defaultValue: 'MP3', description: 'The kind of file.' })
  readonly format?: AudioFormat | null;

  @Field(() => Float, { ...OPTIONAL, description: 'How fast: 0.25 to 4, where 1 is the voice’s own.' })
  readonly speed?: number | null;

  @Field(() => String, { ...OPTIONAL, description: 'How it is to be said, for models that heed it.' })
  readonly instructions?: string | null;
}

@InputType({ description: 'A recording to be written down.' })
export class TranscribeInput extends OperationTermsInput {
  @Field(() => MediaInput, {
    ...OPTIONAL,
    description: 'Its bytes, as base64, and the kind or name of its file. An address is not fetched. Exactly one of this and `file`.',
  })
  readonly audio?: MediaInput | null;

  @Field(() => GraphQLUpload, { ...OPTIONAL, description: 'Its file, sent beside the request: at most 25 MiB.' })
  readonly file?: UploadedFile | null;

  @Field(() => String, { ...OPTIONAL, description: 'The language that is spoken, as en or de-CH; found out where none is given.' })
  readonly language?: string | null;

  @Field(() => String, { ...OPTIONAL, description: 'Words that help: names, terms, what was said before.' })
  readonly prompt?: string | null;

  @Field(() => Boolean, { ...OPTIONAL, defaultValue: false, description: 'Also tell what is said where.' })
  readonly timestamps?: boolean | null;
}

@InputType({ description: 'Texts to be looked through for what they should not hold.' })
export class ModerateInput extends OperationTermsInput {
  @Field(() => [String], { description: 'From 1 to 2,048 texts, none empty.' })
  readonly texts!: readonly string[];
}

@InputType({ description: 'Documents to be put in the order of what they say to a query.' })
export class RerankInput extends OperationTermsInput {
  @Field(() => String, { description: 'What is looked for.' })
  readonly query!: string;

  @Field(() => [String], { description: 'From 1 to 2,048 texts, none empty.' })
  readonly documents!: readonly string[];

  @Field(() => Int, { ...OPTIONAL, description: 'How many of the best are wanted; all where none is given.' })
  readonly topN?: number | null;
}

const KEY = {
  ...OPTIONAL,
  description: 'The same key (kept 24 h) and input: the same inference; with another input: IDEMPOTENCY_MISMATCH.',
};

/** The arguments of an operation's mutation: its input, and a key. */
export function operationArgs<Input extends OperationTermsInput>(
  type: () => ClassType<Input>,
  description: string,
): ReturnType<typeof Args> {
  @ArgsType()
  class OperationArgs {
    @Field(type, { description })
    readonly input!: Input;

    @Field(() => String, KEY)
    readonly idempotencyKey?: string | null;
  }
  return Args(() => OperationArgs);
}
