import { Args, ArgsType, Directive, Field, ID, Int, ObjectType } from 'type-graphql';
import type * as core from '../../core/catalogue.js';
import { hasPermission } from '../../core/principal.js';
import type { GraphqlContext } from '../context.js';
import { OperationEnum } from '../inference/words.js';
import { visibleDeployments } from '../permissions.js';
import { GraphQLDateTime, GraphQLURL } from '../scalars/index.js';
import { DeploymentHealth } from './health.js';
import type { DeploymentHealthReading } from './health-reader.js';
import { listPriceAt, Price } from './price.js';
import { ProviderTls } from './tls.js';
import { CancelPolicyEnum, CapabilityEnum, WireFormatEnum } from './words.js';

@ArgsType()
export class PriceAtArgs {
  @Field(() => GraphQLDateTime, { nullable: true, description: 'The instant (UTC); now, where none is given.' })
  readonly at?: Date | null;
}

@ObjectType({ description: 'A model, by whichever providers it is served.' })
@Directive('@key(fields: "id")')
@Directive('@key(fields: "slug")')
export class Model {
  constructor(private readonly model: core.Model) {}

  @Field(() => ID, { description: 'Opaque, global, time-ordered.' })
  get id(): string {
    return this.model.id;
  }

  @Field(() => String, { description: 'What callers write as `model`: [a-z0-9][a-z0-9._-]*' })
  get slug(): string {
    return this.model.slug;
  }

  @Field(() => String, { description: 'For people.' })
  get name(): string {
    return this.model.name;
  }

  @Field(() => String, { description: 'Who made it.' })
  get vendor(): string {
    return this.model.vendor;
  }

  @Field(() => [OperationEnum], { description: 'What it can be asked for.' })
  get operations(): readonly string[] {
    return this.model.operations;
  }

  @Field(() => [CapabilityEnum], { description: 'What it can do beyond plain text.' })
  get capabilities(): readonly string[] {
    return [...this.model.capabilities];
  }

  @Field(() => Int, { nullable: true, description: 'Prompt and answer together, in tokens; null where unknown.' })
  get contextWindow(): number | null {
    return this.model.contextWindow;
  }

  @Field(() => Int, { nullable: true, description: 'The longest answer, in tokens; null where unknown.' })
  get maxOutputTokens(): number | null {
    return this.model.maxOutputTokens;
  }

  @Field(() => Price, { nullable: true, description: 'The vendor’s list price in force at an instant; null where none is known.' })
  price(@Args(() => PriceAtArgs) { at }: PriceAtArgs, { services }: GraphqlContext): Price | null {
    return listPriceAt(this.model.prices, at ?? services.clock.now());
  }

  @Field(() => [Price], { description: 'Every price it has had, the oldest first.' })
  get priceHistory(): readonly Price[] {
    return this.model.prices.map((price) => new Price(price));
  }

  @Field(() => [Deployment], { description: 'Where it is served, the highest weight first.' })
  deployments(_args: unknown, context: GraphqlContext): readonly Deployment[] {
    return toDeployments(context, this.model.deployments);
  }

  @Field(() => GraphQLDateTime, { nullable: true, description: 'From when its vendor stops serving it (UTC).' })
  get deprecatedOn(): Date | null {
    return this.model.deprecatedOn;
  }
}

@ObjectType({ description: 'That a credential is set: never the secret.' })
export class CredentialInfo {
  @Field(() => String, { description: 'The last four characters of the API key, or of the account’s key id.' })
  readonly lastFour!: string;

  @Field(() => GraphQLDateTime, { description: 'When it was set (UTC).' })
  readonly setAt!: Date;
}

@ObjectType({ description: 'An upstream account at an AI vendor, or a server of one’s own.' })
@Directive('@key(fields: "id")')
export class Provider {
  constructor(private readonly provider: core.Provider) {}

  @Field(() => ID, { description: 'Opaque, global, time-ordered.' })
  get id(): string {
    return this.provider.id;
  }

  @Field(() => String, { description: 'Its name in `provider/model`: [a-z0-9][a-z0-9._-]*' })
  get slug(): string {
    return this.provider.slug;
  }

  @Field(() => String, { description: 'For people.' })
  get name(): string {
    return this.provider.name;
  }

  @Field(() => WireFormatEnum, { description: 'The protocol it speaks.' })
  get wireFormat(): string {
    return this.provider.wireFormat;
  }

