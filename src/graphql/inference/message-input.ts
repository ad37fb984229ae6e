import { Directive, Field, InputType, Int } from 'type-graphql';
import type { JsonValue } from '../../core/json.js';
import type { MessageRole, PromptCacheTtl, ReasoningEffort, ToolChoiceMode } from '../../core/vocabulary.js';
import { GraphQLJSON, GraphQLURL } from '../scalars/index.js';
import { MessageRoleEnum, PromptCacheTtlEnum, ReasoningEffortEnum, ToolChoiceModeEnum } from './words.js';

const OPTIONAL = { nullable: true } as const;

@InputType({ description: 'An image, a sound or a document: exactly one of url and base64.' })
export class MediaInput {
  @Field(() => GraphQLURL, { ...OPTIONAL, description: 'Where the provider fetches it.' })
  readonly url?: string | null;

  @Field(() => String, { ...OPTIONAL, description: 'The content itself, in base64.' })
  readonly base64?: string | null;

  @Field(() => String, { ...OPTIONAL, description: 'Its media type: image/png, audio/wav, application/pdf …' })
  readonly mimeType?: string | null;

  @Field(() => String, { ...OPTIONAL, description: 'A file name, where the provider shows one to the model.' })
  readonly name?: string | null;
}

@InputType({ description: 'A tool call of an earlier turn, as the model made it.' })
export class ToolCallInput {
  @Field(() => String, { description: 'The call’s id.' })
  readonly id!: string;

  @Field(() => String, { description: 'Which tool.' })
  readonly name!: string;

  @Field(() => String, { description: 'The JSON text as the model wrote it.' })
  readonly arguments!: string;
}

@InputType({ description: 'A thought of an earlier turn, as the provider showed it.' })
export class ReasoningInputPart {
  @Field(() => String, { ...OPTIONAL, description: 'The thought in words.' })
  readonly text?: string | null;

  @Field(() => String, { ...OPTIONAL, description: 'The thought, closed by the provider.' })
  readonly redacted?: string | null;
}

@InputType({
  description:
    'Exactly one of text, image, audio, document, toolCall, reasoning; the rest qualifies it. Which roles take which is checked.',
})
export class PartInput {
  @Field(() => String, { ...OPTIONAL, description: 'Words.' })
  readonly text?: string | null;

  @Field(() => MediaInput, { ...OPTIONAL, description: 'An image (role USER or TOOL).' })
  readonly image?: MediaInput | null;

  @Field(() => MediaInput, { ...OPTIONAL, description: 'A sound (role USER).' })
  readonly audio?: MediaInput | null;

  @Field(() => MediaInput, { ...OPTIONAL, description: 'A document (role USER).' })
  readonly document?: MediaInput | null;

  @Field(() => ToolCallInput, { ...OPTIONAL, description: 'A tool call (role ASSISTANT).' })
  readonly toolCall?: ToolCallInput | null;

  @Field(() => ReasoningInputPart, { ...OPTIONAL, description: 'A thought (role ASSISTANT).' })
  readonly reasoning?: ReasoningInputPart | null;

  @Field(() => String, { ...OPTIONAL, description: 'Opaque, from the provider, goes back unchanged.' })
  readonly signature?: string | null;

  @Field(() => PromptCacheTtlEnum, {
    ...OPTIONAL,
    description:
      'The provider may keep the prompt up to this part’s end for so long, and read it again for less; a call that can’t be marked says so in `warnings`.',
  })
  readonly promptCache?: PromptCacheTtl | null;
}

@InputType({ description: 'One message of the conversation.' })
export class MessageInput {
  @Field(() => MessageRoleEnum, { description: 'Who speaks.' })
  readonly role!: MessageRole;

  @Field(() => String, { ...OPTIONAL, description: 'Shorthand for one text part.' })
  readonly text?: string | null;

  @Field(() => [PartInput], {
    ...OPTIONAL,
    description: 'In order; handed back as they came, they keep order, signatures and redacted blocks.',
  })
  readonly parts?: readonly PartInput[] | null;

  @Field(() => String, { ...OPTIONAL, description: 'The call this answers (role TOOL).' })
  readonly toolCallId?: string | null;

  @Field(() => Boolean, { ...OPTIONAL, description: 'The tool failed (role TOOL).' })
  readonly isError?: boolean | null;
}

@InputType({ description: 'A tool the model may call.' })
export class ToolInput {
  @Field(() => String, { description: 'Its name: letters, digits, _ and -, at most 64.' })
  readonly name!: string;

  @Field(() => String, { ...OPTIONAL, description: 'What it does, for the model.' })
  readonly description?: string | null;

  @Field(() => GraphQLJSON, { ...OPTIONAL, description: 'A JSON schema of its arguments.' })
  readonly parameters?: JsonValue;

  @Field(() => Boolean, { ...OPTIONAL, description: 'Whether the provider should hold the model to the schema.' })
  readonly strict?: boolean | null;
}

@InputType({ description: 'Whether the model may or must call tools, or which one it must call.' })
@Directive('@oneOf')
export class ToolChoiceInput {
  @Field(() => ToolChoiceModeEnum, { ...OPTIONAL, description: 'Any tool, none, or at least one.' })
  readonly mode?: ToolChoiceMode | null;

  @Field(() => String, { ...OPTIONAL, description: 'The name of the tool it must call.' })
  readonly tool?: string | null;
}

@InputType({ description: 'The JSON schema an answer must have.' })
export class JsonSchemaFormatInput {
  @Field(() => String, { description: 'A name for it: letters, digits, _ and -, at most 64.' })
  readonly name!: string;

  @Field(() => GraphQLJSON, { description: 'The JSON schema.' })
  readonly schema!: JsonValue;

  @Field(() => Boolean, { ...OPTIONAL, defaultValue: true, description: 'Whether the provider should hold the model to it.' })
  readonly strict?: boolean | null;
}

@InputType({ description: 'The form of the answer.' })
@Directive('@oneOf')
export class ResponseFormatInput {
  @Field(() => Boolean, { ...OPTIONAL, description: 'Plain text (true).' })
  readonly text?: boolean | null;

  @Field(() => Boolean, { ...OPTIONAL, description: 'Any JSON object (true).' })
  readonly json?: boolean | null;

  @Field(() => JsonSchemaFormatInput, { ...OPTIONAL, description: 'JSON of this schema.' })
  readonly jsonSchema?: JsonSchemaFormatInput | null;
}

@InputType({ description: 'How the model should think before it answers.' })
export class ReasoningInput {
  @Field(() => ReasoningEffortEnum, { ...OPTIONAL, description: 'How hard.' })
  readonly effort?: ReasoningEffort | null;

  @Field(() => Int, { ...OPTIONAL, description: 'At most so many tokens.' })
  readonly maxTokens?: number | null;
}
