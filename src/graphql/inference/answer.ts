import { createUnionType, Field, ObjectType } from 'type-graphql';
import { answerText, type AssistantMessage as CoreMessage, type AssistantPart as CorePart } from '../../core/answer.js';
import { assertNever } from '../../core/assert-never.js';
import { GraphQLURL } from '../scalars/index.js';

type PartOf<Kind extends CorePart['kind']> = Extract<CorePart, { kind: Kind }>;

const SIGNATURE = { nullable: true, description: 'Opaque, from the provider; hand it back unchanged.' };

@ObjectType({ description: 'Words for the reader.' })
export class TextPart {
  constructor(private readonly part: PartOf<'text'>) {}

  @Field(() => String, { nullable: true, description: 'The words.' })
  get text(): string | null {
    return this.part.text;
  }

  @Field(() => String, SIGNATURE)
  get signature(): string | null {
    return this.part.signature;
  }
}

@ObjectType({ description: 'What the model thought, as far as the provider shows it.' })
export class ReasoningPart {
  constructor(private readonly part: PartOf<'reasoning'>) {}

  @Field(() => String, { nullable: true, description: 'The thought in words.' })
  get text(): string | null {
    return this.part.text;
  }

  @Field(() => String, { nullable: true, description: 'The thought, closed by the provider; hand it back unchanged.' })
  get redacted(): string | null {
    return this.part.redacted;
  }

  @Field(() => String, SIGNATURE)
  get signature(): string | null {
    return this.part.signature;
  }
}

@ObjectType({ description: 'A call of one of the caller’s tools.' })
export class ToolCall {
  constructor(private readonly part: PartOf<'toolCall'>) {}

  @Field(() => String, { description: 'The call’s id, for the answer’s `toolCallId`.' })
  get id(): string {
    return this.part.id;
  }

  @Field(() => String, { description: 'Which tool.' })
  get name(): string {
    return this.part.name;
  }

  @Field(() => String, { description: 'The JSON text as the model wrote it; check it before use.' })
  get arguments(): string {
    return this.part.arguments;
  }

  @Field(() => String, SIGNATURE)
  get signature(): string | null {
    return this.part.signature;
  }
}

@ObjectType({ description: 'An image, a sound or a document that the model made.' })
export class MediaPart {
  /** Kept by the contract for providers that sign media; no format that is built does. */
  @Field(() => String, SIGNATURE)
  readonly signature: string | null = null;

  constructor(private readonly part: PartOf<'media'>) {}

  @Field(() => String, { description: 'Its media type: image/png …' })
  get mimeType(): string {
    return this.part.mimeType;
  }

  @Field(() => GraphQLURL, { nullable: true, description: 'Where it can be fetched.' })
  get url(): string | null {
    return this.part.url;
  }

  @Field(() => String, { nullable: true, description: 'The content itself, in base64.' })
  get base64(): string | null {
    return this.part.base64;
  }
}

export const AssistantPart = createUnionType({
  name: 'AssistantPart',
  description: 'One part of an answer.',
  types: () => [TextPart, ReasoningPart, ToolCall, MediaPart] as const,
});

@ObjectType({ description: 'What the assistant said.' })
export class AssistantMessage {
  constructor(private readonly message: CoreMessage) {}

  @Field(() => [AssistantPart], { description: 'In the model’s order; hand it back as MessageInput.parts.' })
  get parts(): readonly object[] {
    return this.message.parts.map(toPart);
  }

  @Field(() => String, { nullable: true, description: 'The text parts, joined; null where there are none.' })
  get text(): string | null {
    return answerText(this.message);
  }

  @Field(() => [ToolCall], { description: 'The tool calls, in order.' })
  get toolCalls(): readonly ToolCall[] {
    return this.message.parts.filter((part) => part.kind === 'toolCall').map((part) => new ToolCall(part));
  }

  @Field(() => String, { nullable: true, description: 'Why the model declined, in its words.' })
  get refusal(): string | null {
    return this.message.refusal;
  }
}

function toPart(part: CorePart): TextPart | ReasoningPart | ToolCall | MediaPart {
  switch (part.kind) {
    case 'text':
      return new TextPart(part);
    case 'reasoning':
      return new ReasoningPart(part);
    case 'toolCall':
      return new ToolCall(part);
    case 'media':
      return new MediaPart(part);
    default:
      return assertNever(part);
  }
}
