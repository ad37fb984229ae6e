import { Args, Authorized, createUnionType, Ctx, Mutation, Query, Resolver, Subscription } from 'type-graphql';
import type * as core from '../../core/routes.js';
import { GatewayError } from '../../core/errors.js';
import { Deployment } from '../catalogue/types.js';
import { changed } from '../changed.js';
import { declareConnection, PageArgs, pageOf, parsePage, toConnection, type Connection } from '../connection.js';
import type { GraphqlContext } from '../context.js';
import { Conflict, InvalidRequest, NotFound } from '../errors/types.js';
import { SlugArgs } from '../id-args.js';
import { RoutingDecision } from '../inference/routing.js';
import { InputArg, type With } from '../input-arg.js';
import { authorize } from '../permissions.js';
import { BOUND_BY_ROOTS } from '../roots.js';
import { healthChanges } from './health-changes.js';
import { PublishRouteInput, RollbackRouteInput, SimulateRouteArgs } from './inputs.js';
import { DEFAULT_REPLAY, ReplayRouteArgs, RouteReplay } from './replay.js';
import { Route } from './types.js';

const RouteConnection = declareConnection('Route', 'routes', () => Route);
const ROUTES = { list: 'routes', position: ({ slug }: core.Route) => slug, toNode: (route: core.Route) => new Route(route) };

const PublishRouteResult = createUnionType({
  name: 'PublishRouteResult',
  description: 'The route, or why not.',
  types: () => [Route, InvalidRequest, Conflict, NotFound] as const,
});

@Resolver()
export class RoutingResolver {
  @Authorized('CATALOG_READ')
  @Query(() => RouteConnection, { nullable: true, description: 'Routes by slug.' })
  routes(@Args(() => PageArgs) args: PageArgs, @Ctx() context: GraphqlContext): Connection<Route> {
    return toConnection(pageOf(context.snapshot().routes.all, parsePage(ROUTES.list, args)), ROUTES);
  }

  @Authorized('CATALOG_READ')
  @Query(() => Route, { nullable: true, description: 'One route; null where there is none.' })
  route(@Args(() => SlugArgs) { slug }: SlugArgs, @Ctx() context: GraphqlContext): Route | null {
    const route = context.snapshot().routes.bySlug.get(slug);
    return route ? new Route(route) : null;
  }

  @Authorized('INFERENCE')
  @Query(() => RoutingDecision, {
    nullable: true,
    description: 'Runs the routing decision and calls nobody. `definition` tries a route that is not published.',
  })
  simulateRoute(@Args(() => SimulateRouteArgs) args: SimulateRouteArgs, @Ctx() context: GraphqlContext): RoutingDecision {
    const { input, definition, seed } = args;
    if (definition) authorize(context.principal, ['CONFIG_WRITE']);
    const decision = context.services.completions.simulate(context.caller(), input, { definition, seed });
    if (decision.ok) return new RoutingDecision(decision.value, []);
    const { code, message, problems } = decision.error;
    const all = problems && problems.length > 1 ? problems.map((problem) => `${problem.path}: ${problem.message}`).join('; ') : message;
    throw new GatewayError(code === 'MODEL_NOT_ALLOWED' ? 'FORBIDDEN' : 'BAD_USER_INPUT', all);
  }

  @Authorized('CATALOG_READ')
  @Query(() => RouteReplay, {
    nullable: true,
    description:
      'Decides past calls of a route again by another version, and calls nobody; null where there is no such route. A team’s key ' +
      'replays its team’s calls. Needs USAGE_READ too.',
  })
  async replayRoute(@Args(() => ReplayRouteArgs) args: ReplayRouteArgs, @Ctx() context: GraphqlContext): Promise<RouteReplay | null> {
    authorize(context.principal, ['USAGE_READ']);
    const { slug, version, definition, range, limit } = args;
    if (definition) authorize(context.principal, ['CONFIG_WRITE']);
    const request = { slug, version, definition, range, limit: limit ?? DEFAULT_REPLAY };
    const replay = await context.services.routeReplays.replay(context.caller(), request, context.signal);
    return replay && new RouteReplay(replay);
  }

  @Authorized('CONFIG_WRITE')
  @Mutation(() => PublishRouteResult, { description: 'Puts a version of a route into force, the first one too.' })
  publishRoute(@InputArg(() => PublishRouteInput) { input }: With<PublishRouteInput>, @Ctx() context: GraphqlContext): Promise<object> {
    return changed(context, context.services.catalogueChanges.publishRoute(context.actor(), input), (route) => new Route(route));
  }

  @Authorized('CONFIG_WRITE')
  @Mutation(() => PublishRouteResult, { description: 'Publishes an earlier version once more.' })
  rollbackRoute(@InputArg(() => RollbackRouteInput) { input }: With<RollbackRouteInput>, @Ctx() context: GraphqlContext): Promise<object> {
    return changed(context, context.services.catalogueChanges.rollbackRoute(context.actor(), input), (route) => new Route(route));
  }

  @Authorized('CATALOG_READ')
  @Subscription(() => Deployment, {
    subscribe: BOUND_BY_ROOTS,
    description:
      'A deployment whenever its state of health changes, as this replica sees it. One that changes often is told as it is when read.',
  })
  deploymentHealthChanged(_args: unknown, @Ctx() context: GraphqlContext): AsyncIterableIterator<Deployment> {
    return healthChanges(context);
  }
}
