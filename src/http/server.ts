import type { AddressInfo } from 'node:net';
import type { Authenticator } from '../auth/contract.js';
import type { Clock, Random } from '../core/clock.js';
import type { Logger } from '../core/logger.js';
import { createActivity } from './activity.js';
import type { GraphqlApi } from './api.js';
import { createApp } from './app.js';
import type { DoorParts } from './door-parts.js';
import { startApollo } from './graphql/apollo.js';
import { createEventStreamDoor } from './graphql/event-stream-door.js';
import { GRAPHQL_PATH, graphqlRoute } from './graphql/route.js';
import { healthRoutes } from './health.js';
import { createKeyHolders } from './key-holders.js';
import type { Metrics } from './metrics.js';
import { createOriginPolicy } from './origins.js';
import { pageRoutes } from './pages/routes.js';
import type { Readiness } from './readiness.js';
import { createWebSocketDoor } from './websocket/door.js';

export interface HttpServerParts {
  readonly config: HttpConfig;
  readonly api: GraphqlApi;
  readonly authenticator: Authenticator;
  readonly readiness: Readiness;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly random: Random;
}

export interface HttpConfig {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** Origins whose pages may call, beside our own. */
  readonly corsOrigins: readonly string[];
  /** Where scripts/build-graphiql.mjs has put the browser's files. */
  readonly graphiqlDirectory: string;
  /** Shown on the start page. */
  readonly version: string;
  /** How long running work may take at a stop; the ends of idle sockets are spread over less. */
  readonly shutdownGraceMs: number;
}

export interface HttpServer {
  /** The URL it listens on, without a trailing slash. */
  listen(): Promise<string>;
  /**
   * Refuses new operations (503, SERVICE_UNAVAILABLE) and waits until the running ones have ended; once all `work` behind them has, they
   * have 2 s to tell what came of it: some subscriptions never end, and are ended then. Sockets close with 1001 from when they fall idle,
   * spread over a window of at most 5 s, so that clients don't come back all at once. Tells how many operations were left.
   */
  drain(work: Promise<unknown>): Promise<number>;
  /** Ends what is left: streams are told SERVICE_UNAVAILABLE, sockets close with 1001. */
  close(): Promise<void>;
}

const LAST_WORDS_MS = 2_000;

/** The three doors (HTTP, WebSocket, server-sent events), health, metrics and pages, on one port. */
export async function createHttpServer(parts: HttpServerParts): Promise<HttpServer> {
  const { config, api, metrics, logger, clock } = parts;
  const activity = createActivity();
  const keyHolders = createKeyHolders(parts);
  const doorParts: DoorParts = { ...parts, keyHolders, activity, origins: createOriginPolicy(config.corsOrigins) };
  const app = createApp(doorParts);
  const apollo = await startApollo({ api, metrics, logger });
  const eventStreams = createEventStreamDoor({ ...doorParts, random: parts.random });
  const sockets = createWebSocketDoor({ ...doorParts, random: parts.random, path: GRAPHQL_PATH });
  app.server.on('upgrade', sockets.upgrade);
  graphqlRoute(app, { ...doorParts, apollo, eventStreams });
  healthRoutes(app, { ...parts, activity });
  await pageRoutes(app, parts);
  return {
    listen: async () => {
      await app.listen({ host: config.host, port: config.port });
      return urlOf(config.host, app.server.address());
    },
    drain: async (work) => {
      activity.drain();
      sockets.drain(config.shutdownGraceMs);
      const idle = activity.idle();
      await Promise.race([idle, work.then(() => atMost(LAST_WORDS_MS, idle, clock))]);
      const left = activity.running;
      await Promise.all([sockets.leave(), eventStreams.leave(config.shutdownGraceMs)]);
      return left;
    },
    close: async () => {
      activity.drain();
      keyHolders.close();
      eventStreams.close();
      await sockets.close();
      await app.close();
      await apollo.stop();
    },
  };
}

function urlOf(host: string, address: AddressInfo | string | null): string {
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function atMost(ms: number, work: Promise<void>, clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    const cancel = clock.after(ms, resolve);
    void work.then(() => {
      cancel();
      resolve();
    });
  });
}
