import { ArgsType, Field, Float, ID, Int, ObjectType } from 'type-graphql';
import type { MovedCall, TrafficSummary } from '../../inference/replay-tally.js';
import type * as core from '../../inference/replays.js';
import { Deployment } from '../catalogue/types.js';
import type { GraphqlContext } from '../context.js';
import { RoutingDecision } from '../inference/routing.js';
import { Money, toMoney } from '../money.js';
import { GraphQLDateTime } from '../scalars/index.js';
import { TimeRangeInput } from '../usage/inputs.js';
import { RouteNodeInput } from './inputs.js';
import { Route } from './types.js';

const OPTIONAL = { nullable: true } as const;
/** Calls of one replay, where no limit is given. */
export const DEFAULT_REPLAY = 1_000;

@ArgsType()
export class ReplayRouteArgs {
  @Field(() => String, { description: 'The route whose past calls are decided again.' })
  readonly slug!: string;

  @Field(() => Int, { ...OPTIONAL, description: 'By this version; the one in force where neither it nor `definition` is given.' })
  readonly version?: number | null;

  @Field(() => RouteNodeInput, { ...OPTIONAL, description: 'By a tree that is not published; needs CONFIG_WRITE.' })
  readonly definition?: RouteNodeInput | null;

  @Field(() => TimeRangeInput, { description: 'When the calls were asked for; the oldest go first.' })
  readonly range!: TimeRangeInput;

  @Field(() => Int, { ...OPTIONAL, defaultValue: DEFAULT_REPLAY, description: 'How many calls at most: 1 to 10,000; more is an error.' })
  readonly limit!: number | null;
}

@ObjectType({ description: 'How many calls a deployment is the first to be asked for.' })
export class ReplayShare {
  @Field(() => Deployment, { description: 'Which.' })
  readonly deployment!: Deployment;

  @Field(() => Int, { description: 'So many calls.' })
  readonly calls!: number;

  @Field(() => Float, { description: 'Of all that were decided: 0 to 1.' })
  readonly share!: number;
}

@ObjectType({ description: 'Traffic as one version sends it, by who is asked first.' })
export class ReplayedTraffic {
  constructor(
    private readonly summary: TrafficSummary,
    private readonly decided: number,
  ) {}

  @Field(() => [ReplayShare], { description: 'The busiest first.' })
  get split(): readonly ReplayShare[] {
    return this.summary.split.map(({ deployment, calls }) => {
      return { deployment: new Deployment(deployment), calls, share: calls / this.decided };
    });
  }

  @Field(() => Int, { description: 'Calls for which nobody could be asked.' })
  get refused(): number {
    return this.summary.refused;
  }

  @Field(() => Money, {
    description: 'What the usage of the `priced` calls comes to at those targets, at the prices in force when they were made (USD).',
  })
  get cost(): Money {
    return toMoney(this.summary.cost);
  }

  @Field(() => Float, {
    ...OPTIONAL,
    description:
      'What the `measured` calls take on average, in ms, by the mean of good attempts at each target; null where there are none.',
  })
  get latencyMs(): number | null {
    return this.summary.latencyMs;
  }
}

@ObjectType({ description: 'A past call that would have gone to another target first.' })
export class ReplayedCall {
  constructor(private readonly call: MovedCall) {}

  @Field(() => ID, { description: 'The inference.' })
  get inferenceId(): string {
    return this.call.id;
  }

  @Field(() => Deployment, { ...OPTIONAL, description: 'Who was asked first; null where nobody could be.' })
  before(_args: unknown, context: GraphqlContext): Deployment | null {
    return deploymentOf(this.call.before, context);
  }

  @Field(() => Deployment, { ...OPTIONAL, description: 'Who would have been; null where nobody could be.' })
  after(_args: unknown, context: GraphqlContext): Deployment | null {
    return deploymentOf(this.call.after, context);
  }

  @Field(() => RoutingDecision, { description: 'The decision as it would have been; without attempts.' })
  get decision(): RoutingDecision {
    return new RoutingDecision(this.call.decision, []);
  }
}

function deploymentOf(id: MovedCall['before'], context: GraphqlContext): Deployment | null {
  const deployment = id === null ? undefined : context.snapshot().deployments.byId.get(id);
  return deployment ? new Deployment(deployment) : null;
}

@ObjectType({
  description:
    'What another version would have made of past calls, decided again from what each had noted (seed and inputs). By the version that ' +
    'decided, every decision is the same. What a call had not noted is reckoned: how targets fared in the calls before it, and whose turn ' +
    'it would have been. Failures are not replayed.',
})
export class RouteReplay {
  constructor(private readonly replay: core.RouteReplay) {}

  @Field(() => Route, { description: 'The route.' })
  get route(): Route {
    return new Route(this.replay.route);
  }

  @Field(() => Int, { ...OPTIONAL, description: 'The version that decided again; null for a `definition`.' })
  get version(): number | null {
    return this.replay.version;
  }

  @Field(() => Int, { description: 'Calls that were decided again.' })
  get decided(): number {
    return this.replay.decided;
  }

  @Field(() => Int, { description: 'Calls that had noted too little: those that were refused before they were routed.' })
  get skipped(): number {
    return this.replay.skipped;
  }

  @Field(() => Int, { description: 'Of those decided, the ones that would have gone to another target first.' })
  get changed(): number {
    return this.replay.changed;
  }

  @Field(() => Int, { description: 'Of those decided, the ones with usage and a price on both sides: what `cost` is about.' })
  get priced(): number {
    return this.replay.priced;
  }

  @Field(() => Int, { description: 'Of those decided, the ones whose targets answered calls of this replay: what `latencyMs` is about.' })
  get measured(): number {
    return this.replay.measured;
  }

  @Field(() => GraphQLDateTime, {
    ...OPTIONAL,
    description: 'When the last call looked at had been asked for (UTC); null: there was none.',
  })
  get until(): Date | null {
    return this.replay.until;
  }

  @Field(() => Boolean, { description: 'Whether the range holds calls beyond `limit`.' })
  get hasMore(): boolean {
    return this.replay.hasMore;
  }

  @Field(() => ReplayedTraffic, { description: 'As it was decided.' })
  get before(): ReplayedTraffic {
    return new ReplayedTraffic(this.replay.before, this.replay.decided);
  }

  @Field(() => ReplayedTraffic, { description: 'As it would have been.' })
  get after(): ReplayedTraffic {
    return new ReplayedTraffic(this.replay.after, this.replay.decided);
  }

  @Field(() => [ReplayedCall], { description: 'The first of the changed calls, at most 20.' })
  get moved(): readonly ReplayedCall[] {
    return this.replay.moved.map((call) => new ReplayedCall(call));
  }
}
