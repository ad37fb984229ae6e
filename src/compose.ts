import { randomBytes } from 'node:crypto';
import { openJournal } from './accounting/journal/open.js';
import type { OpenJournal } from './accounting/journal/open.js';
import { createLedgerReader } from './accounting/ledger.store.js';
import { createLedgerWriter } from './accounting/ledger-writer.js';
import { watchLedger } from './accounting/reports/freshness.js';
import { createAccessReader } from './auth/access-reader.js';
import { rememberAccess } from './auth/remembered-access.js';
import { createAccessStore } from './auth/access.store.js';
import { createAccessChanges } from './auth/access.js';
import { createAdminKeyGrant } from './auth/admin-key.store.js';
import { createAuthenticator } from './auth/authenticator.js';
import type { CachingAuthenticator } from './auth/authenticator.js';
import { createAuthenticatorStore } from './auth/authenticator.store.js';
import { createKeyHash, PEPPER_PURPOSE } from './auth/key-format.js';
import { createCatalogue } from './catalog/catalogue.js';
import type { LoadedCatalogue } from './catalog/catalogue.js';
import { createCatalogueStore } from './catalog/catalogue.store.js';
import { createCatalogueChangeStore } from './catalog/change.store.js';
import { createCatalogueChanges } from './catalog/changes.js';
import { CREDENTIAL_PURPOSE } from './catalog/credentials.js';
import { seed } from './catalog/seed.js';
import { createSeedStore } from './catalog/seed.store.js';
import type { Config } from './config.js';
import { systemClock } from './core/clock.js';
import type { Clock, Random } from './core/clock.js';
import type { Logger } from './core/logger.js';
import { Secret } from './core/secret.js';
import { createGraphqlApi } from './graphql/index.js';
import { createMetrics } from './http/metrics.js';
import { createHttpServer } from './http/server.js';
import { createCompletions } from './inference/completions.js';
import { findPackage } from './compose/package.js';
import type { CallTimeouts } from './providers/contract.js';
import { checkUrl } from './providers/network-guard.js';
import { startSandbox } from './providers/sandbox.js';
import { composeDurable } from './compose/durable.js';
import { startHealthChecks } from './compose/health-checks.js';
import { composeJobs } from './compose/jobs.js';
import { KNOWN_PROVIDERS } from './compose/known-providers.js';
import { createSizing } from './compose/sizing.js';
import { composeLedgerFeed } from './compose/ledger-feed.js';
import { createReadiness } from './compose/readiness.js';
import { recoverJournal } from './compose/recovery.js';
import type { Router } from './routing/contract.js';
import { createHealthBoard } from './routing/health.js';
import { CALL_TIMEOUTS, createRouter } from './routing/router.js';
import { createConfigurationWatch } from './storage/change-notices.js';
import type { ConfigurationWatch } from './storage/change-notices.js';
import { createCipher, deriveKey } from './storage/cipher.js';
import { openDatabase } from './storage/database.js';
import type { Database } from './storage/database.js';
import { composeReports } from './compose/reports.js';
import { composeUpstreams } from './compose/upstreams.js';
import { createTeardown } from './compose/teardown.js';
import type { Teardown } from './compose/teardown.js';
import { meterLedger } from './compose/telemetry.js';

export interface ComposeOptions {
  readonly config: Config;
  readonly logger: Logger;
  readonly clock?: Clock;
  readonly random?: Random;
  /** How long upstreams may take. */
  readonly timeouts?: CallTimeouts;
}

export interface Product {
  /** The first administrator's key, told this once; null at later starts, and where ADMIN_KEY is set. */
  readonly adminKey: string | null;
  /** Opens the doors. The URL has no trailing slash. */
  listen(): Promise<string>;
  /** No new work; what runs may end within SHUTDOWN_GRACE_MS; books written; everything closed. */
  stop(): Promise<void>;
}

const LEDGER_CLOSE_MS = 5_000;
const RELOAD_AFTER_MS = 1_000;

