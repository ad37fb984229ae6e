import { execute, parse, subscribe, type ExecutionResult } from 'graphql';
import type { Reports } from '../../src/accounting/reports/contract.js';
import type { AccessReader, ApiKey, Page, Team } from '../../src/auth/contract.js';
import type { CatalogueSnapshot, Deployment, Directory, Model, Provider, ProviderTls } from '../../src/core/catalogue.js';
import { systemClock } from '../../src/core/clock.js';
import { fail, notFound, ok, type Result } from '../../src/core/errors.js';
import { newId } from '../../src/core/ids.js';
import { NO_PAYLOAD_STORAGE } from '../../src/core/payload-storage.js';
import type { CompletionState, InferenceRecord } from '../../src/core/inference.js';
import { parseUsd, ZERO_PICO_USD } from '../../src/core/money.js';
import type { Price } from '../../src/core/pricing.js';
import type { Principal } from '../../src/core/principal.js';
import { Secret } from '../../src/core/secret.js';
import { NO_TOKENS, NO_USAGE } from '../../src/core/usage.js';
import type { Capability, Permission } from '../../src/core/vocabulary.js';
import type { DeploymentHealthReading } from '../../src/graphql/catalogue/health-reader.js';
import { createGraphqlContext, type GraphqlContext, type GraphqlServices } from '../../src/graphql/context.js';
import { buildGlidepathSchema } from '../../src/graphql/schema.js';
import type { Forecast } from '../../src/inference/contract.js';
import { pem } from '../kit/tls.js';

export const NOW = new Date('2026-03-01T12:00:00Z');
export const ORGANIZATION = { id: newId('organization'), slug: 'acme', name: 'Acme', payloadStorage: NO_PAYLOAD_STORAGE };
export const API = buildGlidepathSchema();

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

export function makePrincipal(permissions: readonly Permission[], overrides: Partial<Principal> = {}): Principal {
  return {
    organizationId: ORGANIZATION.id,
    apiKeyId: newId('key'),
    teamId: null,
    permissions: new Set(permissions),
    models: null,
    tags: [],
    expiresAt: null,
    ...overrides,
  };
}

export function makePrice(rates: { input: string; output: string }, effectiveFrom = new Date('2025-01-01T00:00:00Z')): Price {
  const amount = (text: string) => parseUsd(text)!;
  return {
    id: newId('price'),
    effectiveFrom,
    currency: 'USD',
    source: 'list',
    serviceTier: null,
    batch: false,
    tiers: [
      {
        aboveInputTokens: 0,
        rates: [
          { component: 'INPUT', amount: amount(rates.input), per: 1_000_000 },
          { component: 'OUTPUT', amount: amount(rates.output), per: 1_000_000 },
        ],
      },
    ],
  };
}

function directory<K, V extends { readonly id: K; readonly slug: string; readonly deleted: boolean }>(
  items: readonly V[],
): Directory<K, V> {
  const live = items.filter((item) => !item.deleted).toSorted((a, b) => (a.slug < b.slug ? -1 : 1));
  return { byId: new Map(items.map((item) => [item.id, item])), bySlug: new Map(live.map((item) => [item.slug, item])), all: live };
}

export interface ModelSpec {
  readonly slug: string;
  readonly vendor?: string;
  readonly capabilities?: readonly Capability[];
  readonly deleted?: boolean;
  readonly servedBy?: readonly string[];
}

const TLS: ProviderTls = {
  owner: newId('provider'),
  version: '1',
  certificateAuthority: pem('private-ca'),
  clientCertificate: pem('client'),
  clientKey: new Secret('canary-client-key'),
  serverName: 'private.glidepath.test',
};

/** Providers by slug, and the models each serves. */
export function makeSnapshot(models: readonly ModelSpec[], providers: readonly string[] = ['openai', 'groq']): CatalogueSnapshot {
  const madeProviders = providers.map((slug): Mutable<Provider> => ({
    id: newId('provider'),
    slug,
    name: slug.toUpperCase(),
    preset: null,
    wireFormat: 'OPENAI_CHAT',
    baseUrl: `https://${slug}.test/v1`,
    region: slug === 'openai' ? 'eu' : null,
    headers: {},
    credential: { apiKey: new Secret('sk-canary-0000'), lastFour: '0000', setAt: NOW },
    allowPrivateNetwork: false,
    tls: slug === 'openai' ? TLS : null,
    enabled: true,
    deleted: false,
    deployments: [],
  }));
  const deployments: Deployment[] = [];
  const madeModels = models.map((spec): Mutable<Model> => {
    const model: Mutable<Model> = {
      id: newId('model'),
      slug: spec.slug,
      name: `The ${spec.slug}`,
      vendor: spec.vendor ?? 'acme',
      operations: ['COMPLETION'],
      capabilities: new Set(spec.capabilities ?? ['STREAMING']),
      contextWindow: 128_000,
      maxOutputTokens: null,
      deprecatedOn: null,
      prices: [makePrice({ input: '3', output: '15' }), makePrice({ input: '2.5', output: '10' }, new Date('2026-02-01T00:00:00Z'))],
      deleted: spec.deleted ?? false,
      deployments: [],
    };
    model.deployments = (spec.servedBy ?? ['openai']).map((name): Deployment => {
      const provider = madeProviders.find((one) => one.slug === name)!;
      const deployment: Deployment = {
        id: newId('deployment'),
        slug: `${name}.${spec.slug}`,
        provider,
        model,
        upstreamModel: spec.slug,
        region: null,
        weight: 1,
        enabled: true,
        onCancel: 'ABORT',
        prices: [],
        deleted: false,
      };
      provider.deployments = [...provider.deployments, deployment];
      deployments.push(deployment);
      return deployment;
    });
    return model;
  });
  return {
    organizationId: ORGANIZATION.id,
    version: 1,
    organization: ORGANIZATION,
    providers: directory(madeProviders),
    models: directory(madeModels),
    deployments: directory(deployments),
    routes: directory([]),
  };
}

