import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '../../core/logger.js';
import type { Cluster } from './cluster.js';
import { startServer } from './server.js';
import type { PostgresServer } from './server.js';

const RETRY_MS = 2_000;

/**
 * Starts the server again when it ends without having been asked to (killed for memory, say): connections come back by
 * themselves, since it takes the same port.
 * @returns how to stop it for good.
 */
export function supervise(cluster: Cluster, first: PostgresServer, logger: Logger): () => Promise<void> {
  let server = first;
  let stopping = false;
  const isStopping = (): boolean => stopping;
  const watch = async (): Promise<void> => {
    for (;;) {
      await server.ended;
      if (isStopping()) return;
      logger.error({ folder: cluster.folder }, 'the embedded Postgres ended unexpectedly; starting it again');
      const next = await restart();
      if (!next) return;
      server = next;
      if (isStopping()) return;
    }
  };
  const restart = async (): Promise<PostgresServer | null> => {
    while (!isStopping()) {
      try {
        return await startServer(cluster, { port: first.port });
      } catch (error) {
        logger.error({ err: error }, 'the embedded Postgres did not come back; trying again');
        await delay(RETRY_MS);
      }
    }
    return null;
  };
  const watching = watch();
  return async () => {
    stopping = true;
    await server.stop();
    await watching;
    // A restart that was under way when we were asked to stop has left its server behind.
    await server.stop();
  };
}