/** Every object of the process, built by hand, once, in order; what was opened is closed again where a later step fails. */
export async function compose(options: ComposeOptions): Promise<Product> {
  const teardown = createTeardown(options.logger);
  try {
    return await build({ clock: systemClock, random: Math.random, timeouts: CALL_TIMEOUTS, ...options, teardown });
  } catch (error) {
    await teardown.run();
    throw error;
  }
}

interface Surroundings extends Required<ComposeOptions> {
  readonly teardown: Teardown;
}

async function build(surroundings: Surroundings): Promise<Product> {
  const { config, logger, clock, teardown } = surroundings;
  const database = teardown.add('database', await openDatabase({ config, logger, clock }), (opened) => opened.close());
  const foundation = await lay(surroundings, database);
  const { catalogue, authenticator, watch } = foundation;
  const journal = teardown.add('journal', await openJournal({ dataDir: config.dataDir, clock, logger }), (opened) => opened.close());
  const { completions, ledger, metrics, recover, router, ...services } = createInference(surroundings, { database, foundation, journal });
  await recover();
  const api = createGraphqlApi({
    services: { completions, catalogue, clock, ...services, ...createChanges(surroundings, database, { ...foundation, router }) },
    introspection: config.introspection,
    logger,
  });
  const { root, version } = findPackage();
  const server = await createHttpServer({
    ...{ api, authenticator, metrics, ...surroundings },
    config: { ...config, graphiqlDirectory: `${root}/dist/graphiql`, version },
    readiness: createReadiness({ watch, ledger, clock }),
  });
  teardown.add('doors', server, (opened) => opened.close());
  teardown.add('jobs', composeJobs({ database, completions, clock, logger }), (opened) => opened.stop()).start();
  return {
    adminKey: foundation.adminKey?.reveal() ?? null,
    listen: () => server.listen(),
    stop: async () => {
      const ended = completions.shutdown(config.shutdownGraceMs);
      await Promise.all([ended, server.drain(ended)]);
      await teardown.run();
    },
  };
}

/** What the way of a call is laid on. */
interface Ground {
  readonly database: Database;
  readonly foundation: Foundation;
  readonly journal: OpenJournal;
}

/** The way of a call: upstreams, routing, the pipeline, and the books at its end. */
function createInference(surroundings: Surroundings, { database, foundation, journal }: Ground) {
  const { unitOfWork } = database;
  const { catalogue } = foundation;
  const { logger, clock, teardown } = surroundings;
  const caller = teardown.add('upstream connections', composeUpstreams(surroundings), (opened) => opened.close());
  const { feed, store } = composeLedgerFeed({ database, clock, logger });
  const writer = createLedgerWriter({ store, journal, clock, logger });
  const { ledger, freshAsOf } = watchLedger(writer, clock);
  teardown.add('ledger', ledger, async (opened) => {
    const left = await opened.close(LEDGER_CLOSE_MS);
    if (left > 0) logger.error({ left }, 'inferences were not booked before the stop');
  });
  const health = createHealthBoard({ clock });
  const metrics = createMetrics({ ledgerPending: () => ledger.pendingCount, deploymentStates: () => health.states() });
  startHealthChecks({ ...surroundings, caller, health, catalogue });
  const router = createRouter({ ...surroundings, caller, health, sizing: createSizing() });
  const durable = composeDurable({ ...{ database, ledger, store }, clock, logger });
  teardown.add('contents', durable.keeper, (opened) => opened.close(LEDGER_CLOSE_MS));
  const completions = createCompletions({
    ...{ catalogue, clock, logger, journal, drafts: writer, router, ...durable },
    ledger: meterLedger(ledger, { metrics, catalogue }),
    books: createLedgerReader(database.swiftWork),
  });
  const recover = () => recoverJournal({ journal, ledger: writer, clock, logger, ...durable });
  return {
    completions,
    ledger,
    health,
    metrics,
    router,
    recover,
    ...composeReports({ unitOfWork, catalogue, completions, feed, freshAsOf, clock, router }),
  };
}

