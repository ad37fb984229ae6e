import { openJournal } from './accounting/journal/open.js';
import type { OpenJournal } from './accounting/journal/open.js';
import { createLedgerWriter } from './accounting/ledger-writer.js';
import { createLedgerReader } from './accounting/ledger.store.js';
import { watchLedger } from './accounting/reports/freshness.js';
import { composeChanges } from './compose/changes.js';
import { composeDurable } from './compose/durable.js';
import { layFoundation } from './compose/foundation.js';
import type { Foundation } from './compose/foundation.js';
import { startHealthChecks } from './compose/health-checks.js';
import { composeJobs } from './compose/jobs.js';
import { composeLedgerFeed } from './compose/ledger-feed.js';
import { findPackage } from './compose/package.js';
import { createReadiness } from './compose/readiness.js';
import { recoverJournal } from './compose/recovery.js';
import { composeReports } from './compose/reports.js';
import { createSizing } from './compose/sizing.js';
import type { ComposeOptions, Surroundings } from './compose/surroundings.js';
import { createTeardown } from './compose/teardown.js';
import { meterLedger } from './compose/telemetry.js';
import { composeUpstreams } from './compose/upstreams.js';
import { systemClock } from './core/clock.js';
import { createGraphqlApi } from './graphql/index.js';
import { createMetrics } from './http/metrics.js';
import { createHttpServer } from './http/server.js';
import { createCompletions } from './inference/completions.js';
import { createAnswerSchemas } from './inference/structured/schemas.js';
import { createHealthBoard } from './routing/health.js';
import { CALL_TIMEOUTS, createRouter } from './routing/router.js';
import { openDatabase } from './storage/database.js';
import type { Database } from './storage/database.js';

export interface Product {
  /** The first administrator's key, told this once; null at later starts, and where ADMIN_KEY is set. */
  readonly adminKey: string | null;
  /** Opens the doors. The URL has no trailing slash. */
  listen(): Promise<string>;
  /** No new work; what runs may end within SHUTDOWN_GRACE_MS; books written; everything closed. */
  stop(): Promise<void>;
}

const LEDGER_CLOSE_MS = 5_000;

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

async function build(surroundings: Surroundings): Promise<Product> {
  const { config, logger, clock, teardown } = surroundings;
  const database = teardown.add('database', await openDatabase({ config, logger, clock }), (opened) => opened.close());
  const foundation = await layFoundation(surroundings, database);
  const { catalogue, authenticator, watch } = foundation;
  const journal = teardown.add('journal', await openJournal({ dataDir: config.dataDir, clock, logger }), (opened) => opened.close());
  const { completions, ledger, metrics, recover, router, ...services } = createInference(surroundings, { database, foundation, journal });
  await recover();
  const api = createGraphqlApi({
    services: { completions, catalogue, clock, ...services, ...composeChanges(surroundings, database, { ...foundation, router }) },
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
    schemas: createAnswerSchemas(),
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
