import type { GraphQLResolveInfo } from 'graphql';
import { Directive, Field, ObjectType } from 'type-graphql';
import { answerText, type AssistantMessage as CoreMessage } from '../../core/answer.js';
import type { CompletionState } from '../../core/inference.js';
import type { GraphqlContext } from '../context.js';
import { toUserError } from '../errors/to-user-error.js';
import type { UserError } from '../errors/user-error.js';
import { readsPayload } from '../permissions.js';
import { GraphQLDateTime, GraphQLJSON } from '../scalars/index.js';
import { AssistantMessage } from './answer.js';
import { Feedback } from './feedback.js';
import { GuardrailRun } from './guardrail-run.js';
import { orInStream } from '../in-stream.js';
import { Inference } from './inference.js';
import { ContentStateEnum, FinishReasonEnum } from './words.js';

@ObjectType({ implements: Inference, description: 'An answer to a conversation, with what it took.' })
@Directive('@key(fields: "id")')
export class Completion extends Inference {
  constructor(
    state: CompletionState,
    private readonly hasWords = true,
  ) {
    super(state);
  }

  @Field(() => String, {
    nullable: true,
    description:
      'The assistant’s words; null where there are none (a pure tool call), they are not kept (see `content`), or may not be read.',
  })
  text(_args: unknown, context: GraphqlContext): Soon<string | null> {
    return this.ofMessage(context, answerText);
  }

  @Field(() => AssistantMessage, {
    nullable: true,
    description: 'The whole answer, part by part; null where it is not kept or may not be read.',
  })
  answer(_args: unknown, context: GraphqlContext): Soon<AssistantMessage | null> {
    return this.ofMessage(context, (message) => new AssistantMessage(message));
  }

  @Field(() => ContentStateEnum, {
    description:
      'Whether prompt and answer can still be read. Without payload storage they are kept until `contentExpiresAt`, for resuming and idempotency.',
  })
  content(_args: unknown, context: GraphqlContext): string {
    const { contentState, contentExpiresAt } = this.record;
    const isOver = contentExpiresAt !== null && contentExpiresAt <= context.services.clock.now();
    return contentState === 'AVAILABLE' && isOver ? 'EXPIRED' : contentState;
  }

  @Field(() => GraphQLJSON, {
    nullable: true,
    description:
      'The stored prompt: a list of {role, parts, toolCallId, isError}, each part with its kind (text, image, audio, document, toolCall, reasoning). ' +
      'Null without payload storage, once expired, and without PAYLOAD_READ, also for the key that asked.',
  })
  prompt(_args: unknown, context: GraphqlContext, info: GraphQLResolveInfo): Promise<unknown> {
    return orInStream(context.loaders().prompt.load(this.record), null, info);
  }

  @Field(() => GraphQLDateTime, { nullable: true, description: 'Until when the words are kept (UTC).' })
  get contentExpiresAt(): Date | null {
    return this.record.contentExpiresAt;
  }

  @Field(() => FinishReasonEnum, { nullable: true, description: 'Why the model stopped; null while it writes, and where it never began.' })
  get finishReason(): string | null {
    return this.record.finishReason;
  }

  @Field(() => String, { nullable: true, description: 'The provider’s own word for it.' })
  get rawFinishReason(): string | null {
    return this.record.rawFinishReason;
  }

  @Field(() => [GuardrailRun], { description: 'What guardrails found.' })
  get guardrails(): readonly GuardrailRun[] {
    return [];
  }

  @Field(() => [String], {
    description: 'What was left out or changed to suit the provider or a budget (a dropped parameter, a reduced schema, an output cap).',
  })
  get warnings(): readonly string[] {
    return this.record.warnings;
  }

  @Field(() => [Feedback], { description: 'How it was rated, the oldest rating first.' })
  feedback(_args: unknown, context: GraphqlContext, info: GraphQLResolveInfo): Promise<readonly Feedback[]> {
    return orInStream(context.loaders().feedback.load(this.record.id), [], info);
  }

  protected override toError(): UserError | null {
    return this.record.error && toUserError(this.record.error, this);
  }

  /** At once where the words came along: events are sent by the thousand. */
  private ofMessage<Part>(context: GraphqlContext, pick: (message: CoreMessage) => Part): Soon<Part | null> {
    if (!readsPayload(context.caller(), this.record)) return null;
    const { message } = this.state;
    if (this.hasWords) return message && pick(message);
    return context
      .loaders()
      .message.load(this.record)
      .then((read) => read && pick(read));
  }
}

type Soon<Value> = Value | Promise<Value>;