/** What a request stands on: the configuration in memory, who may ask, and how both are kept true. */
interface Foundation {
  readonly catalogue: LoadedCatalogue;
  readonly authenticator: CachingAuthenticator;
  readonly watch: ConfigurationWatch;
  readonly adminKey: Secret | null;
}

async function lay(surroundings: Surroundings, database: Database): Promise<Foundation> {
  const { config, logger, clock, teardown } = surroundings;
  const { unitOfWork } = database;
  const sandbox = config.sandbox === 'off' ? null : teardown.add('sandbox', await startSandbox(), (opened) => opened.close());
  const hashKey = keyHashOf(database);
  const cipher = credentialCipherOf(database);
  const grant = createAdminKeyGrant({ adminKey: config.adminKey, hashKey, randomBytes });
  const { adminKey } = await seed({
    ...{ clock, logger, cipher, known: KNOWN_PROVIDERS, environmentProviders: config.providerKeys },
    store: createSeedStore(unitOfWork, grant),
  });
  const catalogue = createCatalogue({
    ...{ cipher, logger, store: createCatalogueStore(unitOfWork, logger) },
    sandbox: { mode: config.sandbox, baseUrl: sandbox?.baseUrl ?? null },
  });
  const authenticator: CachingAuthenticator = createAuthenticator({
    ...{ hashKey, clock, logger, store: createAuthenticatorStore(database.swiftWork) },
    confirmedAt: () => watch.confirmedAt(),
  });
  teardown.add('key uses', authenticator, (opened) => opened.flush());
  const follow = followConfiguration(surroundings, catalogue, authenticator);
  const watch: ConfigurationWatch = createConfigurationWatch({ ...database, clock, logger, onVersion: follow });
  await catalogue.refresh();
  await teardown.add('configuration watch', watch, (opened) => opened.stop()).start();
  return { catalogue, authenticator, watch, adminKey };
}

/** What every replica does when the configuration has moved; a reading that fails is tried again until one succeeds. */
function followConfiguration({ clock, logger }: Surroundings, catalogue: LoadedCatalogue, authenticator: CachingAuthenticator): () => void {
  const reload = (): void => {
    catalogue.refresh().catch((error: unknown) => {
      logger.warn({ err: error }, 'the changed configuration could not be read; trying again');
      clock.after(RELOAD_AFTER_MS, reload);
    });
  };
  return () => {
    authenticator.invalidate();
    reload();
  };
}

function createChanges(
  { clock }: Surroundings,
  database: Database,
  { catalogue, authenticator, router }: Foundation & { readonly router: Router },
) {
  const { unitOfWork } = database;
  const store = createAccessStore(unitOfWork);
  return {
    access: rememberAccess(createAccessReader({ store, clock })),
    accessChanges: createAccessChanges({
      ...{ store, clock, randomBytes, hashKey: keyHashOf(database) },
      modelExists: (organizationId, slug) => catalogue.snapshot(organizationId).models.bySlug.has(slug),
      onKeyChanged: (id) => {
        authenticator.invalidate(id);
      },
    }),
    catalogueChanges: createCatalogueChanges({
      ...{ catalogue, clock, known: KNOWN_PROVIDERS, cipher: credentialCipherOf(database) },
      store: createCatalogueChangeStore(unitOfWork),
      checkUrl: (url, rules) => checkUrl(url.href, rules),
      checkRoute: (question) => router.check(question),
    }),
  };
}

function keyHashOf({ masterKey }: Database) {
  return createKeyHash(new Secret(deriveKey(masterKey, PEPPER_PURPOSE)));
}

function credentialCipherOf({ masterKey }: Database) {
  return createCipher({ masterKey, purpose: CREDENTIAL_PURPOSE, randomBytes });
}
