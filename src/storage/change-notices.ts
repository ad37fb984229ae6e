import pg from 'pg';
import type { EntityManager } from 'typeorm';
import type { Cancel, Clock } from '../core/clock.js';
import type { Logger } from '../core/logger.js';
import { NOTICE_CHANNELS } from './notices.js';
import type { NoticeBoard } from './notices.js';
import { WRITER_ROLE } from './roles.js';

const CHANNEL = 'glidepath_configuration';
/** A change is to be in force within a second, its reading included, also where its notice was lost. */
const POLL_MS = 500;
const CONNECT_TIMEOUT_MS = 3_000;
const LISTEN = [`SET ROLE ${WRITER_ROLE}`, ...[CHANNEL, ...Object.values(NOTICE_CHANNELS)].map((channel) => `LISTEN ${channel}`)].join(
  '; ',
);
/** A poll unanswered for so long means a dead connection, not a slow database. */
const POLL_TIMEOUT_MS = 5_000;

/**
 * Raises the version in the mutation's own transaction: who reads the new number reads the change. Do it last, since it
 * holds the one row until the commit.
 * @returns the new version.
 */
export async function bumpConfigurationVersion(manager: EntityManager): Promise<number> {
  const [[row]] = await manager.query<[[{ version: string }], number]>(
    'UPDATE configuration_version SET version = version + 1 WHERE id = 1 RETURNING version',
  );
  await manager.query('SELECT pg_notify($1, $2)', [CHANNEL, row.version]);
  return Number(row.version);
}

export interface ConfigurationWatch {
  /** Resolves once the first version was told, or the first try failed: the watch goes on either way. */
  start(): Promise<void>;
  /** When the database last confirmed the version; null: never yet. */
  confirmedAt(): Date | null;
  stop(): Promise<void>;
}

export interface ConfigurationWatchSettings {
  readonly url: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Called with the first version, and with each later one that differs from the one before. Must not throw. */
  readonly onVersion: (version: number) => void;
  /** Where other notices are told, which come on the same connection. */
  readonly notices?: NoticeBoard;
}

/**
 * Tells when configuration or keys have changed, on this replica or another.
 *
 * 1. A connection of its own, so that a used-up pool delays nothing, reads the version twice a second: the guarantee.
 * 2. The same connection listens; a notice only makes the next reading come at once: the hint.
 * 3. A lost connection is made anew at the next turn, and its first reading finds what was missed. Of other notices nobody
 *    knows what was missed, so that is told instead.
 */
export function createConfigurationWatch(settings: ConfigurationWatchSettings): ConfigurationWatch {
  return new PollingWatch(settings);
}

class PollingWatch implements ConfigurationWatch {
  #client: pg.Client | null = null;
  #version: number | null = null;
  #confirmedAt: Date | null = null;
  #stopped = false;
  #lost = false;
  #noticed = false;
  #cancelTimer: Cancel = () => undefined;
  #reading: Promise<void> | null = null;

  constructor(private readonly settings: ConfigurationWatchSettings) {}

  start(): Promise<void> {
    return this.#read();
  }

  confirmedAt(): Date | null {
    return this.#confirmedAt;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancelTimer();
    await this.#reading;
    await this.#client?.end().catch(() => undefined);
    this.#client = null;
  }

  #read(): Promise<void> {
    if (this.#reading) {
      this.#noticed = true;
      return this.#reading;
    }
    this.#cancelTimer();
    this.#noticed = false;
    this.#reading = this.#readOnce().finally(() => {
      this.#reading = null;
      if (!this.#stopped) this.#cancelTimer = this.settings.clock.after(this.#noticed ? 0 : POLL_MS, () => void this.#read());
    });
    return this.#reading;
  }

  async #readOnce(): Promise<void> {
    try {
      this.#client ??= await this.#connect();
      const { rows } = await this.#client.query<{ version: string }>('SELECT version FROM configuration_version WHERE id = 1');
      this.#confirmedAt = this.settings.clock.now();
      if (this.#lost) this.settings.logger.info({}, 'the configuration is watched again');
      this.#lost = false;
      this.#tell(Number(rows[0]?.version));
    } catch (error) {
      this.#drop(error);
    }
  }

  #tell(version: number): void {
    if (version === this.#version || this.#stopped) return;
    this.#version = version;
    this.settings.onVersion(version);
  }

  async #connect(): Promise<pg.Client> {
    const client = new pg.Client({
      connectionString: this.settings.url,
      application_name: 'glidepath watch',
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      query_timeout: POLL_TIMEOUT_MS,
      keepAlive: true,
    });
    client.on('error', (error) => {
      if (client === this.#client) this.#drop(error);
    });
    client.on('notification', ({ channel, payload = '' }) => {
      if (channel === CHANNEL) void this.#read();
      else this.settings.notices?.hear(channel, payload);
    });
    try {
      await client.connect();
      await client.query(LISTEN);
      if (this.#confirmedAt !== null) this.settings.notices?.missed(this.#confirmedAt);
      return client;
    } catch (error) {
      void client.end().catch(() => undefined);
      throw error;
    }
  }

  /** Tells of a loss once, not at every turn. */
  #drop(error: unknown): void {
    const client = this.#client;
    this.#client = null;
    void client?.end().catch(() => undefined);
    if (this.#stopped || this.#lost) return;
    this.#lost = true;
    this.settings.logger.warn({ err: error }, 'the configuration is not watched: the database is away; trying again twice a second');
  }
}
