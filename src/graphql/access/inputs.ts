import { ArgsType, Field, ID, InputType, Int } from 'type-graphql';
import type * as core from '../../auth/contract.js';
import type { Permission } from '../../core/vocabulary.js';
import { PageArgs } from '../connection.js';
import { GraphQLDateTime } from '../scalars/index.js';
import { TagInput } from '../tag.js';
import { PermissionEnum } from './words.js';

const OPTIONAL = { nullable: true } as const;

@InputType({ description: 'A new team.' })
export class CreateTeamInput {
  @Field(() => String, { description: 'Its short name, for good: [a-z0-9][a-z0-9._-]*' })
  readonly slug!: string;

  @Field(() => String, { ...OPTIONAL, description: 'For people; the slug, where none is given.' })
  readonly name?: string | null;
}

@InputType({ description: 'A change of a team: what is absent stays.' })
export class UpdateTeamInput {
  @Field(() => ID, { description: 'Which team.' })
  readonly id!: string;

  @Field(() => String, { ...OPTIONAL, description: 'For people; null: the slug.' })
  readonly name?: string | null;
}

@InputType({ description: 'A new API key.' })
export class CreateApiKeyInput implements core.CreateApiKeyInput {
  @Field(() => String, { description: 'For people.' })
  readonly name!: string;

  @Field(() => ID, {
    ...OPTIONAL,
    description: 'Whose key it is; the organization’s own, where none is given. A team’s key makes its team’s.',
  })
  readonly teamId?: string | null;

  @Field(() => [PermissionEnum], {
    ...OPTIONAL,
    defaultValue: ['INFERENCE'],
    description: 'What it may do; nobody grants what they lack.',
  })
  readonly permissions?: readonly Permission[] | null;

  @Field(() => [String], { ...OPTIONAL, description: 'The slugs of the models it may use. Absent: all.' })
  readonly models?: readonly string[] | null;

  @Field(() => GraphQLDateTime, { ...OPTIONAL, description: 'When it stops to work (UTC); never, where none is given.' })
  readonly expiresAt?: Date | null;

  @Field(() => [TagInput], { ...OPTIONAL, description: 'Put on everything it runs.' })
  readonly tags?: readonly TagInput[] | null;
}

@InputType({ description: 'A change of a key: what is absent stays.' })
export class UpdateApiKeyInput implements core.UpdateApiKeyInput {
  @Field(() => ID, { description: 'Which key.' })
  readonly id!: string;

  @Field(() => String, { ...OPTIONAL, description: 'For people.' })
  readonly name?: string | null;

  @Field(() => [String], { ...OPTIONAL, description: 'The slugs of the models it may use.' })
  readonly models?: readonly string[] | null;

  @Field(() => Boolean, { ...OPTIONAL, defaultValue: false, description: 'Lifts the allow-list; the only way to.' })
  readonly allModels?: boolean | null;

  @Field(() => [PermissionEnum], { ...OPTIONAL, description: 'What it may do; nobody grants what they lack.' })
  readonly permissions?: readonly Permission[] | null;

  @Field(() => GraphQLDateTime, { ...OPTIONAL, description: 'When it stops to work (UTC).' })
  readonly expiresAt?: Date | null;
}

@InputType({ description: 'A new secret for a key.' })
export class RotateApiKeyInput {
  @Field(() => ID, { description: 'Which key.' })
  readonly id!: string;

  @Field(() => Int, { ...OPTIONAL, defaultValue: 0, description: 'How long the old secret goes on working, in seconds.' })
  readonly graceSeconds?: number | null;
}

@InputType({ description: 'Which key to withdraw, for good.' })
export class RevokeApiKeyInput {
  @Field(() => ID, { description: 'Its id.' })
  readonly id!: string;
}

@ArgsType()
export class ApiKeysArgs extends PageArgs {
  @Field(() => ID, { ...OPTIONAL, description: 'Only this team’s keys.' })
  readonly teamId?: string | null;
}
