import path from 'node:path';
import { readProviderKeys } from './config/provider-keys.js';
import type { ProviderKey } from './config/provider-keys.js';
import { readProxies } from './config/proxies.js';
import type { OutboundProxies } from './config/proxies.js';
import { createReader } from './config/reader.js';
import type { Reader } from './config/reader.js';
import { Secret } from './core/secret.js';

/** What the process is told from outside: read once, checked whole, then frozen. The table is in README.md. */
export interface Config {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** Null: an embedded Postgres under `dataDir`. */
  readonly databaseUrl: Secret | null;
  /** Absolute. */
  readonly dataDir: string;
  /** 32 bytes; null: generated into `dataDir`. Never null together with `databaseUrl`. */
  readonly masterKey: Secret<Buffer> | null;
  readonly adminKey: Secret | null;
  readonly providerKeys: readonly ProviderKey[];
  readonly proxies: OutboundProxies;
  readonly sandbox: SandboxMode;
  /** Whether media that callers name by address are fetched for targets that fetch nothing themselves. */
  readonly mediaFetch: 'on' | 'off';
  readonly introspection: IntrospectionMode;
  /** Origins as browsers send them: no path, no trailing slash. */
  readonly corsOrigins: readonly string[];
  readonly shutdownGraceMs: number;
  readonly logLevel: LogLevel;
  /** One line of JSON instead of the banner. */
  readonly json: boolean;
  /** What was set, and does nothing yet. */
  readonly warnings: readonly string[];
}

export const SANDBOX_MODES = ['auto', 'on', 'off'] as const;
export type SandboxMode = (typeof SANDBOX_MODES)[number];
export const INTROSPECTION_MODES = ['public', 'authenticated', 'off'] as const;
export type IntrospectionMode = (typeof INTROSPECTION_MODES)[number];
export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Every fault of the configuration at once, each with its variable; never a secret's value. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';

  constructor(readonly faults: readonly string[]) {
    super(
      `The configuration has ${faults.length === 1 ? 'a fault' : `${faults.length} faults`}:\n${faults.map((fault) => `  ${fault}`).join('\n')}`,
    );
  }
}

const NOT_BUILT_YET: Readonly<Record<string, string>> = {
  REDIS_URL: 'state that replicas share is not built yet',
  FEDERATION_OWNERS: 'extending a host’s types is not built yet',
  FEDERATION_PREFIX: 'renaming the served types is not built yet',
};

const MASTER_KEY_BYTES = 32;
const LONGEST_GRACE_MS = 3_600_000;
const API_KEY = /^gp_[0-9A-Za-z]{39}$/;

/** @throws ConfigError with all faults */
export function readConfig(env: NodeJS.ProcessEnv = process.env, argv: readonly string[] = []): Config {
  const reader = createReader(env);
  const databaseUrl = reader.parsed('DATABASE_URL', parseDatabaseUrl);
  const masterKey = reader.parsed('MASTER_KEY', parseMasterKey);
  if (reader.text('DATABASE_URL') !== null && reader.text('MASTER_KEY') === null)
    reader.fault('MASTER_KEY', 'is required with DATABASE_URL, the same on every replica; make one with: openssl rand -base64 32');
  for (const argument of argv) if (argument !== '--json') reader.faults.push(`unknown argument ${argument}; known: --json`);
  const config: Config = {
    host: reader.text('HOST') ?? '127.0.0.1',
    port: reader.integer('PORT', { fallback: 4000, largest: 65_535 }),
    databaseUrl,
    dataDir: readDataDir(env),
    masterKey,
    adminKey: reader.parsed('ADMIN_KEY', parseAdminKey),
    providerKeys: readProviderKeys(reader),
    proxies: readProxies(reader),
    sandbox: reader.word('SANDBOX', SANDBOX_MODES, 'auto'),
    mediaFetch: reader.word('MEDIA_FETCH', ['on', 'off'], 'on'),
    introspection: reader.word('INTROSPECTION', INTROSPECTION_MODES, 'public'),
    corsOrigins: reader.parsed('CORS_ORIGINS', parseOrigins) ?? [],
    shutdownGraceMs: reader.integer('SHUTDOWN_GRACE_MS', { fallback: 30_000, largest: LONGEST_GRACE_MS }),
    logLevel: reader.word('LOG_LEVEL', LOG_LEVELS, 'info'),
    json: argv.includes('--json'),
    warnings: readWarnings(reader),
  };
  if (reader.faults.length > 0) throw new ConfigError(reader.faults);
  return Object.freeze(config);
}

/** For the database's command line, which needs nothing else. */
export function readDatabaseTarget(env: NodeJS.ProcessEnv = process.env): Pick<Config, 'databaseUrl' | 'dataDir'> {
  const reader = createReader(env);
  const databaseUrl = reader.parsed('DATABASE_URL', parseDatabaseUrl);
  if (reader.faults.length > 0) throw new ConfigError(reader.faults);
  return { databaseUrl, dataDir: readDataDir(env) };
}

function parseDatabaseUrl(given: string): Secret {
  const protocol = URL.canParse(given) ? new URL(given).protocol : null;
  if (protocol !== 'postgres:' && protocol !== 'postgresql:')
    throw new Error('must be a URL such as postgres://user:password@host:5432/database');
  return new Secret(given);
}

function parseMasterKey(given: string): Secret<Buffer> {
  const bytes = Buffer.from(given, 'base64');
  if (bytes.length !== MASTER_KEY_BYTES || !/^[A-Za-z0-9+/]{43}=?$/.test(given))
    throw new Error('must be 32 bytes in base64; make one with: openssl rand -base64 32');
  return new Secret(bytes);
}

function parseAdminKey(given: string): Secret {
  if (!API_KEY.test(given)) throw new Error('must have the form of an API key: gp_ and 39 letters or digits');
  return new Secret(given);
}

function parseOrigins(given: string): readonly string[] {
  return given
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map((part) => {
      const url = URL.canParse(part) ? new URL(part) : null;
      if (!url || !/^https?:$/.test(url.protocol) || (part !== url.origin && part !== `${url.origin}/`))
        throw new Error(`must be a list of origins such as https://app.example.com, separated by commas; ${JSON.stringify(part)} is none`);
      return url.origin;
    });
}

function readDataDir(env: NodeJS.ProcessEnv): string {
  return path.resolve(env['DATA_DIR']?.trim() || '.glidepath');
}

function readWarnings(reader: Reader): readonly string[] {
  return Object.entries(NOT_BUILT_YET)
    .filter(([variable]) => reader.text(variable) !== null)
    .map(([variable, reason]) => `${variable} is set and has no effect: ${reason}`);
}
