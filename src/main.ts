import process from 'node:process';
import { pino } from 'pino';
import { bannerOf } from './compose/banner.js';
import { compose } from './compose.js';
import { ConfigError, readConfig } from './config.js';
import type { Config } from './config.js';

/** Start, listen, drain; nothing else. Logs go to standard error: standard output is for people and for `--json`. */
async function main(): Promise<void> {
  const config = readConfig(undefined, process.argv.slice(2));
  const logger = pino({ level: config.logLevel, base: null }, pino.destination({ dest: 2, sync: true }));
  for (const warning of config.warnings) logger.warn({}, warning);
  const product = await compose({ config, logger });
  stopOnSignal(() => product.stop());
  announce(config, await product.listen(), product.adminKey);
}

function announce(config: Config, url: string, adminKey: string | null): void {
  process.stdout.write(config.json ? `${JSON.stringify({ url, adminKey })}\n` : bannerOf({ url, adminKey, config }));
}

/** The first signal stops with grace, a second one at once. */
function stopOnSignal(stop: () => Promise<void>): void {
  let stopping = false;
  const onSignal = (): void => {
    if (stopping) process.exit(130);
    stopping = true;
    stop().then(
      () => process.exit(0),
      (error: unknown) => {
        fail(error);
      },
    );
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
}

/** The reason without the stack: what keeps a start from succeeding is the operator's to mend. */
function fail(error: unknown): never {
  const reason = error instanceof Error ? error.message : String(error);
  process.stderr.write(`Glidepath could not go on. ${error instanceof ConfigError ? reason : reason.trim()}\n`);
  process.exit(1);
}

main().catch(fail);
