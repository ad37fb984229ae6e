import { Field, ObjectType } from 'type-graphql';
import type { Principal } from '../../core/principal.js';
import { PERMISSIONS } from '../../core/vocabulary.js';
import type { GraphqlContext } from '../context.js';
import { Organization } from './organization.js';
import { ApiKey, Team, toApiKey, toTeam } from './types.js';
import { PermissionEnum } from './words.js';

@ObjectType({ description: 'Who asks, as what.' })
export class Viewer {
  constructor(private readonly principal: Principal) {}

  @Field(() => Organization, { description: 'The tenant of the key.' })
  organization(_args: unknown, context: GraphqlContext): Organization {
    return new Organization(context.snapshot().organization);
  }

  @Field(() => ApiKey, { nullable: true, description: 'The key that asks.' })
  async apiKey(_args: unknown, context: GraphqlContext): Promise<ApiKey | null> {
    return toApiKey(await context.loaders().apiKey.load(this.principal.apiKeyId));
  }

  @Field(() => Team, { nullable: true, description: 'The key’s team; null for the organization’s own keys.' })
  async team(_args: unknown, context: GraphqlContext): Promise<Team | null> {
    return this.principal.teamId && toTeam(await context.loaders().team.load(this.principal.teamId));
  }

  @Field(() => [PermissionEnum], { description: 'What the key may do, as granted.' })
  get permissions(): readonly string[] {
    return PERMISSIONS.filter((permission) => this.principal.permissions.has(permission));
  }
}
