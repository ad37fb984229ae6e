import { Directive, Field, ID, InputType, Int } from 'type-graphql';
import type * as core from '../../catalog/contract.js';
import type { JsonValue } from '../../core/json.js';
import type { CancelPolicy, Capability, Operation, WireFormat } from '../../core/vocabulary.js';
import { OperationEnum } from '../inference/words.js';
import { GraphQLDateTime, GraphQLJSON, GraphQLURL } from '../scalars/index.js';
import { PriceInput } from './price-input.js';
import { ProviderTlsInput } from './tls.js';
import { CancelPolicyEnum, CapabilityEnum, WireFormatEnum } from './words.js';

const OPTIONAL = { nullable: true } as const;
const HEALTH_CHECK =
  'How often an upstream whose deployments are idle is asked for its list of models, to know how it fares: in seconds, 10 to 3,600; ' +
  'null: never. It costs nothing, and books nothing.';
const TLS = 'For an https address whose certificate no public authority signed, or that wants one from the gateway.';
const REPAIR =
  'Whether an answer that does not fit its JSON schema is asked for once more, where the provider does not vouch for it; ' +
  'the call pays for both.';

@InputType({ description: 'Keys of an AWS account, by which calls to Bedrock are signed.' })
export class AwsCredentialInput implements core.AwsCredentialInput {
  @Field(() => String, { description: 'The access key’s id: AKIA…' })
  readonly accessKeyId!: string;

  @Field(() => String, { description: 'The secret access key.' })
  readonly secretAccessKey!: string;

  @Field(() => String, { ...OPTIONAL, description: 'Of temporary keys. They are not renewed: set new ones before they expire.' })
  readonly sessionToken?: string | null;
}

@InputType({ description: 'The secret a provider is called with; stored encrypted, never shown again.' })
@Directive('@oneOf')
export class ProviderCredentialInput implements core.ProviderCredentialInput {
  @Field(() => String, { ...OPTIONAL, description: 'An API key.' })
  readonly apiKey?: string | null;

  @Field(() => AwsCredentialInput, { ...OPTIONAL, description: 'Keys of an AWS account (BEDROCK_CONVERSE).' })
  readonly aws?: AwsCredentialInput | null;

  @Field(() => GraphQLJSON, { ...OPTIONAL, description: 'The key file of a Google service account, as an object (Vertex AI).' })
  readonly googleServiceAccount?: JsonValue | null;
}

@InputType({ description: 'A new provider.' })
export class CreateProviderInput implements core.CreateProviderInput {
  @Field(() => String, { description: 'Its name in `provider/model`: [a-z0-9][a-z0-9._-]*' })
  readonly slug!: string;

  @Field(() => String, { ...OPTIONAL, description: 'For people; the preset’s or the slug, where none is given.' })
  readonly name?: string | null;

  @Field(() => String, {
    ...OPTIONAL,
    description: 'Fills wireFormat and baseUrl for a known vendor: openai, azure-openai, mistral, groq, ollama …',
  })
  readonly preset?: string | null;

  @Field(() => WireFormatEnum, { ...OPTIONAL, description: 'The protocol it speaks. A format that is not built yet: InvalidRequest.' })
  readonly wireFormat?: WireFormat | null;

  @Field(() => GraphQLURL, { ...OPTIONAL, description: 'Where it is, version included: https://api.openai.com/v1' })
  readonly baseUrl?: string | null;

  @Field(() => String, { ...OPTIONAL, description: 'The region it runs in, in the vendor’s words.' })
  readonly region?: string | null;

  @Field(() => ProviderCredentialInput, { ...OPTIONAL, description: 'The secret it is called with.' })
  readonly credential?: ProviderCredentialInput | null;

  @Field(() => GraphQLJSON, { ...OPTIONAL, description: 'Further headers of each call: an object of strings.' })
  readonly headers?: JsonValue | null;

  @Field(() => Boolean, {
    ...OPTIONAL,
    defaultValue: false,
    description: 'Whether the address may be on a private network; refused otherwise.',
  })
  readonly allowPrivateNetwork?: boolean | null;

  @Field(() => ProviderTlsInput, { ...OPTIONAL, description: TLS })
  readonly tls?: ProviderTlsInput | null;

  @Field(() => Int, { ...OPTIONAL, description: HEALTH_CHECK })
  readonly healthCheckSeconds?: number | null;
}

@InputType({ description: 'A change of a provider: what is absent stays, null clears.' })
export class UpdateProviderInput implements core.UpdateProviderInput {
  @Field(() => ID, { description: 'Which provider.' })
  readonly id!: string;

  @Field(() => String, { ...OPTIONAL, description: 'For people.' })
  readonly name?: string | null;

  @Field(() => GraphQLURL, { ...OPTIONAL, description: 'Where it is, version included.' })
  readonly baseUrl?: string | null;

  @Field(() => String, { ...OPTIONAL, description: 'The region it runs in, in the vendor’s words.' })
  readonly region?: string | null;

  @Field(() => ProviderCredentialInput, { ...OPTIONAL, description: 'The secret it is called with.' })
  readonly credential?: ProviderCredentialInput | null;

  @Field(() => GraphQLJSON, { ...OPTIONAL, description: 'Further headers of each call: an object of strings.' })
  readonly headers?: JsonValue | null;

  @Field(() => Boolean, { ...OPTIONAL, description: 'Whether calls may go there.' })
  readonly enabled?: boolean | null;

