import type { Organization } from '../core/catalogue.js';
import type { DeploymentId, ModelId, OrganizationId, PriceId, ProviderId, RouteId } from '../core/ids.js';
import type { Price } from '../core/pricing.js';
import type { RouteVersion } from '../core/routes.js';
import type { CancelPolicy, Capability, Operation, WireFormat } from '../core/vocabulary.js';

/** The catalogue as it is stored: flat, what was deleted included, credentials sealed. */
export interface StoredCatalogue {
  readonly version: number;
  readonly organizations: readonly Organization[];
  readonly providers: readonly StoredProvider[];
  readonly models: readonly StoredModel[];
  readonly deployments: readonly StoredDeployment[];
  readonly prices: readonly StoredPrice[];
  readonly routes: readonly StoredRoute[];
}

export interface StoredOrganization {
  readonly id: OrganizationId;
  readonly slug: string;
  readonly name: string;
}

interface StoredRecord<Id> {
  readonly id: Id;
  readonly organizationId: OrganizationId;
  readonly createdAt: Date;
}

interface Deletable {
  readonly deletedAt: Date | null;
}

export interface StoredProvider extends StoredRecord<ProviderId>, Deletable {
  readonly slug: string;
  readonly name: string;
  readonly preset: string | null;
  readonly wireFormat: WireFormat;
  readonly baseUrl: string;
  readonly region: string | null;
  readonly headers: Readonly<Record<string, string>>;
  readonly credential: StoredCredential | null;
  readonly credentialFromEnvironment: boolean;
  readonly allowPrivateNetwork: boolean;
  readonly tls: StoredTls | null;
  readonly healthCheckSeconds: number | null;
  readonly enabled: boolean;
}

/** At least one of its parts is there; certificate and key only together. */
export interface StoredTls {
  readonly certificateAuthority: string | null;
  readonly clientCertificate: string | null;
  /** An envelope. */
  readonly clientKey: Buffer | null;
  readonly serverName: string | null;
}

export interface StoredCredential {
  readonly envelope: Buffer;
  readonly lastFour: string;
  readonly setAt: Date;
}

export interface StoredModel extends StoredRecord<ModelId>, Deletable {
  readonly slug: string;
  readonly name: string;
  readonly vendor: string;
  readonly operations: readonly Operation[];
  readonly capabilities: readonly Capability[];
  readonly contextWindow: number | null;
  readonly maxOutputTokens: number | null;
  readonly deprecatedOn: Date | null;
}

export interface StoredDeployment extends StoredRecord<DeploymentId>, Deletable {
  readonly slug: string;
  readonly providerId: ProviderId;
  readonly modelId: ModelId;
  readonly upstreamModel: string;
  readonly region: string | null;
  readonly weight: number;
  readonly enabled: boolean;
  readonly onCancel: CancelPolicy;
  readonly structuredOutputRepair: boolean;
}

export interface StoredPrice extends StoredRecord<PriceId> {
  readonly owner: PriceOwner;
  readonly price: Price;
}

export type PriceOwner = { readonly modelId: ModelId } | { readonly deploymentId: DeploymentId };

export interface StoredRoute extends StoredRecord<RouteId> {
  readonly slug: string;
  readonly currentVersion: number;
  readonly versions: readonly RouteVersion[];
}
