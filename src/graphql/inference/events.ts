import { Field, ID, Int, InterfaceType, ObjectType } from 'type-graphql';
import { assertNever } from '../../core/assert-never.js';
import type * as core from '../../core/events.js';
import { toUserError } from '../errors/to-user-error.js';
import { UserError } from '../errors/user-error.js';
import { GraphQLDateTime } from '../scalars/index.js';
import { Completion } from './completion.js';
import { Cost, toCost } from './cost.js';
import { Attempt } from './routing.js';
import { TokenUsage, toUsage } from './usage.js';

type EventOf<Type extends core.CompletionEvent['type']> = Extract<core.CompletionEvent, { type: Type }>;

@InterfaceType({
  description:
    'A completion’s events are numbered 0, 1, 2 … CompletionStarted is 0, and one CompletionFinished or CompletionFailed is last. ' +
    'A refusal is a single CompletionFailed, number 0. Cancelled: CompletionFailed with Cancelled. To a reader that falls behind adjacent ' +
    'deltas come joined as one event with the number of the last, which is the one for `after`.',
})
export abstract class CompletionEvent<Event extends core.CompletionEvent = core.CompletionEvent> {
  constructor(protected readonly event: Event) {}

  @Field(() => ID, { description: 'Which completion.' })
  get completionId(): string {
    return this.event.completionId;
  }

  @Field(() => Int, { description: 'The event’s number, for `after`; strictly increasing.' })
  get sequence(): number {
    return this.event.sequence;
  }

  @Field(() => Int, {
    description:
      'The number of the first event in this one: `sequence` itself, but where adjacent deltas were joined for a reader that fell behind. ' +
      'Nothing is missing where it is the last `sequence` plus 1.',
  })
  get firstSequence(): number {
    return this.event.firstSequence ?? this.event.sequence;
  }

  @Field(() => GraphQLDateTime, { description: 'When it happened (UTC).' })
  get at(): Date {
    return this.event.at;
  }
}

@ObjectType({ implements: CompletionEvent, description: 'It runs.' })
export class CompletionStarted extends CompletionEvent<EventOf<'started'>> {
  @Field(() => Completion, { description: 'As it was at its start.' })
  get completion(): Completion {
    return new Completion(this.event.completion);
  }
}

@ObjectType({ implements: CompletionEvent, description: 'More words.' })
export class TextDelta extends CompletionEvent<EventOf<'text'>> {
  @Field(() => String, { description: 'To be put behind the words so far.' })
  get text(): string {
    return this.event.text;
  }
}

@ObjectType({ implements: CompletionEvent, description: 'More of what the model thinks.' })
export class ReasoningDelta extends CompletionEvent<EventOf<'reasoning'>> {
  @Field(() => String, { description: 'To be put behind the thoughts so far.' })
  get text(): string {
    return this.event.text;
  }
}

@ObjectType({ implements: CompletionEvent, description: 'More of a tool call.' })
export class ToolCallDelta extends CompletionEvent<EventOf<'toolCall'>> {
  @Field(() => Int, { description: 'Which call of the answer: 0, 1, 2 …' })
  get index(): number {
    return this.event.index;
  }

  @Field(() => String, { nullable: true, description: 'The call’s id; in its first delta only.' })
  get id(): string | null {
    return this.event.id;
  }

  @Field(() => String, { nullable: true, description: 'The tool; in the call’s first delta only.' })
  get name(): string | null {
    return this.event.name;
  }

  @Field(() => String, { description: 'To be put behind the call’s arguments so far.' })
  get argumentsDelta(): string {
    return this.event.argumentsDelta;
  }
}

@ObjectType({
  implements: CompletionEvent,
  description: 'An attempt failed before its first content, or its answer, told to nobody yet, does not fit its schema; another is made.',
})
export class CompletionRerouted extends CompletionEvent<EventOf<'rerouted'>> {
  @Field(() => Attempt, { description: 'The attempt that failed; a SUCCEEDED one where its answer does not fit its schema.' })
  get failed(): Attempt {
    return new Attempt(this.event.failed);
  }

  @Field(() => String, { description: 'Why another is made, in words.' })
  get reason(): string {
    return this.event.reason;
  }
}

@ObjectType({ implements: CompletionEvent, description: 'What it used and cost; comes once, before the end.' })
export class UsageUpdated extends CompletionEvent<EventOf<'usage'>> {
  @Field(() => TokenUsage, { description: 'Tokens of all attempts together.' })
  get usage(): TokenUsage {
    return toUsage(this.event.usage);
  }

  @Field(() => Cost, { description: 'What all attempts together cost (USD).' })
  get cost(): Cost {
    return toCost(this.event.cost);
  }
}

@ObjectType({ implements: CompletionEvent, description: 'The answer is complete.' })
export class CompletionFinished extends CompletionEvent<EventOf<'finished'>> {
  @Field(() => Completion, { description: 'As it ended.' })
  get completion(): Completion {
    return new Completion(this.event.completion);
  }
}

@ObjectType({ implements: CompletionEvent, description: 'It was refused, failed or cancelled.' })
export class CompletionFailed extends CompletionEvent<EventOf<'failed'>> {
  @Field(() => UserError, { description: 'Why.' })
  get error(): UserError {
    return toUserError(this.event.error, this.completion);
  }

  @Field(() => Completion, { description: 'As it ended, with the partial usage and cost.' })
  get completion(): Completion {
    return new Completion(this.event.completion);
  }
}

export const EVENT_TYPES = [
  CompletionStarted,
  TextDelta,
  ReasoningDelta,
  ToolCallDelta,
  CompletionRerouted,
  UsageUpdated,
  CompletionFinished,
  CompletionFailed,
] as const;

export function toEvent(event: core.CompletionEvent): CompletionEvent {
  switch (event.type) {
    case 'started':
      return new CompletionStarted(event);
    case 'text':
      return new TextDelta(event);
    case 'reasoning':
      return new ReasoningDelta(event);
    case 'toolCall':
      return new ToolCallDelta(event);
    case 'rerouted':
      return new CompletionRerouted(event);
    case 'usage':
      return new UsageUpdated(event);
    case 'finished':
      return new CompletionFinished(event);
    case 'failed':
      return new CompletionFailed(event);
    default:
      return assertNever(event);
  }
}