export function makeRecord(principal: Principal, overrides: Partial<InferenceRecord> = {}): InferenceRecord {
  return {
    id: newId('completion'),
    organizationId: principal.organizationId,
    operation: 'COMPLETION',
    status: 'SUCCEEDED',
    requestedModel: 'gpt-x',
    served: null,
    apiKeyId: principal.apiKeyId,
    teamId: principal.teamId,
    user: null,
    sessionId: null,
    tags: [],
    task: null,
    usage: NO_USAGE,
    cost: null,
    routing: null,
    attempts: [],
    cacheStatus: 'OFF',
    finishReason: 'STOP',
    rawFinishReason: 'stop',
    warnings: [],
    error: null,
    streamed: false,
    contentState: 'AVAILABLE',
    contentExpiresAt: null,
    timing: { queuedMs: 0.1, gatewayMs: 1.5, firstTokenMs: null, totalMs: 20 },
    requestId: null,
    createdAt: NOW,
    endedAt: NOW,
    ...overrides,
  };
}

export function makeState(record: InferenceRecord, text: string | null = 'Hello'): CompletionState {
  return {
    record,
    message: text === null ? null : { parts: [{ kind: 'text', text, signature: null }], refusal: null },
  };
}

export function makeTeam(slug: string): Team {
  return { id: newId('team'), organizationId: ORGANIZATION.id, slug, name: slug, createdAt: NOW };
}

export function makeKey(overrides: Partial<ApiKey> = {}): ApiKey {
  return {
    id: newId('key'),
    organizationId: ORGANIZATION.id,
    teamId: null,
    name: 'a key',
    prefix: 'glide_abc',
    permissions: ['INFERENCE'],
    models: null,
    tags: [],
    state: 'ACTIVE',
    createdAt: NOW,
    expiresAt: null,
    lastUsedAt: null,
    ...overrides,
  };
}

/** An access reader over lists in memory that counts its statements. */
export function makeAccess(teams: readonly Team[], keys: readonly ApiKey[]): AccessReader & { readonly reads: string[] } {
  const reads: string[] = [];
  const page = <Item>(items: readonly Item[], { first, after }: Page, position: (item: Item) => string) => {
    const from = after === null ? 0 : items.findIndex((item) => position(item) === after) + 1;
    const nodes = items.slice(from, from + first);
    return { nodes, hasNextPage: from + first < items.length, totalCount: items.length };
  };
  return {
    reads,
    async teamsById(_organizationId, ids) {
      reads.push(`teamsById ${ids.length}`);
      return new Map(teams.filter((team) => ids.includes(team.id)).map((team) => [team.id, team]));
    },
    async apiKeysById(_organizationId, ids) {
      reads.push(`apiKeysById ${ids.length}`);
      return new Map(keys.filter((key) => ids.includes(key.id)).map((key) => [key.id, key]));
    },
    async teams(_principal, request) {
      return page(teams, request, (team) => team.slug);
    },
    async apiKeys(principal, { teamId }, request) {
      const mine = keys.filter(
        (key) => (principal.teamId === null || key.teamId === principal.teamId) && (teamId === null || key.teamId === teamId),
      );
      return page(mine, request, (key) => key.id);
    },
    async apiKeysOfTeams(principal, teamIds, request) {
      reads.push(`apiKeysOfTeams ${teamIds.length}`);
      const seen = teamIds.filter((id) => principal.teamId === null || principal.teamId === id);
      const keysOf = (id: string) => keys.filter((key) => key.teamId === id);
      return new Map(seen.map((id) => [id, page(keysOf(id), request, (key) => key.id)]));
    },
  };
}

export const HEALTHY: DeploymentHealthReading = {
  state: 'HEALTHY',
  reason: null,
  since: NOW,
  until: null,
  inFlight: 0,
  errorRate: 0,
  failures: 0,
  firstTokenMsP50: null,
  latencyMsP50: null,
  latencyMsP95: null,
  tokensPerSecond: null,
};

