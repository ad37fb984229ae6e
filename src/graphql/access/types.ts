import type { GraphQLResolveInfo } from 'graphql';
import { Args, Directive, Field, ID, ObjectType } from 'type-graphql';
import type * as core from '../../auth/contract.js';
import type { GraphqlContext } from '../context.js';
import { orInStream } from '../in-stream.js';
import { PageArgs, declareConnection, parsePage, toConnection, type Connection } from '../connection.js';
import { authorize } from '../permissions.js';
import { GraphQLDateTime } from '../scalars/index.js';
import { Tag } from '../tag.js';
import { ApiKeyStateEnum, PermissionEnum } from './words.js';

@ObjectType({ description: 'An API key: who may do what. Its secret is shown once, when it is made.' })
@Directive('@key(fields: "id")')
export class ApiKey {
  constructor(private readonly key: core.ApiKey) {}

  @Field(() => ID, { description: 'Opaque, global, time-ordered.' })
  get id(): string {
    return this.key.id;
  }

  @Field(() => String, { description: 'For people.' })
  get name(): string {
    return this.key.name;
  }

  @Field(() => String, { description: 'The start of the secret, fit to show.' })
  get prefix(): string {
    return this.key.prefix;
  }

  @Field(() => Team, { nullable: true, description: 'Whose key it is; null for the organization’s own.' })
  async team(_args: unknown, context: GraphqlContext, info: GraphQLResolveInfo): Promise<Team | null> {
    return this.key.teamId && toTeam(await orInStream(context.loaders().team.load(this.key.teamId), null, info));
  }

  @Field(() => [PermissionEnum], { description: 'What it may do.' })
  get permissions(): readonly string[] {
    return this.key.permissions;
  }

  @Field(() => [String], { nullable: true, description: 'The slugs of the models it may use. Null: all.' })
  get models(): readonly string[] | null {
    return this.key.models;
  }

  @Field(() => ApiKeyStateEnum, { description: 'Whether it works.' })
  get state(): string {
    return this.key.state;
  }

  @Field(() => [Tag], { description: 'Put on everything it runs.' })
  get tags(): readonly Tag[] {
    return this.key.tags;
  }

  @Field(() => GraphQLDateTime, { description: 'When it was made (UTC).' })
  get createdAt(): Date {
    return this.key.createdAt;
  }

  @Field(() => GraphQLDateTime, { nullable: true, description: 'When it stops to work (UTC); null: never.' })
  get expiresAt(): Date | null {
    return this.key.expiresAt;
  }

  @Field(() => GraphQLDateTime, { nullable: true, description: 'When it was last used (UTC), to about a minute; null: never.' })
  get lastUsedAt(): Date | null {
    return this.key.lastUsedAt;
  }
}

export const ApiKeyConnection = declareConnection('ApiKey', 'API keys', () => ApiKey);

const API_KEY_LIST = { list: 'apiKeys', position: (key: core.ApiKey) => key.id, toNode: (key: core.ApiKey) => new ApiKey(key) };

@ObjectType({ description: 'A part of the organization with keys of its own.' })
@Directive('@key(fields: "id")')
export class Team {
  constructor(private readonly team: core.Team) {}

  @Field(() => ID, { description: 'Opaque, global, time-ordered.' })
  get id(): string {
    return this.team.id;
  }

  @Field(() => String, { description: 'Its short name: [a-z0-9][a-z0-9._-]*' })
  get slug(): string {
    return this.team.slug;
  }

  @Field(() => String, { description: 'For people.' })
  get name(): string {
    return this.team.name;
  }

  @Field(() => ApiKeyConnection, { description: 'Its keys, the newest first. Needs KEYS_WRITE.' })
  apiKeys(@Args(() => PageArgs) page: PageArgs, context: GraphqlContext): Promise<Connection<ApiKey>> {
    return listApiKeys(context, page, this.team.id);
  }
}

/** A page of keys, of one team or (null) of all the caller sees. */
export async function listApiKeys(context: GraphqlContext, page: PageArgs, teamId: core.Team['id'] | null): Promise<Connection<ApiKey>> {
  const principal = authorize(context.principal, ['KEYS_WRITE']);
  const request = parsePage(API_KEY_LIST.list, page);
  const loaded =
    teamId === null
      ? await context.services.access.apiKeys(principal, { teamId }, request)
      : await context.loaders().teamKeys.load({ teamId, page: request });
  return toConnection({ ...loaded, hasPreviousPage: request.after !== null }, API_KEY_LIST);
}

export function toTeam(team: core.Team | null): Team | null {
  return team && new Team(team);
}

export function toApiKey(key: core.ApiKey | null): ApiKey | null {
  return key && new ApiKey(key);
}
