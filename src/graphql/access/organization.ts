import { Authorized, createUnionType, Ctx, Directive, Field, ID, InputType, Int, Mutation, ObjectType, Resolver } from 'type-graphql';
import type * as core from '../../core/catalogue.js';
import { RETENTION_DAYS } from '../../core/payload-storage.js';
import type { PayloadStorageMode } from '../../core/payload-storage.js';
import { changed } from '../changed.js';
import type { GraphqlContext } from '../context.js';
import { InvalidRequest } from '../errors/types.js';
import { InputArg, type With } from '../input-arg.js';
import { PayloadStorageModeEnum } from './words.js';

@ObjectType({ description: 'What of prompts and answers is stored beyond what resuming and idempotency need.' })
export class PayloadStorage {
  constructor(private readonly storage: core.Organization['payloadStorage']) {}

  @Field(() => PayloadStorageModeEnum, { description: 'Whether, and how.' })
  get mode(): string {
    return this.storage.mode;
  }

  @Field(() => Int, { description: 'For how many days from the end of a completion; of no effect with NONE.' })
  get retentionDays(): number {
    return this.storage.retentionDays;
  }
}

@ObjectType({ description: 'The tenant: everything belongs to one.' })
@Directive('@key(fields: "id")')
export class Organization {
  constructor(private readonly organization: core.Organization) {}

  @Field(() => ID, { description: 'Opaque, global, time-ordered.' })
  get id(): string {
    return this.organization.id;
  }

  @Field(() => String, { description: 'Its short name: [a-z0-9][a-z0-9._-]*' })
  get slug(): string {
    return this.organization.slug;
  }

  @Field(() => String, { description: 'For people.' })
  get name(): string {
    return this.organization.name;
  }

  @Field(() => PayloadStorage, { description: 'What is stored of prompts and answers.' })
  get payloadStorage(): PayloadStorage {
    return new PayloadStorage(this.organization.payloadStorage);
  }
}

@InputType({ description: 'How prompts and answers are stored from now on; what was stored before keeps its time.' })
export class UpdatePayloadStorageInput {
  @Field(() => PayloadStorageModeEnum, { description: 'Whether, and how.' })
  readonly mode!: PayloadStorageMode;

  @Field(() => Int, {
    nullable: true,
    description: `From ${RETENTION_DAYS.min} to ${RETENTION_DAYS.max} days, counted from the end of a completion. Unset: unchanged (30 at first).`,
  })
  readonly retentionDays?: number | null;
}

const PayloadStorageResult = createUnionType({
  name: 'PayloadStorageResult',
  description: 'The organization with its new setting, or why not.',
  types: () => [Organization, InvalidRequest] as const,
});

@Resolver()
export class OrganizationResolver {
  @Authorized('CONFIG_WRITE')
  @Mutation(() => PayloadStorageResult, {
    description: 'Sets whether prompts and answers are stored, and for how long. For completions that begin after it.',
  })
  updatePayloadStorage(
    @InputArg(() => UpdatePayloadStorageInput) { input }: With<UpdatePayloadStorageInput>,
    @Ctx() context: GraphqlContext,
  ): Promise<object> {
    const change = context.services.catalogueChanges.updatePayloadStorage(context.actor(), input);
    return changed(context, change, (organization) => new Organization(organization));
  }
}
