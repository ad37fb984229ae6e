import { Field, Float, Int, ObjectType } from 'type-graphql';
import type { AttemptRecord, RoutingCandidate as CoreCandidate, RoutingRecord } from '../../core/inference.js';
import { hasPermission } from '../../core/principal.js';
import { Deployment } from '../catalogue/types.js';
import type { GraphqlContext } from '../context.js';
import { seesModel } from '../permissions.js';
import { Route } from '../routing/types.js';
import { GraphQLDateTime } from '../scalars/index.js';
import { Cost, toCost } from './cost.js';
import { TokenUsage, toUsage } from './usage.js';
import { AttemptStatusEnum, FailureClassEnum } from './words.js';

@ObjectType({ description: 'One upstream call.' })
export class Attempt {
  constructor(private readonly attempt: AttemptRecord) {}

  @Field(() => Int, { description: 'Its number in the inference: 0, 1, 2 …' })
  get index(): number {
    return this.attempt.index;
  }

  @Field(() => Deployment, { nullable: true, description: 'Where it went.' })
  deployment(_args: unknown, context: GraphqlContext): Deployment | null {
    const deployment = context.snapshot().deployments.byId.get(this.attempt.served.deploymentId);
    return deployment ? new Deployment(deployment) : null;
  }

  @Field(() => AttemptStatusEnum, { description: 'How it ended.' })
  get status(): string {
    return this.attempt.status;
  }

  @Field(() => FailureClassEnum, { nullable: true, description: 'What went wrong; null where nothing did.' })
  get failure(): string | null {
    return this.attempt.failure?.class ?? null;
  }

  @Field(() => Int, { nullable: true, description: 'The status the provider answered a failure with; null where it answered none.' })
  get httpStatus(): number | null {
    return this.attempt.failure?.httpStatus ?? null;
  }

  @Field(() => String, { nullable: true, description: 'What the provider said, cleaned of secrets. Null without CATALOG_READ.' })
  detail(_args: unknown, context: GraphqlContext): string | null {
    return hasPermission(context.caller(), 'CATALOG_READ') ? (this.attempt.failure?.detail ?? null) : null;
  }

  @Field(() => Int, { nullable: true, description: 'How long the provider asked to wait, in ms.' })
  get retryAfterMs(): number | null {
    return this.attempt.failure?.retryAfterMs ?? null;
  }

  @Field(() => String, { nullable: true, description: 'Why it was made, where an answer had come already; null otherwise.' })
  get reason(): string | null {
    return this.attempt.reason ?? null;
  }

  @Field(() => GraphQLDateTime, { description: 'When it began (UTC).' })
  get startedAt(): Date {
    return this.attempt.startedAt;
  }

  @Field(() => Float, { nullable: true, description: 'From its begin to the first token, in ms; null where none came.' })
  get firstTokenMs(): number | null {
    return this.attempt.firstTokenMs;
  }

  @Field(() => Float, { nullable: true, description: 'From its begin to its end, in ms; null while it runs.' })
  get durationMs(): number | null {
    return this.attempt.durationMs;
  }

  @Field(() => TokenUsage, { nullable: true, description: 'What it alone used; null while it runs.' })
  get usage(): TokenUsage | null {
    return this.attempt.usage && toUsage(this.attempt.usage);
  }

  @Field(() => Cost, { nullable: true, description: 'What it alone cost; null while it runs.' })
  get cost(): Cost | null {
    return this.attempt.cost && toCost(this.attempt.cost);
  }
}

@ObjectType({ description: 'One step of the decision.' })
export class RoutingStep {
  @Field(() => String, { description: 'Where in the route it was taken.' })
  readonly path!: string;

  @Field(() => String, { description: 'The kind of node.' })
  readonly kind!: string;

  @Field(() => String, { description: 'What it came to.' })
  readonly outcome!: string;

  @Field(() => String, { description: 'Why, in words.' })
  readonly reason!: string;
}

@ObjectType({ description: 'A deployment that could have answered.' })
export class RoutingCandidate {
  constructor(
    private readonly candidate: CoreCandidate,
    readonly place: Deployment,
  ) {}

  @Field(() => Deployment, { description: 'Which.' })
  get deployment(): Deployment {
    return this.place;
  }

  @Field(() => Boolean, { description: 'Whether it is the first to be tried; true of exactly one.' })
  get chosen(): boolean {
    return this.candidate.chosen;
  }

  @Field(() => Float, { nullable: true, description: 'What the balancing compared, where it did.' })
  get score(): number | null {
    return this.candidate.score;
  }

  @Field(() => String, { nullable: true, description: 'Why it was left out; null where it was not.' })
  get excluded(): string | null {
    return this.candidate.excluded;
  }
}

@ObjectType({ description: 'How it was decided who answers, and what came of it.' })
export class RoutingDecision {
  constructor(
    private readonly routing: RoutingRecord,
    private readonly tried: readonly AttemptRecord[],
  ) {}

  @Field(() => Route, { nullable: true, description: 'The route that was named; null where a model was, and without CATALOG_READ.' })
  route(_args: unknown, context: GraphqlContext): Route | null {
    const { route: slug } = this.routing;
    const route = slug === null ? undefined : context.snapshot().routes.bySlug.get(slug);
    return route && hasPermission(context.caller(), 'CATALOG_READ') ? new Route(route) : null;
  }

  @Field(() => Int, { nullable: true, description: 'Its version that decided.' })
  get routeVersion(): number | null {
    return this.routing.routeVersion;
  }

  @Field(() => String, { description: 'With the stored inputs and this seed the same version decides the same again.' })
  get seed(): string {
    return this.routing.seed;
  }

  @Field(() => [RoutingStep], { description: 'The decision, step by step.' })
  get steps(): readonly RoutingStep[] {
    return this.routing.steps;
  }

  @Field(() => [RoutingCandidate], { description: 'Who could have answered.' })
  candidates(_args: unknown, context: GraphqlContext): readonly RoutingCandidate[] {
    const { byId } = context.snapshot().deployments;
    return this.routing.candidates.flatMap((candidate) => {
      const deployment = byId.get(candidate.deploymentId);
      // No relation shows a key models that it may not use.
      return deployment && seesModel(context.caller(), deployment.model.slug)
        ? [new RoutingCandidate(candidate, new Deployment(deployment))]
        : [];
    });
  }

  @Field(() => [Attempt], { description: 'The upstream calls, in the order they were made.' })
  get attempts(): readonly Attempt[] {
    return this.tried.map((attempt) => new Attempt(attempt));
  }
}