  @Field(() => GraphQLURL, { nullable: true, description: 'Where it is, version included. Null without CATALOG_READ.' })
  baseUrl(_args: unknown, context: GraphqlContext): string | null {
    return hasPermission(context.caller(), 'CATALOG_READ') ? this.provider.baseUrl : null;
  }

  @Field(() => String, { nullable: true, description: 'The region it runs in, in the vendor’s words.' })
  get region(): string | null {
    return this.provider.region;
  }

  @Field(() => Int, {
    nullable: true,
    description: 'How often it is looked after while its deployments are idle, in seconds; null: never.',
  })
  get healthCheckSeconds(): number | null {
    return this.provider.healthCheckSeconds ?? null;
  }

  @Field(() => CredentialInfo, {
    nullable: true,
    description:
      'When the secret was set, and four characters to tell it by; never the secret. Null without CATALOG_READ, and where none is set.',
  })
  credential(_args: unknown, context: GraphqlContext): CredentialInfo | null {
    const { credential } = this.provider;
    if (credential === null || !hasPermission(context.caller(), 'CATALOG_READ')) return null;
    return { lastFour: credential.lastFour, setAt: credential.setAt };
  }

  @Field(() => ProviderTls, { nullable: true, description: 'Its TLS settings. Null without CATALOG_READ, and where none are set.' })
  tls(_args: unknown, context: GraphqlContext): ProviderTls | null {
    const tls = hasPermission(context.caller(), 'CATALOG_READ') ? this.provider.tls : null;
    return tls ? new ProviderTls(tls) : null;
  }

  @Field(() => [Deployment], { description: 'The models it serves, the highest weight first.' })
  deployments(_args: unknown, context: GraphqlContext): readonly Deployment[] {
    return toDeployments(context, this.provider.deployments);
  }

  @Field(() => Boolean, { description: 'Whether calls may go there.' })
  get enabled(): boolean {
    return this.provider.enabled;
  }
}

@ObjectType({ description: 'A model as one provider serves it.' })
@Directive('@key(fields: "id")')
export class Deployment {
  constructor(private readonly deployment: core.Deployment) {}

  @Field(() => ID, { description: 'Opaque, global, time-ordered.' })
  get id(): string {
    return this.deployment.id;
  }

  @Field(() => String, { description: 'Usually `<provider>.<model>`: [a-z0-9][a-z0-9._-]*' })
  get slug(): string {
    return this.deployment.slug;
  }

  @Field(() => Provider, { description: 'Who serves it.' })
  get provider(): Provider {
    return new Provider(this.deployment.provider);
  }

  @Field(() => Model, { description: 'What is served.' })
  get model(): Model {
    return new Model(this.deployment.model);
  }

  @Field(() => String, { description: 'The provider’s own name of the model.' })
  get upstreamModel(): string {
    return this.deployment.upstreamModel;
  }

  @Field(() => String, { nullable: true, description: 'Its region, where it differs from the provider’s.' })
  get region(): string | null {
    return this.deployment.region;
  }

  @Field(() => Int, { description: 'Its share among the deployments of the model; more is more.' })
  get weight(): number {
    return this.deployment.weight;
  }

  @Field(() => Boolean, { description: 'Whether calls may go there.' })
  get enabled(): boolean {
    return this.deployment.enabled;
  }

  @Field(() => CancelPolicyEnum, { description: 'What happens upstream when a call is cancelled.' })
  get onCancel(): string {
    return this.deployment.onCancel;
  }

  @Field(() => Boolean, {
    description:
      'Whether an answer that does not fit its JSON schema is asked for once more, where the provider does not vouch for it; ' +
      'the call pays for both.',
  })
  get structuredOutputRepair(): boolean {
    return this.deployment.structuredOutputRepair ?? false;
  }

  @Field(() => Price, { nullable: true, description: 'Its own price where one is set, else the model’s.' })
  price(@Args(() => PriceAtArgs) { at }: PriceAtArgs, { services }: GraphqlContext): Price | null {
    const instant = at ?? services.clock.now();
    const own = this.deployment.prices;
    return listPriceAt(own.length > 0 ? own : this.deployment.model.prices, instant);
  }

  @Field(() => DeploymentHealth, { description: 'How it fares.' })
  health(_args: unknown, { services }: GraphqlContext): DeploymentHealthReading {
    return services.health.health(this.deployment);
  }
}

function toDeployments(context: GraphqlContext, deployments: readonly core.Deployment[]): readonly Deployment[] {
  return visibleDeployments(context.caller(), deployments).map((deployment) => new Deployment(deployment));
}
