import { readFileSync } from 'node:fs';
import type { CloudAccount } from '../core/cloud-account.js';
import type { JsonValue } from '../core/json.js';
import { Secret } from '../core/secret.js';
import { readKeyFile } from '../core/service-account.js';
import type { ServiceAccount } from '../core/service-account.js';
import type { Reader } from './reader.js';

/** A provider that the environment configures. */
export interface ProviderKey {
  readonly preset: string;
  /** Null where the provider wants none. */
  readonly apiKey: Secret | null;
  /** With the version, as in `http://127.0.0.1:11434/v1`; null: the preset's own. */
  readonly baseUrl: string | null;
  /** Instead of a key, where calls are signed. */
  readonly account?: Secret<CloudAccount>;
  /** Where the preset's address depends on it. */
  readonly region?: string;
}

const KEY_PRESETS: Readonly<Record<string, string>> = {
  OPENAI_API_KEY: 'openai',
  ANTHROPIC_API_KEY: 'anthropic',
  GEMINI_API_KEY: 'gemini',
  MISTRAL_API_KEY: 'mistral',
  GROQ_API_KEY: 'groq',
  DEEPSEEK_API_KEY: 'deepseek',
  MOONSHOT_API_KEY: 'moonshot',
  XAI_API_KEY: 'xai',
  TOGETHER_API_KEY: 'together',
  FIREWORKS_API_KEY: 'fireworks',
  OPENROUTER_API_KEY: 'openrouter',
  PERPLEXITY_API_KEY: 'perplexity',
  CEREBRAS_API_KEY: 'cerebras',
  COHERE_API_KEY: 'cohere',
};
const OLLAMA_PORT = '11434';

export function readProviderKeys(reader: Reader): readonly ProviderKey[] {
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
  return [...keys, ...readBedrock(reader), ...readVertex(reader)];
}

const REGION = /^[a-z0-9]+(-[a-z0-9]+)*$/;

function parseRegion(given: string): string {
  if (!REGION.test(given)) throw new Error(`must be a region such as eu-central-1, not ${JSON.stringify(given)}`);
  return given;
}

/**
 * A region of its own makes the provider: the account's variables are set on many machines for other ends, and must not make a
 * provider that spends money without anybody having meant it.
 */
function readBedrock(reader: Reader): readonly ProviderKey[] {
  const region = reader.parsed('BEDROCK_REGION', parseRegion);
  if (region === null) return [];
  const place = { preset: 'bedrock', baseUrl: null, region };
  const apiKey = reader.text('AWS_BEARER_TOKEN_BEDROCK');
  if (apiKey !== null) return [{ ...place, apiKey: new Secret(apiKey) }];
  const accessKeyId = reader.text('AWS_ACCESS_KEY_ID');
  const secretAccessKey = reader.text('AWS_SECRET_ACCESS_KEY');
  const sessionToken = reader.text('AWS_SESSION_TOKEN');
  if (accessKeyId !== null && secretAccessKey !== null)
    return [{ ...place, apiKey: null, account: new Secret({ kind: 'aws', accessKeyId, secretAccessKey, sessionToken }) }];
  reader.fault('BEDROCK_REGION', 'needs AWS_ACCESS_KEY_ID with AWS_SECRET_ACCESS_KEY, or AWS_BEARER_TOKEN_BEDROCK');
  return [];
}

/** As Bedrock: a key file alone makes nothing. */
function readVertex(reader: Reader): readonly ProviderKey[] {
  const region = reader.parsed('VERTEX_REGION', parseRegion);
  if (region === null) return [];
  if (reader.text('GOOGLE_APPLICATION_CREDENTIALS') === null) reader.fault('VERTEX_REGION', 'needs GOOGLE_APPLICATION_CREDENTIALS');
  const account = reader.parsed('GOOGLE_APPLICATION_CREDENTIALS', parseKeyFile);
  return account === null ? [] : [{ preset: 'vertex', apiKey: null, baseUrl: null, region, account: new Secret(account) }];
}

/** Nothing of what is in the file is repeated: it may be another file, with other secrets. */
function parseKeyFile(path: string): ServiceAccount {
  let file: JsonValue;
  try {
    file = JSON.parse(readFileSync(path, 'utf8')) as JsonValue;
  } catch {
    throw new Error('must be the path of a readable file of JSON: the key of a service account');
  }
  const { account, problems } = readKeyFile(file);
  const [first] = problems;
  if (account === null || first !== undefined)
    throw new Error(`must lead to the key of a service account: ${first?.field ?? 'it'} ${first?.problem ?? ''}`);
  if (account.projectId === null) throw new Error('must lead to a key that names its project_id');
  return account;
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
