import type { Actor } from '../core/actor.js';
import type { CatalogueSnapshot, Deployment, Model, Organization, Provider } from '../core/catalogue.js';
import type { InputProblem, Result } from '../core/errors.js';
import type { JsonValue } from '../core/json.js';
import type { OrganizationId } from '../core/ids.js';
import type { PayloadStorageMode } from '../core/payload-storage.js';
import type { Price } from '../core/pricing.js';
import type { Route, RouteNode } from '../core/routes.js';
import type { CancelPolicy, Capability, Operation, PriceComponent, WireFormat } from '../core/vocabulary.js';

/** The snapshots of all organizations, swapped whole when the configuration version moves. No call here reads the database. */
export interface Catalogue {
  snapshot(organizationId: OrganizationId): CatalogueSnapshot;
  /** Loads now what is stored now; mutations await it before they answer. */
  refresh(): Promise<void>;
}

/**
 * Configuration changes: each checks every field, writes the row and its audit row in one transaction, and is in force here
 * when it returns. An absent field is unchanged, null clears. Slugs name models, providers and deployments.
 */
export interface CatalogueChanges {
  createProvider(actor: Actor, input: CreateProviderInput): Promise<Result<Provider>>;
  updateProvider(actor: Actor, input: UpdateProviderInput): Promise<Result<Provider>>;
  deleteProvider(actor: Actor, id: string): Promise<Result<{ readonly deletedId: string }>>;
  createModel(actor: Actor, input: CreateModelInput): Promise<Result<Model>>;
  updateModel(actor: Actor, input: UpdateModelInput): Promise<Result<Model>>;
  setPrice(actor: Actor, input: SetPriceInput): Promise<Result<Price>>;
  createDeployment(actor: Actor, input: CreateDeploymentInput): Promise<Result<Deployment>>;
  updateDeployment(actor: Actor, input: UpdateDeploymentInput): Promise<Result<Deployment>>;
  deleteDeployment(actor: Actor, id: string): Promise<Result<{ readonly deletedId: string }>>;
  publishRoute(actor: Actor, input: PublishRouteInput): Promise<Result<Route>>;
  /** Publishes an earlier version's definition once more, under the next number. */
  rollbackRoute(actor: Actor, input: RollbackRouteInput): Promise<Result<Route>>;
  /** For completions that begin from now on. */
  updatePayloadStorage(actor: Actor, input: UpdatePayloadStorageInput): Promise<Result<Organization>>;
}

/** What is wrong with a route's tree, each with its path below `definition`; or the tree, in the form it is stored in. */
export type RouteChecker = (given: {
  readonly slug: string;
  readonly definition: unknown;
  readonly snapshot: CatalogueSnapshot;
}) => { readonly definition: RouteNode } | { readonly problems: readonly InputProblem[] };

export interface PublishRouteInput {
  readonly slug: string;
  readonly definition: unknown;
  readonly note?: Optional<string>;
  readonly expectedVersion?: Optional<number>;
}

export interface RollbackRouteInput {
  readonly slug: string;
  readonly version: number;
}

type Optional<T> = T | null | undefined;

/** Exactly one. */
export interface ProviderCredentialInput {
  readonly apiKey?: Optional<string>;
  readonly aws?: Optional<AwsCredentialInput>;
  /** The key file as its vendor makes it. */
  readonly googleServiceAccount?: Optional<JsonValue>;
}

export interface AwsCredentialInput {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: Optional<string>;
}

/** PEM texts. In an update what is absent stays, and null clears. */
export interface ProviderTlsInput {
  readonly certificateAuthority?: Optional<string>;
  readonly clientCertificate?: Optional<string>;
  readonly clientKey?: Optional<string>;
  readonly serverName?: Optional<string>;
}

export interface UpdatePayloadStorageInput {
  readonly mode: PayloadStorageMode;
  readonly retentionDays?: Optional<number>;
}

