import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { GraphQLSchema } from 'graphql';
import type { Authenticator } from '../../src/auth/contract.js';
import { systemClock, type Clock, type Random } from '../../src/core/clock.js';
import { GatewayError } from '../../src/core/errors.js';
import { newId } from '../../src/core/ids.js';
import type { Principal } from '../../src/core/principal.js';
import { createMetrics, type Metrics } from '../../src/http/metrics.js';
import type { ReadinessReport } from '../../src/http/readiness.js';
import { createHttpServer, type HttpConfig, type HttpServer } from '../../src/http/server.js';
import { createGraphqlClient, type GraphqlClient } from '../kit/graphql-client.js';
import { collectingLogger, type CollectingLogger } from '../kit/logger.js';
import { createSampleApi, type SampleApi } from './sample-api.js';

export const GOOD_KEY = 'gp_good';

/** A server of its own on a free port, over the sample schema, with keys that a test can take away. */
export interface Fixture {
  readonly url: string;
  readonly graphqlUrl: string;
  readonly socketUrl: string;
  readonly server: HttpServer;
  readonly api: SampleApi;
  readonly metrics: Metrics;
  readonly logger: CollectingLogger;
  readonly keys: TestKeys;
  readiness: ReadinessReport;
  client(key?: string | null): GraphqlClient;
  post(
    body: string,
    headers?: Record<string, string>,
  ): Promise<{ readonly status: number; readonly headers: Headers; readonly body: Answer }>;
}

export interface Answer {
  readonly data?: Record<string, unknown> | null;
  readonly errors?: readonly { readonly message: string; readonly extensions: { readonly code: string; readonly requestId: string } }[];
}

export interface TestKeys extends Authenticator {
  add(key: string, expiresAt?: Date): Principal;
  revoke(key: string): void;
  /** The database is away for keys that nobody knows. */
  away: boolean;
}

export function createTestKeys(): TestKeys {
  const known = new Map<string, Principal>();
  const listeners = new Set<() => void>();
  const keys: TestKeys = {
    away: false,
    add: (key, expiresAt) => {
      const principal: Principal = {
        organizationId: newId('organization'),
        apiKeyId: newId('key'),
        teamId: null,
        permissions: new Set(['ADMIN']),
        models: null,
        tags: [],
        expiresAt: expiresAt ?? null,
      };
      known.set(key, principal);
      return principal;
    },
    revoke: (key) => {
      known.delete(key);
      for (const listener of listeners) listener();
    },
    authenticate: (key) => {
      const principal = known.get(key) ?? null;
      if (principal === null && keys.away) return Promise.reject(new GatewayError('SERVICE_UNAVAILABLE', 'The database is away.'));
      return Promise.resolve(principal);
    },
    recheck: (key) => Promise.resolve(known.has(key)),
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  keys.add(GOOD_KEY);
  return keys;
}

export interface FixtureOptions {
  readonly clock?: Clock;
  readonly random?: Random;
  /** In place of the sample's own. */
  readonly schema?: GraphQLSchema;
  readonly config?: Partial<HttpConfig>;
}

export async function startFixture({
  clock = systemClock,
  config = {},
  schema,
  random = () => 0.5,
}: FixtureOptions = {}): Promise<Fixture> {
  const api = createSampleApi(schema);
  const keys = createTestKeys();
  const logger = collectingLogger();
  const metrics = createMetrics({ ledgerPending: () => 7 });
  const fixture = { readiness: { ready: true, parts: { database: { state: 'ok' } } } as ReadinessReport };
  const server = await createHttpServer({
    config: {
      host: '127.0.0.1',
      port: 0,
      corsOrigins: ['https://app.example.com'],
      graphiqlDirectory: emptyFolder(),
      version: '1.2.3',
      shutdownGraceMs: 30_000,
      ...config,
    },
    api,
    authenticator: keys,
    readiness: { check: () => Promise.resolve(fixture.readiness) },
    metrics,
    logger,
    clock,
    random,
  });
  const url = await server.listen();
  return Object.assign(fixture, {
    url,
    graphqlUrl: `${url}/graphql`,
    socketUrl: `${url.replace('http', 'ws')}/graphql`,
    server,
    api,
    metrics,
    logger,
    keys,
    client: (key: string | null = GOOD_KEY) => createGraphqlClient({ url, key }),
    post: async (body: string, headers: Record<string, string> = {}) => {
      const response = await fetch(`${url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${GOOD_KEY}`, ...headers },
        body,
      });
      return { status: response.status, headers: response.headers, body: (await response.json()) as Answer };
    },
  });
}

function emptyFolder(): string {
  return mkdtempSync(path.join(tmpdir(), 'glidepath-pages-'));
}
