import path from 'node:path';
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
  readonly sandbox: SandboxMode;
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

/** A provider that the environment configures. */
export interface ProviderKey {
  readonly preset: string;
  /** Null where the provider wants none. */
  readonly apiKey: Secret | null;
  /** With the version, as in `http://127.0.0.1:11434/v1`; null: the preset's own. */
  readonly baseUrl: string | null;
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

const KEY_PRESETS: Readonly<Record<string, string>> = {
  OPENAI_API_KEY: 'openai',
  ANTHROPIC_API_KEY: 'anthropic',
  GEMINI_API_KEY: 'gemini',
  MISTRAL_API_KEY: 'mistral',
  GROQ_API_KEY: 'groq',
  DEEPSEEK_API_KEY: 'deepseek',
  XAI_API_KEY: 'xai',
  TOGETHER_API_KEY: 'together',
  FIREWORKS_API_KEY: 'fireworks',
  OPENROUTER_API_KEY: 'openrouter',
  PERPLEXITY_API_KEY: 'perplexity',
  CEREBRAS_API_KEY: 'cerebras',
};
const NOT_BUILT_YET: Readonly<Record<string, string>> = {
  REDIS_URL: 'state that replicas share is not built yet',
  FEDERATION_OWNERS: 'extending a host’s types is not built yet',
  FEDERATION_PREFIX: 'renaming the served types is not built yet',
};

const MASTER_KEY_BYTES = 32;
const LONGEST_GRACE_MS = 3_600_000;
const OLLAMA_PORT = '11434';
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
    sandbox: reader.word('SANDBOX', SANDBOX_MODES, 'auto'),
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

interface Reader {
  readonly faults: string[];
  fault(variable: string, problem: string): void;
  /** What is set to nothing counts as unset: compose files write `PORT=`. */
  text(variable: string): string | null;
  /** `parse` throws an Error whose message follows the variable's name. */
  parsed<T>(variable: string, parse: (text: string) => T): T | null;
  word<Word extends string>(variable: string, words: readonly Word[], fallback: Word): Word;
  integer(variable: string, bounds: { fallback: number; largest: number }): number;
}

function createReader(env: NodeJS.ProcessEnv): Reader {
  const faults: string[] = [];
  const fault = (variable: string, problem: string): void => {
    faults.push(`${variable} ${problem}`);
  };
  const text = (variable: string): string | null => env[variable]?.trim() || null;
  const parsed = <T>(variable: string, parse: (text: string) => T): T | null => {
    const given = text(variable);
    if (given === null) return null;
    try {
      return parse(given);
    } catch (error) {
      fault(variable, error instanceof Error ? error.message : String(error));
      return null;
    }
  };
  return {
    faults,
    fault,
    text,
    parsed,
    word: (variable, words, fallback) => parsed(variable, (given) => oneOf(given, words)) ?? fallback,
    integer: (variable, { fallback, largest }) => parsed(variable, (given) => wholeNumber(given, largest)) ?? fallback,
  };
}

function oneOf<Word extends string>(given: string, words: readonly Word[]): Word {
  const found = words.find((word) => word === given.toLowerCase());
  if (found === undefined) throw new Error(`must be one of ${words.join(', ')}, not ${JSON.stringify(given)}`);
  return found;
}

function wholeNumber(given: string, largest: number): number {
  const value = /^\d+$/.test(given) ? Number(given) : Number.NaN;
  if (!(value <= largest)) throw new Error(`must be a whole number from 0 to ${largest}, not ${JSON.stringify(given)}`);
  return value;
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

function readProviderKeys(reader: Reader): readonly ProviderKey[] {
  const keys: ProviderKey[] = [];
  for (const [variable, preset] of Object.entries(KEY_PRESETS)) {
    const apiKey = reader.text(variable);
    if (apiKey !== null) keys.push({ preset, apiKey: new Secret(apiKey), baseUrl: null });
  }
  const azure = { key: reader.text('AZURE_OPENAI_API_KEY'), endpoint: reader.parsed('AZURE_OPENAI_ENDPOINT', parseAzureEndpoint) };
  if (azure.key !== null && azure.endpoint !== null)
    keys.push({ preset: 'azure-openai', apiKey: new Secret(azure.key), baseUrl: azure.endpoint });
  for (const [one, other] of [
    ['AZURE_OPENAI_API_KEY', 'AZURE_OPENAI_ENDPOINT'],
    ['AZURE_OPENAI_ENDPOINT', 'AZURE_OPENAI_API_KEY'],
  ] as const)
    if (reader.text(one) !== null && reader.text(other) === null) reader.fault(other, `is required with ${one}`);
  const ollama = reader.parsed('OLLAMA_HOST', parseOllamaHost);
  if (ollama !== null) keys.push({ preset: 'ollama', apiKey: null, baseUrl: ollama });
  return keys;
}

/** The resource's endpoint, with or without the path of the version 1 API. */
function parseAzureEndpoint(given: string): string {
  if (!URL.canParse(given) || new URL(given).protocol !== 'https:') throw new Error('must be a URL such as https://name.openai.azure.com');
  return given.includes('/openai/v1') ? given.replace(/\/+$/, '') : `${new URL(given).origin}/openai/v1`;
}

/** As Ollama itself reads it: `host`, `host:port` or a URL; "any address" is one for servers, so it becomes this machine. */
function parseOllamaHost(given: string): string {
  const text = /^https?:\/\//.test(given) ? given : `http://${given}`;
  const url = URL.canParse(text) ? new URL(text) : null;
  if (!url) throw new Error(`must be a host, host:port or URL, not ${JSON.stringify(given)}`);
  if (url.hostname === '0.0.0.0' || url.hostname === '[::]') url.hostname = '127.0.0.1';
  if (url.port === '' && !/^https?:\/\//.test(given)) url.port = OLLAMA_PORT;
  return `${url.origin}${url.pathname.replace(/\/+$/, '').replace(/\/v1$/, '')}/v1`;
}

function readWarnings(reader: Reader): readonly string[] {
  return Object.entries(NOT_BUILT_YET)
    .filter(([variable]) => reader.text(variable) !== null)
    .map(([variable, reason]) => `${variable} is set and has no effect: ${reason}`);
}
