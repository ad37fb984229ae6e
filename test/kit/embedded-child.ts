import { startEmbeddedPostgres } from '../../src/storage/embedded-postgres.js';
import { collectingLogger } from './logger.js';

/** A process of its own that holds an embedded Postgres, so that a test can kill it. Speaks JSON lines; SIGTERM ends it well, SIGUSR2 crashes it. */
const [dataDir = ''] = process.argv.slice(2);
const say = (line: object) => process.stdout.write(`${JSON.stringify(line)}\n`);
const logger = collectingLogger();

try {
  const postgres = await startEmbeddedPostgres(dataDir, logger);
  const alive = setInterval(() => undefined, 60_000);
  process.once('SIGTERM', () => {
    clearInterval(alive);
    void postgres.stop().then(() => say({ stopped: true }));
  });
  process.once('SIGUSR2', () => {
    throw new Error('a crash, as the test wants it');
  });
  say({ url: postgres.url, log: logger.messages() });
} catch (error) {
  say({ error: error instanceof Error ? { name: error.name, message: error.message } : String(error) });
}
