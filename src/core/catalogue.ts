import type { CloudAccount } from './cloud-account.js';
import type { DeploymentId, ModelId, OrganizationId, ProviderId, RouteId } from './ids.js';
import type { Price } from './pricing.js';
import type { PayloadStorage } from './payload-storage.js';
import type { Route } from './routes.js';
import type { Secret } from './secret.js';
import type { CancelPolicy, Capability, Operation, WireFormat } from './vocabulary.js';

/**
 * The configuration of one organization in memory: versioned, immutable, swapped whole. A request works on the snapshot
 * it started with. What is deleted stays findable by id, because the ledger names it, and by nothing else.
 */
export interface CatalogueSnapshot {
  readonly organizationId: OrganizationId;
  readonly version: number;
  readonly organization: Organization;
  readonly providers: Directory<ProviderId, Provider>;
  readonly models: Directory<ModelId, Model>;
  readonly deployments: Directory<DeploymentId, Deployment>;
  readonly routes: Directory<RouteId, Route>;
}

export interface Organization {
  readonly id: OrganizationId;
  readonly slug: string;
  readonly name: string;
  readonly payloadStorage: PayloadStorage;
}

/** `bySlug` and `all` (sorted by slug) hold what exists; `byId` also what was deleted. */
export interface Directory<K, V> {
  readonly byId: ReadonlyMap<K, V>;
  readonly bySlug: ReadonlyMap<string, V>;
  readonly all: readonly V[];
}

export interface Provider {
  readonly id: ProviderId;
  readonly slug: string;
  readonly name: string;
  /** The preset it was made from; its quirks are looked up by this. */
  readonly preset: string | null;
  readonly wireFormat: WireFormat;
  /** Includes the version: https://api.openai.com/v1 */
  readonly baseUrl: string;
  readonly region: string | null;
  readonly headers: Readonly<Record<string, string>>;
  readonly credential: ProviderCredential | null;
  readonly allowPrivateNetwork: boolean;
  /** Null or absent: the public authorities are trusted, and nothing is shown to the server. */
  readonly tls?: ProviderTls | null;
  /** How often its idle deployments are looked after, in seconds; null or absent: never. */
  readonly healthCheckSeconds?: number | null;
  readonly enabled: boolean;
  readonly deleted: boolean;
  /** Live deployments, the highest weight first, then the oldest. */
  readonly deployments: readonly Deployment[];
}

/** How a provider's server proves who it is, and how the gateway does. Certificates are PEM texts, the first one the leaf. */
export interface ProviderTls {
  readonly owner: ProviderId;
  /** Another one for every change. */
  readonly version: string;
  /** Trusted instead of the public ones. */
  readonly certificateAuthority: string | null;
  readonly clientCertificate: string | null;
  /** Null where there is none, or none that can be opened. */
  readonly clientKey: Secret | null;
  /** The name in the server's certificate, where it is not the address's. */
  readonly serverName: string | null;
}

/** Exactly one of apiKey and account. */
export interface ProviderCredential {
  readonly apiKey: Secret | null;
  readonly account?: Secret<CloudAccount>;
  readonly lastFour: string;
  readonly setAt: Date;
}

export interface Model {
  readonly id: ModelId;
  readonly slug: string;
  readonly name: string;
  readonly vendor: string;
  readonly operations: readonly Operation[];
  readonly capabilities: ReadonlySet<Capability>;
  readonly contextWindow: number | null;
  readonly maxOutputTokens: number | null;
  readonly deprecatedOn: Date | null;
  /** Oldest first. */
  readonly prices: readonly Price[];
  readonly deleted: boolean;
  /** Live deployments, the highest weight first, then the oldest. */
  readonly deployments: readonly Deployment[];
}

export interface Deployment {
  readonly id: DeploymentId;
  readonly slug: string;
  readonly provider: Provider;
  readonly model: Model;
  readonly upstreamModel: string;
  readonly region: string | null;
  readonly weight: number;
  readonly enabled: boolean;
  readonly onCancel: CancelPolicy;
  /** Whether an answer that does not fit its schema is asked for once more; absent: no. */
  readonly structuredOutputRepair?: boolean;
  /** Its own prices, oldest first; where it has none the model's hold. */
  readonly prices: readonly Price[];
  readonly deleted: boolean;
}

/** Whether calls may go there now. */
export function isServing(deployment: Deployment): boolean {
  return deployment.enabled && deployment.provider.enabled && !deployment.deleted && !deployment.provider.deleted;
}