const FORECAST: Forecast = {
  cost: { low: parseUsd('0.1'), expected: parseUsd('0.2'), high: null, inputTokens: 3, expectedOutputTokens: 5, basis: 'as told' },
  routing: { route: null, routeVersion: null, seed: 's', steps: [], candidates: [] },
};

const absent = async (): Promise<Result<never>> => fail(notFound('thing', 'x'));
const noEvents = async (): Promise<never> => {
  throw new Error('nothing streams here');
};

const NO_PERCENTILES = { p50: null, p90: null, p95: null, p99: null };
const NO_REPORT = { range: { from: NOW, to: NOW }, rows: [], truncated: false, freshAsOf: NOW };

/** Books in which nothing stands. */
const EMPTY_REPORTS: Reports = {
  usage: async () => ({
    ...NO_REPORT,
    totals: {
      ...{ requests: 0, attempts: 0, succeeded: 0, failed: 0, cancelled: 0, blocked: 0, rerouted: 0, cacheHits: 0, cacheMisses: 0 },
      ...{ tokens: NO_TOKENS, cost: ZERO_PICO_USD, saved: ZERO_PICO_USD, unpricedRequests: 0, activeUsers: 0 },
      ...{ latencyMs: NO_PERCENTILES, firstTokenMs: NO_PERCENTILES, gatewayMs: NO_PERCENTILES, feedback: { count: 0, average: null } },
    },
  }),
  costs: async () => ({ ...NO_REPORT, total: ZERO_PICO_USD, saved: ZERO_PICO_USD }),
  inferences: async () => ({ records: [], hasNextPage: false }),
  async *settled() {},
};

export function makeServices(overrides: Partial<GraphqlServices> = {}): GraphqlServices {
  const snapshot = makeSnapshot([{ slug: 'gpt-x' }, { slug: 'gpt-y', servedBy: ['openai', 'groq'] }]);
  return {
    completions: {
      complete: noEvents,
      operate: noEvents,
      start: noEvents,
      stream: noEvents,
      read: noEvents,
      cancel: async () => null,
      records: async () => new Map(),
      messages: async () => new Map(),
      results: async () => new Map(),
      prompts: async () => new Map(),
      find: async () => null,
      estimate: () => ok(FORECAST),
      estimateOperation: () => ok(FORECAST),
      simulate: () => ok(FORECAST.routing),
    },
    catalogue: { snapshot: () => snapshot, refresh: async () => undefined },
    catalogueChanges: {
      createProvider: absent,
      publishRoute: absent,
      rollbackRoute: absent,
      updateProvider: absent,
      deleteProvider: absent,
      updatePayloadStorage: async () => ok(ORGANIZATION),
      createModel: absent,
      updateModel: absent,
      setPrice: absent,
      createDeployment: absent,
      updateDeployment: absent,
      deleteDeployment: absent,
    },
    access: makeAccess([], []),
    accessChanges: {
      createTeam: absent,
      updateTeam: absent,
      createApiKey: absent,
      updateApiKey: absent,
      rotateApiKey: absent,
      revokeApiKey: absent,
    },
    reports: EMPTY_REPORTS,
    feedback: { record: absent, byInference: async (_organization, ids) => new Map(ids.map((id) => [id, []])) },
    routeReplays: { replay: async () => null },
    health: { health: () => HEALTHY, onChange: () => () => undefined },
    clock: { ...systemClock, now: () => NOW },
    ...overrides,
  };
}

export function makeContext(services: GraphqlServices, principal: Principal | null): GraphqlContext {
  return createGraphqlContext(services, { principal, requestId: 'req-1', signal: new AbortController().signal });
}

/** An answer as it came: any member of it may be looked at, and is asserted. */
export type Answered = ReturnType<typeof JSON.parse>;

export function listOf(answered: unknown): readonly Readonly<Record<string, unknown>>[] {
  if (!Array.isArray(answered)) throw new Error('no list came');
  return answered as readonly Readonly<Record<string, unknown>>[];
}

/** Runs a document on the bare schema, without the guard. */
export async function run(
  contextValue: GraphqlContext,
  source: string,
  variableValues: Record<string, unknown> = {},
): Promise<{ data: Answered; errors: ExecutionResult['errors'] }> {
  const { data, errors } = await execute({ schema: API.schema, document: parse(source), contextValue, variableValues });
  // Through JSON, as a caller sees it.
  return { data: JSON.parse(JSON.stringify(data ?? null)), errors };
}

export async function open(
  contextValue: GraphqlContext,
  source: string,
): Promise<AsyncIterableIterator<ExecutionResult> | ExecutionResult> {
  const results = await subscribe({ schema: API.schema, document: parse(source), contextValue });
  return Symbol.asyncIterator in results ? (results as AsyncIterableIterator<ExecutionResult>) : results;
}