export interface CreateProviderInput {
  readonly slug: string;
  readonly name?: Optional<string>;
  readonly preset?: Optional<string>;
  readonly wireFormat?: Optional<WireFormat>;
  readonly baseUrl?: Optional<string>;
  readonly region?: Optional<string>;
  readonly credential?: Optional<ProviderCredentialInput>;
  readonly headers?: Optional<JsonValue>;
  readonly allowPrivateNetwork?: Optional<boolean>;
  readonly tls?: Optional<ProviderTlsInput>;
  readonly healthCheckSeconds?: Optional<number>;
}

export interface UpdateProviderInput {
  readonly id: string;
  readonly name?: Optional<string>;
  readonly baseUrl?: Optional<string>;
  readonly region?: Optional<string>;
  readonly credential?: Optional<ProviderCredentialInput>;
  readonly headers?: Optional<JsonValue>;
  readonly enabled?: Optional<boolean>;
  readonly allowPrivateNetwork?: Optional<boolean>;
  readonly tls?: Optional<ProviderTlsInput>;
  readonly healthCheckSeconds?: Optional<number>;
}

export interface CreateModelInput {
  readonly slug: string;
  readonly name?: Optional<string>;
  readonly vendor: string;
  readonly operations?: Optional<readonly Operation[]>;
  readonly capabilities?: Optional<readonly Capability[]>;
  readonly contextWindow?: Optional<number>;
  readonly maxOutputTokens?: Optional<number>;
  readonly price?: Optional<PriceInput>;
}

export interface UpdateModelInput {
  readonly id: string;
  readonly name?: Optional<string>;
  readonly capabilities?: Optional<readonly Capability[]>;
  readonly contextWindow?: Optional<number>;
  readonly maxOutputTokens?: Optional<number>;
  readonly deprecatedOn?: Optional<Date>;
}

export interface SetPriceInput {
  readonly model?: Optional<string>;
  readonly deployment?: Optional<string>;
  readonly price: PriceInput;
  /** Needed where the price is out of line with its peers. */
  readonly confirm?: Optional<boolean>;
}

export interface PriceInput {
  readonly effectiveFrom?: Optional<Date>;
  readonly source?: Optional<string>;
  readonly serviceTier?: Optional<string>;
  readonly batch?: Optional<boolean>;
  readonly tiers: readonly {
    readonly aboveInputTokens?: Optional<number>;
    readonly rates: readonly { readonly component: PriceComponent; readonly amount: string; readonly per?: Optional<number> }[];
  }[];
}

export interface CreateDeploymentInput {
  readonly slug?: Optional<string>;
  readonly provider: string;
  readonly model: string;
  readonly upstreamModel?: Optional<string>;
  readonly region?: Optional<string>;
  readonly weight?: Optional<number>;
  readonly onCancel?: Optional<CancelPolicy>;
  readonly structuredOutputRepair?: Optional<boolean>;
}

export interface UpdateDeploymentInput {
  readonly id: string;
  readonly upstreamModel?: Optional<string>;
  readonly region?: Optional<string>;
  readonly weight?: Optional<number>;
  readonly enabled?: Optional<boolean>;
  readonly onCancel?: Optional<CancelPolicy>;
  readonly structuredOutputRepair?: Optional<boolean>;
}

/** What `compose` hands in: wire formats that are built, and vendor presets as data. Declared here because it is used here. */
export interface KnownProviders {
  readonly wireFormats: ReadonlySet<WireFormat>;
  preset(name: string): ProviderPreset | null;
  readonly presets: readonly ProviderPreset[];
}

export interface ProviderPreset {
  readonly name: string;
  readonly displayName: string;
  readonly wireFormat: WireFormat;
  /** Null where the caller must give one (azure-openai). */
  readonly baseUrl: string | null;
  /** Where its address depends on the region: https://bedrock-runtime.{region}.amazonaws.com, with {project} of a service account. */
  readonly regionalUrl?: string;
  /** The environment variable that makes it a provider at first start. */
  readonly environmentVariable: string | null;
  /** Ollama, vLLM, LM Studio: live on a private network. */
  readonly allowPrivateNetwork: boolean;
  readonly needsCredential: boolean;
  /** At most ten for completions: our model slug, and the vendor's own name where it differs. */
  readonly models: readonly { readonly model: string; readonly upstreamModel?: string; readonly operation?: Operation }[];
}
