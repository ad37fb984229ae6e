import { Args, ArgsType, Directive, Field, ID, Int, ObjectType } from 'type-graphql';
import type * as core from '../../core/routes.js';
import { declareConnection, PageArgs, parsePage, toConnection, type Connection } from '../connection.js';
import { GraphQLDateTime, GraphQLJSON } from '../scalars/index.js';

@ObjectType({ description: 'A route as it was published; never changed.' })
export class RouteVersion {
  constructor(private readonly published: core.RouteVersion) {}

  @Field(() => Int, { description: '1, 2, 3 …' })
  get version(): number {
    return this.published.version;
  }

  @Field(() => GraphQLJSON, { description: 'The tree, in the shape of RouteNodeInput.' })
  get definition(): core.RouteNode {
    return this.published.definition;
  }

  @Field(() => String, { nullable: true, description: 'Why it was published; null where nothing was said.' })
  get note(): string | null {
    return this.published.note;
  }

  @Field(() => GraphQLDateTime, { description: 'When it was published (UTC).' })
  get publishedAt(): Date {
    return this.published.publishedAt;
  }

  @Field(() => String, { description: 'The id of the API key that published it.' })
  get publishedBy(): string {
    return this.published.publishedBy;
  }
}

const RouteVersionConnection = declareConnection('RouteVersion', 'versions', () => RouteVersion);

const VERSIONS = {
  list: 'versions',
  position: ({ version }: core.RouteVersion) => String(version),
  toNode: (version: core.RouteVersion) => new RouteVersion(version),
};

@ArgsType()
export class VersionsArgs extends PageArgs {
  @Field(() => Int, { nullable: true, defaultValue: 20, description: 'How many to answer: 0 to 100; more is an error.' })
  override readonly first!: number | null;
}

@ObjectType({ description: 'A named, versioned tree that picks who answers. Clients name it where they would name a model.' })
@Directive('@key(fields: "id")')
export class Route {
  constructor(private readonly route: core.Route) {}

  @Field(() => ID, { description: 'Opaque, global, time-ordered.' })
  get id(): string {
    return this.route.id;
  }

  @Field(() => String, { description: 'What callers write as `model`: [a-z0-9][a-z0-9._-]*' })
  get slug(): string {
    return this.route.slug;
  }

  @Field(() => RouteVersion, { description: 'The version in force.' })
  get current(): RouteVersion {
    return new RouteVersion(this.route.current);
  }

  @Field(() => RouteVersionConnection, { description: 'All it ever was, the newest first.' })
  versions(@Args(() => VersionsArgs) args: VersionsArgs): Connection<RouteVersion> {
    const { first, after } = parsePage(VERSIONS.list, args);
    const { versions } = this.route;
    const from = after === null ? 0 : versions.filter(({ version }) => version >= Number(after)).length;
    const nodes = versions.slice(from, from + first);
    const more = { hasPreviousPage: from > 0, hasNextPage: from + nodes.length < versions.length };
    return toConnection({ nodes, ...more, totalCount: versions.length }, VERSIONS);
  }
}
