import { Args, Authorized, createUnionType, Ctx, Field, Mutation, ObjectType, Query, Resolver } from 'type-graphql';
import type * as core from '../../auth/contract.js';
import { parseId } from '../../core/ids.js';
import { declareConnection, EMPTY_PAGE, PageArgs, parsePage, toConnection, type Connection } from '../connection.js';
import type { GraphqlContext } from '../context.js';
import { changed } from '../changed.js';
import { Conflict, InvalidRequest, NotFound } from '../errors/types.js';
import { InputArg, type With } from '../input-arg.js';
import {
  ApiKeysArgs,
  CreateApiKeyInput,
  CreateTeamInput,
  RevokeApiKeyInput,
  RotateApiKeyInput,
  UpdateApiKeyInput,
  UpdateTeamInput,
} from './inputs.js';
import { ApiKey, ApiKeyConnection, listApiKeys, Team } from './types.js';
import { Viewer } from './viewer.js';

@ObjectType({ description: 'The only time the secret is shown.' })
export class CreatedApiKey {
  constructor(private readonly created: core.CreatedApiKey) {}

  @Field(() => ApiKey, { description: 'The key.' })
  get apiKey(): ApiKey {
    return new ApiKey(this.created.apiKey);
  }

  @Field(() => String, { description: 'What callers present; it can’t be shown again.' })
  get secret(): string {
    return this.created.secret;
  }
}

const TeamConnection = declareConnection('Team', 'teams', () => Team);

const TEAM_LIST = { list: 'teams', position: (team: core.Team) => team.slug, toNode: (team: core.Team) => new Team(team) };

const TeamResult = createUnionType({
  name: 'TeamResult',
  description: 'The team, or why not.',
  types: () => [Team, InvalidRequest, Conflict, NotFound] as const,
});

const ApiKeyResult = createUnionType({
  name: 'ApiKeyResult',
  description: 'The key, or why not.',
  types: () => [ApiKey, InvalidRequest, NotFound] as const,
});

const CreateApiKeyResult = createUnionType({
  name: 'CreateApiKeyResult',
  description: 'The key with its secret, or why not.',
  types: () => [CreatedApiKey, InvalidRequest, NotFound] as const,
});

@Resolver()
export class AccessResolver {
  @Authorized()
  @Query(() => Viewer, { nullable: true, description: 'Who asks, as what. Any key may ask.' })
  viewer(_args: unknown, @Ctx() context: GraphqlContext): Viewer {
    return new Viewer(context.caller());
  }

  @Authorized('KEYS_WRITE', 'USAGE_READ')
  @Query(() => TeamConnection, { nullable: true, description: 'Teams by slug; a team’s key sees its own.' })
  async teams(@Args(() => PageArgs) args: PageArgs, @Ctx() context: GraphqlContext): Promise<Connection<Team>> {
    const page = parsePage(TEAM_LIST.list, args);
    const loaded = await context.services.access.teams(context.caller(), page);
    return toConnection({ ...loaded, hasPreviousPage: page.after !== null }, TEAM_LIST);
  }

  @Authorized('KEYS_WRITE')
  @Query(() => ApiKeyConnection, { nullable: true, description: 'API keys, the newest first; a team’s key sees its team’s.' })
  async apiKeys(@Args(() => ApiKeysArgs) args: ApiKeysArgs, @Ctx() context: GraphqlContext): Promise<Connection<ApiKey>> {
    if (args.teamId == null) return listApiKeys(context, args, null);
    const teamId = parseId('team', args.teamId);
    return teamId === null ? EMPTY_PAGE : listApiKeys(context, args, teamId);
  }

  @Authorized('KEYS_WRITE')
  @Mutation(() => TeamResult, { description: 'Makes a team.' })
  createTeam(@InputArg(() => CreateTeamInput) { input }: With<CreateTeamInput>, @Ctx() context: GraphqlContext): Promise<object> {
    return changed(context, context.services.accessChanges.createTeam(context.actor(), input), (team) => new Team(team));
  }

  @Authorized('KEYS_WRITE')
  @Mutation(() => TeamResult, { description: 'Changes a team.' })
  updateTeam(@InputArg(() => UpdateTeamInput) { input }: With<UpdateTeamInput>, @Ctx() context: GraphqlContext): Promise<object> {
    return changed(context, context.services.accessChanges.updateTeam(context.actor(), input), (team) => new Team(team));
  }

  @Authorized('KEYS_WRITE')
  @Mutation(() => CreateApiKeyResult, { description: 'Makes a key, and shows its secret this once.' })
  createApiKey(@InputArg(() => CreateApiKeyInput) { input }: With<CreateApiKeyInput>, @Ctx() context: GraphqlContext): Promise<object> {
    return changed(context, context.services.accessChanges.createApiKey(context.actor(), input), (created) => new CreatedApiKey(created));
  }

  @Authorized('KEYS_WRITE')
  @Mutation(() => ApiKeyResult, { description: 'Changes a key.' })
  updateApiKey(@InputArg(() => UpdateApiKeyInput) { input }: With<UpdateApiKeyInput>, @Ctx() context: GraphqlContext): Promise<object> {
    return changed(context, context.services.accessChanges.updateApiKey(context.actor(), input), (key) => new ApiKey(key));
  }

  @Authorized('KEYS_WRITE')
  @Mutation(() => CreateApiKeyResult, { description: 'A new secret at once; the old one goes on working for graceSeconds.' })
  rotateApiKey(@InputArg(() => RotateApiKeyInput) { input }: With<RotateApiKeyInput>, @Ctx() context: GraphqlContext): Promise<object> {
    return changed(context, context.services.accessChanges.rotateApiKey(context.actor(), input), (created) => new CreatedApiKey(created));
  }

  @Authorized('KEYS_WRITE')
  @Mutation(() => ApiKeyResult, { description: 'Withdraws a key for good; it is refused everywhere within 2 s.' })
  revokeApiKey(@InputArg(() => RevokeApiKeyInput) { input }: With<RevokeApiKeyInput>, @Ctx() context: GraphqlContext): Promise<object> {
    return changed(context, context.services.accessChanges.revokeApiKey(context.actor(), input.id), (key) => new ApiKey(key));
  }
}