  @Field(() => Boolean, { ...OPTIONAL, description: 'Whether the address may be on a private network.' })
  readonly allowPrivateNetwork?: boolean | null;

  @Field(() => ProviderTlsInput, { ...OPTIONAL, description: `${TLS} In it, too, what is absent stays, and null clears.` })
  readonly tls?: ProviderTlsInput | null;

  @Field(() => Int, { ...OPTIONAL, description: HEALTH_CHECK })
  readonly healthCheckSeconds?: number | null;
}

@InputType({ description: 'Which provider to delete; one that still has deployments is a Conflict.' })
export class DeleteProviderInput {
  @Field(() => ID, { description: 'Its id.' })
  readonly id!: string;
}

@InputType({ description: 'A new model.' })
export class CreateModelInput implements core.CreateModelInput {
  @Field(() => String, { description: 'What callers write as `model`, for good: [a-z0-9][a-z0-9._-]*' })
  readonly slug!: string;

  @Field(() => String, { ...OPTIONAL, description: 'For people; the slug, where none is given.' })
  readonly name?: string | null;

  @Field(() => String, { description: 'Who made it.' })
  readonly vendor!: string;

  @Field(() => [OperationEnum], { ...OPTIONAL, defaultValue: ['COMPLETION'], description: 'What it can be asked for.' })
  readonly operations?: readonly Operation[] | null;

  @Field(() => [CapabilityEnum], { ...OPTIONAL, description: 'What it can do beyond plain text.' })
  readonly capabilities?: readonly Capability[] | null;

  @Field(() => Int, { ...OPTIONAL, description: 'Prompt and answer together, in tokens.' })
  readonly contextWindow?: number | null;

  @Field(() => Int, { ...OPTIONAL, description: 'The longest answer, in tokens.' })
  readonly maxOutputTokens?: number | null;

  @Field(() => PriceInput, { ...OPTIONAL, description: 'Its first price.' })
  readonly price?: PriceInput | null;
}

@InputType({ description: 'A change of a model: what is absent stays, null clears.' })
export class UpdateModelInput implements core.UpdateModelInput {
  @Field(() => ID, { description: 'Which model.' })
  readonly id!: string;

  @Field(() => String, { ...OPTIONAL, description: 'For people.' })
  readonly name?: string | null;

  @Field(() => [CapabilityEnum], { ...OPTIONAL, description: 'What it can do beyond plain text.' })
  readonly capabilities?: readonly Capability[] | null;

  @Field(() => Int, { ...OPTIONAL, description: 'Prompt and answer together, in tokens.' })
  readonly contextWindow?: number | null;

  @Field(() => Int, { ...OPTIONAL, description: 'The longest answer, in tokens.' })
  readonly maxOutputTokens?: number | null;

  @Field(() => GraphQLDateTime, { ...OPTIONAL, description: 'From when its vendor stops serving it (UTC).' })
  readonly deprecatedOn?: Date | null;
}

@InputType({ description: 'A new deployment.' })
export class CreateDeploymentInput implements core.CreateDeploymentInput {
  @Field(() => String, { ...OPTIONAL, description: 'Its slug; `<provider>.<model>`, where none is given.' })
  readonly slug?: string | null;

  @Field(() => String, { description: 'The slug of the provider.' })
  readonly provider!: string;

  @Field(() => String, { description: 'The slug of the model.' })
  readonly model!: string;

  @Field(() => String, { ...OPTIONAL, description: 'The provider’s own name of the model; the slug, where none is given.' })
  readonly upstreamModel?: string | null;

  @Field(() => String, { ...OPTIONAL, description: 'Its region, where it differs from the provider’s.' })
  readonly region?: string | null;

  @Field(() => Int, { ...OPTIONAL, defaultValue: 1, description: 'Its share among the deployments of the model.' })
  readonly weight?: number | null;

  @Field(() => CancelPolicyEnum, {
    ...OPTIONAL,
    defaultValue: 'ABORT',
    description: 'What happens upstream when a call is cancelled.',
  })
  readonly onCancel?: CancelPolicy | null;

  @Field(() => Boolean, { ...OPTIONAL, defaultValue: false, description: REPAIR })
  readonly structuredOutputRepair?: boolean | null;
}

@InputType({ description: 'A change of a deployment: what is absent stays, null clears.' })
export class UpdateDeploymentInput implements core.UpdateDeploymentInput {
  @Field(() => ID, { description: 'Which deployment.' })
  readonly id!: string;

  @Field(() => String, { ...OPTIONAL, description: 'The provider’s own name of the model.' })
  readonly upstreamModel?: string | null;

  @Field(() => String, { ...OPTIONAL, description: 'Its region, where it differs from the provider’s.' })
  readonly region?: string | null;

  @Field(() => Int, { ...OPTIONAL, description: 'Its share among the deployments of the model.' })
  readonly weight?: number | null;

  @Field(() => Boolean, { ...OPTIONAL, description: 'Whether calls may go there.' })
  readonly enabled?: boolean | null;

  @Field(() => CancelPolicyEnum, { ...OPTIONAL, description: 'What happens upstream when a call is cancelled.' })
  readonly onCancel?: CancelPolicy | null;

  @Field(() => Boolean, { ...OPTIONAL, description: REPAIR })
  readonly structuredOutputRepair?: boolean | null;
}

@InputType({ description: 'Which deployment to delete.' })
export class DeleteDeploymentInput {
  @Field(() => ID, { description: 'Its id.' })
  readonly id!: string;
}
