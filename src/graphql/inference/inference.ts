import type { GraphQLResolveInfo } from 'graphql';
import { Field, Float, ID, InterfaceType, ObjectType } from 'type-graphql';
import type * as core from '../../core/inference.js';
import { ApiKey, Team, toApiKey, toTeam } from '../access/types.js';
import { Model } from '../catalogue/types.js';
import type { GraphqlContext } from '../context.js';
import { UserError } from '../errors/user-error.js';
import { GraphQLDateTime } from '../scalars/index.js';
import { Tag } from '../tag.js';
import { Cost, toCost } from './cost.js';
import { orInStream } from '../in-stream.js';
import { RoutingDecision } from './routing.js';
import { TokenUsage, toUsage } from './usage.js';
import { CacheStatusEnum, InferenceStatusEnum, OperationEnum } from './words.js';

@ObjectType({ description: 'Where the time went, in milliseconds; null where it did not come to that.' })
export class Timing implements core.Timing {
  @Field(() => Float, { nullable: true, description: 'Waiting before the first upstream call, in ms.' })
  readonly queuedMs!: number | null;

  @Field(() => Float, {
    nullable: true,
    description: 'The gateway’s own share: the total less the time spent waiting for upstreams, in ms.',
  })
  readonly gatewayMs!: number | null;

  @Field(() => Float, { nullable: true, description: 'From the request to the first token, in ms.' })
  readonly firstTokenMs!: number | null;

  @Field(() => Float, { nullable: true, description: 'From the request to the end, in ms.' })
  readonly totalMs!: number | null;
}

@ObjectType({ description: 'What the answer cache did.' })
export class CacheOutcome {
  @Field(() => CacheStatusEnum, { description: 'Whether it answered.' })
  readonly status!: string;
}

@InterfaceType({ description: 'Anything the gateway ran, or refused to run, for an authenticated caller: one ledger row.' })
export abstract class Inference {
  constructor(protected readonly state: core.CompletionState) {}

  protected get record(): core.InferenceRecord {
    return this.state.record;
  }

  @Field(() => ID, { description: 'Opaque, global, time-ordered.' })
  get id(): string {
    return this.record.id;
  }

  @Field(() => OperationEnum, { description: 'What was asked for.' })
  get operation(): string {
    return this.record.operation;
  }

  @Field(() => InferenceStatusEnum, { description: 'How far it is, or how it ended.' })
  get status(): string {
    return this.record.status;
  }

  @Field(() => String, { description: 'The model as the caller wrote it.' })
  get requestedModel(): string {
    return this.record.requestedModel;
  }

  @Field(() => Model, { nullable: true, description: 'The model that answered; null where none was reached.' })
  servedModel(_args: unknown, context: GraphqlContext): Model | null {
    const { served } = this.record;
    const model = served && context.snapshot().models.byId.get(served.modelId);
    return model ? new Model(model) : null;
  }

  @Field(() => TokenUsage, { nullable: true, description: 'Tokens of all attempts together; null while it runs.' })
  get usage(): TokenUsage | null {
    return this.record.usage && toUsage(this.record.usage);
  }

  @Field(() => Cost, { nullable: true, description: 'What all attempts together cost (USD); null while it runs.' })
  get cost(): Cost | null {
    return this.record.cost && toCost(this.record.cost);
  }

  @Field(() => RoutingDecision, { nullable: true, description: 'How it was decided who answers; null where it did not come to that.' })
  get routing(): RoutingDecision | null {
    return this.record.routing && new RoutingDecision(this.record.routing, this.record.attempts);
  }

  @Field(() => CacheOutcome, { nullable: true, description: 'What the answer cache did.' })
  get cache(): CacheOutcome {
    return { status: this.record.cacheStatus };
  }

  @Field(() => Timing, { description: 'Where the time went (ms).' })
  get timing(): Timing {
    return this.record.timing;
  }

  @Field(() => UserError, { nullable: true, description: 'Why it was refused, failed or cancelled.' })
  get error(): UserError | null {
    return this.toError();
  }

  @Field(() => Team, {
    nullable: true,
    description: 'Whose key asked; null for the organization’s own keys, and in a stream where it can’t be read just then.',
  })
  async team(_args: unknown, context: GraphqlContext, info: GraphQLResolveInfo): Promise<Team | null> {
    const { teamId } = this.record;
    return teamId && toTeam(await orInStream(context.loaders().team.load(teamId), null, info));
  }

  @Field(() => ApiKey, { nullable: true, description: 'The key that asked; null in a stream where it can’t be read just then.' })
  async apiKey(_args: unknown, context: GraphqlContext, info: GraphQLResolveInfo): Promise<ApiKey | null> {
    return toApiKey(await orInStream(context.loaders().apiKey.load(this.record.apiKeyId), null, info));
  }

  @Field(() => String, { nullable: true, description: 'The caller’s own id of the person or account this was for.' })
  get user(): string | null {
    return this.record.user;
  }

  @Field(() => String, { nullable: true, description: 'The caller’s own id of the conversation.' })
  get sessionId(): string | null {
    return this.record.sessionId;
  }

  @Field(() => [Tag], { description: 'The caller’s own labels, and the key’s.' })
  get tags(): readonly Tag[] {
    return this.record.tags;
  }

  @Field(() => GraphQLDateTime, { description: 'When it was asked for (UTC).' })
  get createdAt(): Date {
    return this.record.createdAt;
  }

  @Field(() => GraphQLDateTime, { nullable: true, description: 'When it ended (UTC); null while it runs.' })
  get endedAt(): Date | null {
    return this.record.endedAt;
  }

  /** The concrete types know the error types, which in turn know this interface. */
  protected abstract toError(): UserError | null;
}
